"""Donations: money received, found by who gave it, with all that became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from broadsheet.config import PROVIDERS
from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.core.references import references_in
from broadsheet.giving.acts.refund import left_of
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.attempts import ANY, MOST_EVENTS
from broadsheet.giving.desk.page import Column, DeskPage, ListPage, SpanForm, closes, opens
from broadsheet.giving.models import Attempt, Donation, Donor, Frequency, Kind, ProviderEvent, Receipt, Transaction
from broadsheet.giving.providers import provider_named

_RECEIPT = re.compile(r"(?:.*-)?(?P<year>\d{4})-0*(?P<number>\d{1,9})")


class DonationFilter(SpanForm):
    q = forms.CharField(
        label=gettext_lazy("Donor, receipt or reference"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    provider = forms.ChoiceField(
        label=gettext_lazy("Provider"), required=False, choices=[*ANY, *cells.PROVIDERS.items()]
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[
            *ANY,
            ("once", gettext_lazy("given once")),
            ("pledge", gettext_lazy("of a pledge")),
            ("returned", gettext_lazy("given or taken back")),
        ],
    )
    field_order = ("q", "first", "last", "provider", "kind")


def found_by(asked: str) -> Q:
    """The number of a receipt, a transfer's reference, a provider's name of the payment; or a part of an address or a name.

    The first of them that there is, and no two at once: each has an index, and together they would have none.
    """
    asked = asked.strip()
    if number := _RECEIPT.fullmatch(asked):
        receipts = Receipt.objects.filter(year=int(number["year"]), number=int(number["number"]))
        if found := list(receipts.values_list("donation", flat=True)):
            return Q(pk__in=found)
    if references := references_in(asked):
        return Q(attempt__in=list(Attempt.objects.filter(reference__in=references).values_list("pk", flat=True)))
    if Donation.objects.filter(provider_ref=asked, provider__in=PROVIDERS).exists():
        return Q(provider_ref=asked, provider__in=PROVIDERS)
    return Q(donor__in=donors_found_by(asked))


def donors_found_by(asked: str) -> QuerySet[Donor]:
    number = asked.removeprefix("#")
    by_number = Q(pk=int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else Q()
    return Donor.objects.filter(Q(email__icontains=asked) | Q(name__icontains=asked) | by_number)


def receipt_words(row: Donation) -> str:
    numbers = [receipt.says["number"] for receipt in row.receipts.all()]
    return ", ".join(numbers) or "–"


def how_often(row: Donation) -> str:
    return str((Frequency(row.pledge.frequency) if row.pledge else Frequency.ONCE).label)


class Donations(ListPage):
    page_title = gettext_lazy("Donations")
    stop = "money_donations"
    form_class = DonationFilter
    file_name = "donations"
    nothing = gettext_lazy("No gift has arrived yet.")
    columns = (
        Column(gettext_lazy("Received"), cells.donation, lambda row: row.paid_at),
        Column(gettext_lazy("Donor"), lambda row: cells.donor(row.donor), lambda row: row.donor.name),
        Column(gettext_lazy("Address"), plain=lambda row: row.donor.email),
        Column(gettext_lazy("Number of the donor"), plain=lambda row: row.donor_id),
        Column(
            gettext_lazy("Amount"), lambda row: cells.amount(row.amount), lambda row: row.amount.number, is_number=True
        ),
        Column(gettext_lazy("Currency"), plain=lambda row: row.currency),
        Column(
            gettext_lazy("Given back"),
            lambda row: returned_words(row),
            lambda row: returned(row).number,
            is_number=True,
        ),
        Column(gettext_lazy("Frequency"), how_often, lambda row: str(how_often(row))),
        Column(gettext_lazy("Provider"), lambda row: cells.provider_words(row.provider), lambda row: row.provider),
        Column(gettext_lazy("Method"), plain=lambda row: row.method),
        Column(gettext_lazy("Receipt"), receipt_words, receipt_words),
        Column(gettext_lazy("Payment at the provider"), plain=lambda row: row.provider_ref),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Donation]:
        found = donations_for_list()
        if given["q"]:
            found = found.filter(found_by(given["q"]))
        if given["first"]:
            found = found.filter(paid_at__gte=opens(given["first"]))
        if given["last"]:
            found = found.filter(paid_at__lt=closes(given["last"]))
        if given["provider"]:
            found = found.filter(provider=given["provider"])
        return _OF_KIND[given["kind"]](found)


def donations_for_list() -> QuerySet[Donation]:
    """Newest first, with what their rows say."""
    return (
        Donation.objects.select_related("donor", "pledge")
        .prefetch_related("receipts", "transactions__movements")
        .order_by("-paid_at", "-pk")
    )


def _that_went_back(found: QuerySet[Donation]) -> QuerySet[Donation]:
    returns = Transaction.objects.filter(kind__in=[Kind.REFUND, Kind.DISPUTE], donation__isnull=False)
    return found.filter(pk__in=returns.values("donation"))


_OF_KIND = {
    "": lambda found: found,
    "once": lambda found: found.filter(pledge=None),
    "pledge": lambda found: found.exclude(pledge=None),
    "returned": _that_went_back,
}


def returned(row: Donation) -> Money:
    """Given back, or taken back so far: what its movements say, which were read with it."""
    moves = [
        move for entry in row.transactions.all() for move in entry.movements.all() if move.currency == row.currency
    ]
    went = sum(move.amount_minor for move in moves if move.debit in _RETURNS)
    came = sum(move.amount_minor for move in moves if move.credit in _RETURNS)
    return Money(went - came, row.currency)


_RETURNS = (books.REFUNDS, books.DISPUTES)


def returned_words(row: Donation) -> Any:
    back = returned(row)
    return cells.amount(back) if back else "–"


class OfDonation(DeskPage):
    stop = "money_donations"

    @cached_property
    def donation(self) -> Donation:
        return get_object_or_404(
            Donation.objects.select_related("donor__account", "pledge", "attempt"), pk=self.kwargs["pk"]
        )

    @property
    def url(self) -> str:
        return reverse("money_donation", args=[self.donation.pk])

    def here(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "label": f"{cells.donor_words(self.donation.donor)}, {cells.day(self.donation.paid_at)}",
        }


class DonationPage(OfDonation):
    template_name = "giving/desk/donation.html"
    page_title = gettext_lazy("Donation")

    def below(self) -> list[dict[str, Any]]:
        return [self.here()]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        donation = self.donation
        left = left_of(donation)
        return super().get_context_data(
            donation=donation,
            donor=cells.donor(donation.donor),
            provider=cells.provider_words(donation.provider),
            method=cells.method_words(donation.method),
            frequency=how_often(donation),
            pledge=cells.pledge(donation.pledge) if donation.pledge else None,
            left=left,
            is_refundable=bool(left) and provider_named(donation.provider).abilities.refunds,
            entries=donation.transactions.prefetch_related("movements").order_by("at", "pk"),
            receipts=donation.receipts.select_related("void__successor").order_by("pk"),
            disputes=donation.disputes.order_by("opened_at"),
            events=events_of(donation)[:MOST_EVENTS],
            **kwargs,
        )


def events_of(donation: Donation) -> QuerySet[ProviderEvent]:
    """As far as they name it, or what it came of."""
    refs = {donation.provider_ref, donation.attempt.provider_ref if donation.attempt else ""} - {""}
    return ProviderEvent.objects.filter(provider=donation.provider, object_ref__in=refs).order_by("received_at")
