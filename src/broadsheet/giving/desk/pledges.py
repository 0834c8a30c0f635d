"""Pledges; those whose payment failed, with what happens next; and ending one for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.acts.end_pledge import end_pledge
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage
from broadsheet.giving.desk.attempts import ANY
from broadsheet.giving.desk.donations import donors_found_by
from broadsheet.giving.desk.page import Column, DeskPage, ListPage, SpanForm, closes, opens
from broadsheet.giving.models import Donor, Frequency, Pledge, PledgeState, ProviderEvent
from broadsheet.giving.providers.interface import Declined, NotReached
from broadsheet.giving.reasons import reason_words
from broadsheet.newsroom.models import Publication

MOST_GIFTS = 100
MOST_EVENTS = 50
_REPEATS = [(frequency.value, frequency.label) for frequency in Frequency if frequency.repeats]


class PledgeFilter(SpanForm):
    q = forms.CharField(
        label=gettext_lazy("Donor"), required=False, max_length=254, widget=forms.TextInput(attrs={"type": "search"})
    )
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=[*ANY, *PledgeState.choices])
    frequency = forms.ChoiceField(label=gettext_lazy("Frequency"), required=False, choices=[*ANY, *_REPEATS])
    field_order = ("q", "state", "frequency", "first", "last")


class Pledges(ListPage):
    page_title = gettext_lazy("Pledges")
    stop = "money_pledges"
    form_class = PledgeFilter
    file_name = "pledges"
    nothing = gettext_lazy("Nobody has promised to give again yet.")
    columns = (
        Column(gettext_lazy("Pledge"), cells.pledge),
        Column(gettext_lazy("Donor"), lambda row: cells.donor(row.donor), lambda row: row.donor.name),
        Column(gettext_lazy("Address"), plain=lambda row: row.donor.email),
        Column(gettext_lazy("Number of the donor"), plain=lambda row: row.donor_id),
        Column(gettext_lazy("Amount"), plain=lambda row: row.amount.number),
        Column(gettext_lazy("Currency"), plain=lambda row: row.currency),
        Column(gettext_lazy("Frequency"), plain=lambda row: row.get_frequency_display()),
        Column(gettext_lazy("State"), cells.state, lambda row: row.get_state_display()),
        Column(gettext_lazy("Since"), lambda row: cells.day(row.started_at), lambda row: row.started_at),
        Column(gettext_lazy("Next payment"), lambda row: cells.day(row.next_at), lambda row: row.next_at or ""),
        Column(gettext_lazy("Ended"), lambda row: cells.day(row.ended_at), lambda row: row.ended_at or ""),
        Column(gettext_lazy("Provider"), lambda row: cells.provider_words(row.provider), lambda row: row.provider),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Pledge]:
        found = Pledge.objects.select_related("donor").order_by("-started_at", "-pk")
        if given["q"]:
            found = found.filter(donor__in=donors_found_by(given["q"].strip()))
        if given["first"]:
            found = found.filter(started_at__gte=opens(given["first"]))
        if given["last"]:
            found = found.filter(started_at__lt=closes(given["last"]))
        return found.filter(**{name: given[name] for name in ("state", "frequency") if given[name]})


# ── failed cards


class NoForm(forms.Form):
    pass


class Failing(ListPage):
    """Longest failing first: those are the next to lapse."""

    page_title = gettext_lazy("Failed cards")
    stop = "money_failing"
    form_class = NoForm
    file_name = "failed-cards"
    intro = gettext_lazy(
        "Their payment failed. The provider tries again by itself, and they were written to; whoever repairs it leaves this"
        " list. A word from a person helps more than a fourth letter."
    )
    nothing = gettext_lazy("No payment of a pledge is failing.")
    columns = (
        Column(gettext_lazy("Donor"), lambda row: cells.donor(row.donor), lambda row: row.donor.name),
        Column(gettext_lazy("Address"), plain=lambda row: row.donor.email),
        Column(gettext_lazy("Pledge"), cells.pledge, cells.pledge_words),
        Column(gettext_lazy("Since"), lambda row: cells.day(row.failing_since), lambda row: row.failing_since or ""),
        Column(gettext_lazy("Tries"), lambda row: row.failed_tries, lambda row: row.failed_tries, is_number=True),
        Column(
            gettext_lazy("Reason"),
            lambda row: format_html("<bdi>{}</bdi>", reason_words(row.fault) or "–"),
            lambda row: reason_words(row.fault),
        ),
        Column(gettext_lazy("What happens next"), lambda row: what_next(row), lambda row: what_next(row)),
        Column(gettext_lazy("Write"), lambda row: write_to(row.donor, row.subject)),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Pledge]:
        return failing().annotate(subject=Value(subject()))


def failing() -> QuerySet[Pledge]:
    return Pledge.objects.filter(state=PledgeState.FAILING).select_related("donor").order_by("failing_since", "pk")


def what_next(pledge: Pledge) -> str:
    """And when."""
    if pledge.state == PledgeState.ACTIVE:
        return _("Paid again %(day)s.") % {"day": cells.day(pledge.next_at)} if pledge.next_at else _("It goes on.")
    if pledge.state == PledgeState.PAUSED:
        return (
            _("Paused until %(day)s.") % {"day": cells.day(pledge.paused_until)}
            if pledge.paused_until
            else _("Paused until the reader resumes it.")
        )
    if pledge.state == PledgeState.ENDED:
        return _("Nothing: it has ended.")
    if pledge.next_at and pledge.next_at > clock.now():
        return _("Tried again %(at)s.") % {"at": cells.moment(pledge.next_at)}
    if pledge.next_at:
        return _("A try was due %(at)s; the provider has not told how it went.") % {"at": cells.moment(pledge.next_at)}
    return _("No further try is planned: it lapses unless they repair it.")


def write_to(donor: Donor, about: str) -> Any:
    """A letter begun in the desk's own mail program."""
    if not donor.email:
        return "–"
    return cells.link(f"mailto:{quote(donor.email)}?subject={quote(about)}", _("Write to them"))


def subject() -> str:
    return _("Your support for %(publication)s") % {"publication": Publication.ours().name}


# ── one pledge


class OfPledge(DeskPage):
    stop = "money_pledges"

    @cached_property
    def pledge(self) -> Pledge:
        return get_object_or_404(Pledge.objects.select_related("donor__account", "attempt"), pk=self.kwargs["pk"])

    @property
    def url(self) -> str:
        return reverse("money_pledge", args=[self.pledge.pk])

    def here(self) -> dict[str, Any]:
        return {"url": self.url, "label": f"{cells.donor_words(self.pledge.donor)}, {cells.pledge_words(self.pledge)}"}


class PledgePage(OfPledge):
    template_name = "giving/desk/pledge.html"
    page_title = gettext_lazy("Pledge")

    def below(self) -> list[dict[str, Any]]:
        return [self.here()]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pledge = self.pledge
        changes = [
            (change, Money(change.before_minor, pledge.currency), Money(change.after_minor, pledge.currency))
            for change in pledge.changes.order_by("at")
        ]
        return super().get_context_data(
            pledge=pledge,
            words=cells.pledge_words(pledge),
            state=cells.state(pledge),
            donor=cells.donor(pledge.donor),
            provider=cells.provider_words(pledge.provider),
            next=what_next(pledge),
            write=write_to(pledge.donor, subject()),
            changes=changes,
            donations=pledge.donations.order_by("-paid_at")[:MOST_GIFTS],
            gifts=pledge.donations.count(),
            events=ProviderEvent.objects.filter(provider=pledge.provider, object_ref=pledge.provider_ref).order_by(
                "-received_at"
            )[:MOST_EVENTS],
            is_open=pledge.state != PledgeState.ENDED,
            **kwargs,
        )


class EndPledge(OfPledge, ActPage):
    page_title = gettext_lazy("End the pledge")
    button = gettext_lazy("End it")
    moves = True

    def below(self) -> list[dict[str, Any]]:
        return [self.here(), {"url": "", "label": self.page_title}]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.pledge.state != PledgeState.ENDED:
            return super().get(request, *args, **kwargs)
        messages.warning(request, _("This pledge has ended already."))
        return redirect(self.url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pledge, gifts = self.pledge, self.pledge.donations.count()
        paid = ngettext("%(count)d payment was made.", "%(count)d payments were made.", gifts) % {"count": gifts}
        says = [
            _("%(pledge)s by %(donor)s. %(paid)s")
            % {"pledge": cells.pledge_words(pledge), "donor": cells.donor_words(pledge.donor), "paid": paid},
            _("%(provider)s is told at once, and takes no further payment. What was paid is not given back by this.")
            % {"provider": cells.provider_words(pledge.provider)},
            _("They stay a supporter for the time they have paid for, and are written to."),
            _("It cannot be taken back: only they can pledge anew."),
        ]
        return super().get_context_data(**{"says": says, "back": self.url, "is_grave": True, **kwargs})

    def form_valid(self, form: Any) -> HttpResponse:
        names = {"provider": cells.provider_words(self.pledge.provider)}
        try:
            is_confirmed = end_pledge(self.pledge, by=self.by, reason=form.cleaned_data["reason"])
        except NotReached as fault:
            return self.again(form, fault=_not_reached(names, fault))
        except Declined as fault:
            return self.again(form, fault=_("%(provider)s refuses: %(fault)s.") % {**names, "fault": fault})
        if is_confirmed:
            messages.success(self.request, _("The pledge has ended."))
        else:
            messages.success(self.request, _("%(provider)s was told, and will confirm it.") % names)
        return redirect(self.url)


def _not_reached(names: Mapping[str, Any], fault: NotReached) -> str:
    return _("%(provider)s could not be reached: %(fault)s. The pledge goes on. Try again in a moment.") % {
        **names,
        "fault": fault,
    }
