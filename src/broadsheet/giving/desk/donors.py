"""Donors: found by a part of their address or name, and one with all they gave, promised and were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet import clock
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.attempts import ANY
from broadsheet.giving.desk.donations import donations_for_list, donors_found_by, returned
from broadsheet.giving.desk.page import Column, DeskPage, ListPage
from broadsheet.giving.models import Donation, Donor, Pledge, PledgeState
from broadsheet.giving.statements import statement_of, years_of
from broadsheet.giving.supporters import supports_until
from broadsheet.readers.models import User

MOST_GIFTS = 200


class DonorFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Address, name or number"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    gives = forms.ChoiceField(
        label=gettext_lazy("Who"),
        required=False,
        choices=[*ANY, ("pledge", gettext_lazy("with a pledge that goes on"))],
    )


class Donors(ListPage):
    page_title = gettext_lazy("Donors")
    stop = "money_donors"
    form_class = DonorFilter
    file_name = "donors"
    nothing = gettext_lazy("Nobody has given yet.")
    columns = (
        Column(gettext_lazy("Number"), lambda row: row.pk, lambda row: row.pk, is_number=True),
        Column(gettext_lazy("Donor"), cells.donor, lambda row: row.name),
        Column(gettext_lazy("Address"), plain=lambda row: row.email),
        Column(gettext_lazy("May be named"), plain=lambda row: _("yes") if row.is_named else _("no")),
        Column(gettext_lazy("Gifts"), lambda row: row.gifts, lambda row: row.gifts, is_number=True),
        Column(gettext_lazy("Last gift"), lambda row: cells.day(row.last_gift), lambda row: row.last_gift or ""),
        Column(gettext_lazy("Known since"), lambda row: cells.day(row.known_since), lambda row: row.known_since),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Donor]:
        found = Donor.objects.order_by("-pk")
        if given["q"]:
            found = found.filter(pk__in=donors_found_by(given["q"].strip()))
        if given["gives"]:
            going_on = Pledge.objects.filter(state__in=[PledgeState.ACTIVE, PledgeState.FAILING, PledgeState.PAUSED])
            found = found.filter(pk__in=going_on.values("donor"))
        # Asked for each row that is shown, and not for all that could be.
        gifts = Donation.objects.filter(donor=OuterRef("pk")).order_by()
        return found.annotate(
            gifts=Coalesce(Subquery(gifts.values("donor").annotate(number=Count("pk")).values("number")), 0),
            last_gift=Subquery(gifts.values("donor").annotate(last=Max("paid_at")).values("last")),
        )


class DonorPage(DeskPage):
    template_name = "giving/desk/donor.html"
    page_title = gettext_lazy("Donor")
    stop = "money_donors"

    @cached_property
    def donor(self) -> Donor:
        return get_object_or_404(Donor.objects.select_related("account"), pk=self.kwargs["pk"])

    def below(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": cells.donor_words(self.donor)}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        donor = self.donor
        gifts = list(donations_for_list().filter(donor=donor)[:MOST_GIFTS])
        same = same_person(donor)
        return super().get_context_data(
            donor=donor,
            who=cells.donor_words(donor),
            others=[one for one in same if one != donor],
            account_url=_help_desk_url(self.request.user, donor),
            standing=standing(donor),
            gifts=[(gift, returned(gift), _receipts(gift)) for gift in gifts],
            most=MOST_GIFTS,
            pledges=[(pledge, cells.state(pledge)) for pledge in donor.pledges.order_by("-started_at")],
            attempts=donor.attempts.order_by("-begun_at")[:20],
            years=[statement_of(same, year) for year in years_of(same)],
            **kwargs,
        )


def same_person(donor: Donor) -> list[Donor]:
    """An account that has changed its address has several donors."""
    return list(Donor.objects.filter(account=donor.account)) if donor.account_id else [donor]


def standing(donor: Donor) -> list[str]:
    """What the help desk can tell them, when they ask why they see appeals, or the wall."""
    if donor.erased_at:
        return [
            _("Erased %(day)s: what was given stays in the books, without a name.")
            % {"day": cells.day(donor.erased_at)}
        ]
    if donor.account is None:
        return [
            _("They have no account: the browser that gave knows them as a supporter for 35 days, and no other does."),
            _(
                "If they sign in once with the address they gave with, their account takes it over: everywhere, at once."
            ),
        ]
    if any(pledge.supports for pledge in donor.pledges.all()):
        return [_("A supporter while the pledge goes on, signed in on any browser.")]
    until = supports_until(donor.account)
    if until is None or until <= clock.now():
        return [_("No supporter now: what they gave has run out, or was given back.")]
    day = date_format(timezone.localtime(until), "DATE_FORMAT")
    return [_("A supporter until %(day)s, signed in on any browser.") % {"day": day}]


def _receipts(gift: Any) -> list[tuple[str, bool]]:
    return [(receipt.says["number"], hasattr(receipt, "void")) for receipt in gift.receipts.all()]


def _help_desk_url(user: Any, donor: Donor) -> str:
    is_reader = isinstance(donor.account, User) and user.has_perm("staff.help_readers")
    return reverse("help_desk_reader", args=[donor.account_id]) if is_reader else ""
