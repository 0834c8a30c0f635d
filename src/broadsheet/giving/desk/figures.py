"""What the overview counts beside the sums of `reports`."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from broadsheet.core.money import Money, nothing
from broadsheet.giving import reports
from broadsheet.giving.models import Donation, GivingSettings
from broadsheet.giving.reports import Recurring, Span, Sums


@dataclass(frozen=True)
class Came:
    """In a span, of one currency. `returned`: what went back in it, of whatever gift."""

    number: int
    given: Money
    returned: Money


@dataclass(frozen=True)
class Now:
    """One currency, as it stands."""

    currency: str
    today: Came
    month: Came
    before: Came
    recurring: Recurring

    @property
    def more(self) -> Money:
        """Than in the month before to the same day."""
        return self.month.given - self.before.given

    @property
    def less(self) -> Money:
        return -self.more


def as_it_stands() -> list[Now]:
    """The publication's own currency first, also before there is anything; then others that move."""
    day = reports.today()
    spans = [reports.day(day), month_to(day), month_to(same_day_before(day))]
    came = _came_in(spans)
    promised = {each.monthly.currency: each for each in reports.monthly_recurring()}
    ours = GivingSettings.ours().currency
    others = sorted({*promised, *(currency for each in came for currency in each)} - {ours})

    def of(currency: str) -> Now:
        none = nothing(currency)
        now, month, before = (each.get(currency, Came(0, none, none)) for each in came)
        return Now(currency, now, month, before, promised.get(currency, Recurring(0, none)))

    return [of(currency) for currency in [ours, *others]]


def month_to(day: date) -> Span:
    """From the first of its month to the end of `day`."""
    return Span(reports.month(day).since, reports.day(day).until)


def same_day_before(day: date) -> date:
    """In the month before; its last day, where it is shorter.

    >>> same_day_before(date(2026, 3, 30)), same_day_before(date(2026, 1, 5))
    (datetime.date(2026, 2, 28), datetime.date(2025, 12, 5))
    """
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def latest_gifts(most: int) -> list[Donation]:
    return list(Donation.objects.select_related("donor", "pledge").order_by("-paid_at", "-pk")[:most])


def _came_in(spans: Sequence[Span]) -> list[dict[str, Came]]:
    return [_by_currency(span, sums) for span, sums in zip(spans, reports.sums_in(spans), strict=True)]


def _by_currency(span: Span, sums: Sequence[Sums]) -> dict[str, Came]:
    arrived = Donation.objects.filter(paid_at__gte=span.since, paid_at__lt=span.until)
    numbers = dict(arrived.order_by().values_list("currency").annotate(Count("pk")))
    return {each.gifts.currency: Came(numbers.get(each.gifts.currency, 0), each.gifts, each.returned) for each in sums}
