"""The overview's figures. Sums of money are sums over the ledger; pledges are counted as the provider last told of them."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, Count, F, IntegerField, Q, Sum, When

from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving.desk.page import closes, opens
from broadsheet.giving.models import (
    Donation,
    EndReason,
    Frequency,
    GivingSettings,
    Movement,
    Pledge,
    PledgeChange,
    PledgeState,
)

GOING_ON = (PledgeState.ACTIVE, PledgeState.FAILING)


@dataclass(frozen=True)
class Gifts:
    """What came in a span, of one currency; what went back of any gift in that span."""

    number: int
    given: Money
    returned: Money


def currencies() -> list[str]:
    """Those in the books, the publication's own first. One look into an index for each."""
    ours, found = GivingSettings.ours().currency, []
    last = ""
    while (
        code := Movement.objects.filter(currency__gt=last)
        .order_by("currency")
        .values_list("currency", flat=True)
        .first()
    ):
        found.append(code)
        last = code
    return [ours, *(code for code in found if code != ours)]


def gifts_between(currency: str, from_: datetime, until: datetime) -> Gifts:
    numbers = Movement.objects.filter(currency=currency, at__gte=from_, at__lt=until)
    came = numbers.filter(credit=books.GIFTS).aggregate(number=Count("pk"), minor=Sum("amount_minor", default=0))
    went = numbers.filter(debit__in=[books.REFUNDS, books.DISPUTES]).aggregate(minor=Sum("amount_minor", default=0))
    back = numbers.filter(credit=books.DISPUTES).aggregate(minor=Sum("amount_minor", default=0))
    return Gifts(came["number"], Money(came["minor"], currency), Money(went["minor"] - back["minor"], currency))


def month_of(day: date) -> tuple[datetime, datetime]:
    """From its first day to the end of `day`."""
    return opens(day.replace(day=1)), closes(day)


def month_before(day: date) -> tuple[datetime, datetime]:
    """As far into the month before as `day` is into its own; all of a shorter one."""
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    last = min(day.day, calendar.monthrange(year, month)[1])
    return month_of(date(year, month, last))


# ── pledges


@dataclass(frozen=True)
class Recurring:
    """Of one currency: how many pledges go on, and what they bring in a month. A yearly one brings a twelfth of it."""

    number: int
    monthly: Money


def recurring() -> dict[str, Recurring]:
    sums = (
        Pledge.objects.filter(state__in=GOING_ON)
        .values("currency")
        .annotate(
            number=Count("pk"),
            monthly=Sum("amount_minor", filter=Q(frequency=Frequency.MONTHLY), default=0),
            yearly=Sum("amount_minor", filter=Q(frequency=Frequency.YEARLY), default=0),
        )
        .order_by()
    )
    return {
        row["currency"]: Recurring(row["number"], Money(row["monthly"] + row["yearly"] // 12, row["currency"]))
        for row in sums
    }


@dataclass(frozen=True)
class Flow:
    """Pledges made, changed and lost in a span, and what that did to the month, in one currency."""

    currency: str
    new: int
    new_monthly: Money
    raised: int
    raised_monthly: Money
    lowered: int
    lowered_monthly: Money
    failed: int
    failed_monthly: Money
    lapsed: int
    lapsed_monthly: Money
    ended: int
    ended_monthly: Money


_MONTHLY = Case(
    When(frequency=Frequency.YEARLY, then=F("amount_minor") / 12),
    default=F("amount_minor"),
    output_field=IntegerField(),
)


def flow(currency: str, from_: datetime, until: datetime) -> Flow:
    def of(condition: Q) -> tuple[int, Money]:
        sums = Pledge.objects.filter(condition, currency=currency).aggregate(
            number=Count("pk"), monthly=Sum(_MONTHLY, default=0)
        )
        return sums["number"], Money(sums["monthly"], currency)

    lapsed = Q(end_reason=EndReason.FAILED)
    ended = Q(ended_at__gte=from_, ended_at__lt=until)
    raised, lowered = _changes(currency, from_, until)
    return Flow(
        currency,
        *of(Q(started_at__gte=from_, started_at__lt=until)),
        *raised,
        *lowered,
        *of(Q(failing_since__gte=from_, failing_since__lt=until, state=PledgeState.FAILING)),
        *of(ended & lapsed),
        *of(ended & ~lapsed),
    )


def _changes(currency: str, from_: datetime, until: datetime) -> tuple[tuple[int, Money], tuple[int, Money]]:
    """Raised and lowered: how many, and by how much a month."""
    changes = PledgeChange.objects.filter(at__gte=from_, at__lt=until, pledge__currency=currency)
    raised: list[int] = []
    lowered: list[int] = []
    for before, after, frequency in changes.values_list("before_minor", "after_minor", "pledge__frequency"):
        monthly = (after - before) // 12 if frequency == Frequency.YEARLY else after - before
        (raised if after > before else lowered).append(monthly)
    return _summed(raised, currency), _summed(lowered, currency)


def _summed(parts: Iterable[int], currency: str) -> tuple[int, Money]:
    parts = list(parts)
    return len(parts), Money(sum(parts), currency)


def latest_gifts(most: int) -> list[Donation]:
    return list(Donation.objects.select_related("donor", "pledge").order_by("-paid_at", "-pk")[:most])
