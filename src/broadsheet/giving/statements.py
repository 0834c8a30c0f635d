"""A year of giving, as the ledger has it: each gift, what of it was given or taken back, and what remains.

A gift belongs to the year, by the publication's clock, in which it arrived; what was returned of it counts against it,
whenever that was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum
from django.utils import timezone

from broadsheet.core import books
from broadsheet.core.money import Money, total
from broadsheet.giving.models import Donation, Donor, Movement, Receipt
from broadsheet.newsroom.models import Publication


@dataclass(frozen=True)
class Line:
    """`receipt`: the one that holds, or the last that did."""

    paid_at: datetime
    amount: Money
    kept: Money
    receipt: Receipt | None
    is_void: bool

    @property
    def returned(self) -> Money:
        return self.amount - self.kept


@dataclass(frozen=True)
class Total:
    given: Money
    returned: Money

    @property
    def kept(self) -> Money:
        return self.given - self.returned


@dataclass(frozen=True)
class Statement:
    year: int
    donors: tuple[Donor, ...]
    lines: tuple[Line, ...]  # oldest first
    totals: tuple[Total, ...]  # one a currency

    @property
    def has_returns(self) -> bool:
        return any(line.returned for line in self.lines)


def statement_of(donors: Sequence[Donor], year: int) -> Statement:
    """Of all that are one person: an account that has changed its address has several donors."""
    lines = tuple(_lines([donor.pk for donor in donors], year))
    currencies = sorted({line.amount.currency for line in lines})
    return Statement(year, tuple(donors), lines, tuple(_total(lines, currency) for currency in currencies))


def years_of(donors: Iterable[Donor]) -> list[int]:
    """In which they gave, the latest first."""
    zone = Publication.ours().time_zone
    moments = Donation.objects.filter(donor__in=list(donors)).values_list("paid_at", flat=True)
    return sorted({timezone.localtime(moment, zone).year for moment in moments}, reverse=True)


def kept_of(donation: Donation) -> Money:
    """What the ledger has of it, less what went back."""
    return Money(_kept([donation.pk])[donation.pk], donation.currency)


def _lines(donors: Sequence[int], year: int) -> Iterable[Line]:
    zone = Publication.ours().time_zone
    from_, until = (datetime(each, 1, 1, tzinfo=zone) for each in (year, year + 1))
    gifts = list(
        Donation.objects.filter(donor__in=donors, paid_at__gte=from_, paid_at__lt=until).order_by("paid_at", "pk")
    )
    ids = [gift.pk for gift in gifts]
    kept, receipts = _kept(ids), _receipts(ids)
    for gift in gifts:
        receipt = receipts.get(gift.pk)
        yield Line(
            timezone.localtime(gift.paid_at, zone),
            gift.amount,
            Money(kept[gift.pk], gift.currency),
            receipt,
            receipt is not None and hasattr(receipt, "void"),
        )


def _kept(donations: Sequence[int]) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    moved = Movement.objects.filter(transaction__donation__in=donations).order_by()
    sums = moved.values("transaction__donation").annotate(
        came=Sum("amount_minor", filter=Q(credit__in=books.OURS), default=0),
        went=Sum("amount_minor", filter=Q(debit__in=books.OURS), default=0),
    )
    for each in sums:
        found[each["transaction__donation"]] = each["came"] - each["went"]
    return found


def _receipts(donations: Sequence[int]) -> dict[int, Receipt]:
    """The last of each: those before it are void."""
    found = Receipt.objects.filter(donation__in=donations).select_related("void").order_by("pk")
    return {receipt.donation_id: receipt for receipt in found}


def _total(lines: Sequence[Line], currency: str) -> Total:
    own = [line for line in lines if line.amount.currency == currency]
    return Total(
        total((line.amount for line in own), currency),
        total((line.returned for line in own), currency),
    )
