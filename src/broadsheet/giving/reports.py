"""Every sum a screen shows: over the ledger, and over the pledges as they were last told. Nothing here is kept beside them.

Sums read covering indexes and no rows (`giving_movement`), so that a ledger of half a million movements is added up between
two blinks. Days, months and years are the publication's, by its clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving.models import EndReason, Frequency, Movement, Pledge, PledgeChange, PledgeState
from broadsheet.newsroom.models import Publication


@dataclass(frozen=True)
class Span:
    """`since <= at < until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Sums:
    """What moved, in one currency. Each is what the books have of it, corrections included: more than nothing as a rule."""

    gifts: Money
    refunds: Money
    disputes: Money
    fees: Money

    @property
    def returned(self) -> Money:
        return self.refunds + self.disputes

    @property
    def kept(self) -> Money:
        """Of what readers gave."""
        return self.gifts - self.returned

    @property
    def net(self) -> Money:
        """Of which so much is left when the fees are paid."""
        return self.kept - self.fees


# ── spans


def day(at: date) -> Span:
    return _between(at, at + timedelta(days=1), zone())


def month(of: date) -> Span:
    following = (of.replace(day=1) + timedelta(days=32)).replace(day=1)
    return _between(of.replace(day=1), following, zone())


def year(number: int) -> Span:
    return _between(date(number, 1, 1), date(number + 1, 1, 1), zone())


def today() -> date:
    return timezone.localtime(clock.now(), zone()).date()


def zone() -> ZoneInfo:
    return Publication.ours().time_zone


def _between(first: date, after: date, zone: ZoneInfo) -> Span:
    """From the first moment of a day, also where a clock that springs forward skips midnight."""
    return Span(datetime.combine(first, time(), zone), datetime.combine(after, time(), zone))


# ── what moved


def sums_in(spans: Sequence[Span]) -> list[list[Sums]]:
    """For each span, which may overlap, its sums, one a currency that moved. Two questions, however many spans."""
    if not spans:
        return []
    found: list[dict[tuple[str, str], int]] = [{} for _ in spans]
    for number, currency, debit, credit, minor in _moved_in(spans):
        by_account = found[number]
        by_account[debit, currency] = by_account.get((debit, currency), 0) + minor
        by_account[credit, currency] = by_account.get((credit, currency), 0) - minor
    return [_sums(by_account) for by_account in found]


def by_day(first: date, last: date) -> list[tuple[date, list[Sums]]]:
    """Each day from the first to the last, also those on which nothing moved."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    ours = zone()
    return list(zip(days, sums_in([_between(each, each + timedelta(days=1), ours) for each in days]), strict=True))


def balances() -> list[tuple[str, Money]]:
    """Each account and what is on it now, in each of its currencies: what is left, or what came in all, as its side is."""
    rows = Movement.objects.order_by().values_list("currency", "debit", "credit").annotate(Sum("amount_minor"))
    moved = [books.Movement(debit, credit, Money(minor, currency)) for currency, debit, credit, minor in rows]
    return [
        (account, Money(-minor if account == books.GIFTS else minor, currency))
        for (account, currency), minor in sorted(books.sums(moved).items())
    ]


def of_donations(donations: Iterable[int]) -> dict[int, Sums]:
    """By the donation's number, all that moved of it until now."""
    rows = (
        Movement.objects.filter(transaction__donation__in=list(donations))
        .order_by()
        .values_list("transaction__donation", "currency", "debit", "credit")
        .annotate(Sum("amount_minor"))
    )
    found: dict[int, dict[tuple[str, str], int]] = {}
    for donation, currency, debit, credit, minor in rows:
        by_account = found.setdefault(donation, {})
        by_account[debit, currency] = by_account.get((debit, currency), 0) + minor
        by_account[credit, currency] = by_account.get((credit, currency), 0) - minor
    return {donation: _of_gift(by_account) for donation, by_account in found.items()}


def _of_gift(by_account: dict[tuple[str, str], int]) -> Sums:
    """In the gift's own currency: a fee taken in another one is no part of what is left of it."""
    (currency,) = [currency for account, currency in by_account if account == books.GIFTS][:1] or [""]
    return next(sums for sums in _sums(by_account) if sums.gifts.currency == currency)


def _sums(by_account: dict[tuple[str, str], int]) -> list[Sums]:
    def of(account: str, currency: str, sign: int = 1) -> Money:
        return Money(sign * by_account.get((account, currency), 0), currency)

    return [
        Sums(
            of(books.GIFTS, currency, -1),
            of(books.REFUNDS, currency),
            of(books.DISPUTES, currency),
            of(books.FEES, currency),
        )
        for currency in sorted({currency for _, currency in by_account})
    ]


def _moved_in(spans: Sequence[Span]) -> list[tuple[int, str, str, str, int]]:
    """For each span and each two accounts that ever moved, one walk along the index, and nothing to sort.

    To group by days of ours, the database would have to reckon with zones row by row.
    """
    pairs = _pairs()
    if not pairs:
        return []
    moment = "timestamptz" if connection.vendor == "postgresql" else "text"
    span, pair = f"(%s, CAST(%s AS {moment}), CAST(%s AS {moment}))", "(%s, %s, %s)"
    statement = f"""
        WITH spans(number, since, until) AS (VALUES {", ".join([span] * len(spans))}),
             pairs(currency, debit, credit) AS (VALUES {", ".join([pair] * len(pairs))})
        SELECT spans.number, pairs.currency, pairs.debit, pairs.credit, (
            SELECT SUM(moved.amount_minor) FROM giving_movement moved
            WHERE moved.currency = pairs.currency AND moved.debit = pairs.debit AND moved.credit = pairs.credit
              AND moved.at >= spans.since AND moved.at < spans.until
        )
        FROM spans CROSS JOIN pairs
    """  # noqa: S608  (placeholders only)
    adapt = connection.ops.adapt_datetimefield_value
    given = [value for number, each in enumerate(spans) for value in (number, adapt(each.since), adapt(each.until))]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, *(value for each in pairs for value in each)])
        return [(*row[:4], int(row[4])) for row in cursor.fetchall() if row[4] is not None]


def _pairs() -> list[tuple[str, str, str]]:
    """Currency, debit and credit of all that ever moved: a dozen among half a million movements, so the index is not read
    through, but entered anew behind each that was found."""
    statement = """
        WITH RECURSIVE found(id) AS (
            SELECT (SELECT id FROM giving_movement ORDER BY currency, debit, credit LIMIT 1)
            UNION ALL
            SELECT COALESCE(
                (SELECT id FROM giving_movement WHERE currency = last.currency AND debit = last.debit
                 AND credit > last.credit ORDER BY currency, debit, credit LIMIT 1),
                (SELECT id FROM giving_movement WHERE currency = last.currency AND debit > last.debit
                 ORDER BY currency, debit, credit LIMIT 1),
                (SELECT id FROM giving_movement WHERE currency > last.currency ORDER BY currency, debit, credit LIMIT 1)
            )
            FROM found JOIN giving_movement last ON last.id = found.id
        )
        SELECT currency, debit, credit FROM found JOIN giving_movement USING (id)
    """
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [(currency, debit, credit) for currency, debit, credit in cursor.fetchall()]


# ── what is promised


@dataclass(frozen=True)
class Recurring:
    """What comes each month as things stand: monthly pledges, and a twelfth of the yearly ones. Paused ones are not in it."""

    pledges: int
    monthly: Money


class Turn(StrEnum):
    """What became of a pledge."""

    NEW = "new"
    RAISED = "raised"
    LOWERED = "lowered"
    FAILING = "failing"  # since then, and still
    LAPSED = "lapsed"  # payments kept failing
    ENDED = "ended"  # somebody wished it


@dataclass(frozen=True)
class Turned:
    """How many, and what it is a month: of a new pledge, as it began; of a raised or lowered one, the difference."""

    turn: Turn
    pledges: int
    monthly: Money


_A_MONTH = Case(
    When(frequency=Frequency.YEARLY, then=F("amount_minor")), default=F("amount_minor") * 12
)  # times twelve
_BEFORE_CHANGES = PledgeChange.objects.filter(pledge=OuterRef("pk")).order_by("at", "pk").values("before_minor")[:1]
_AT_FIRST = Coalesce(Subquery(_BEFORE_CHANGES), F("amount_minor"))
_AT_FIRST_A_MONTH = Case(When(frequency=Frequency.YEARLY, then=_AT_FIRST), default=_AT_FIRST * 12)
_CHANGE = F("after_minor") - F("before_minor")
_CHANGE_A_MONTH = Case(When(pledge__frequency=Frequency.YEARLY, then=_CHANGE), default=_CHANGE * 12)


def monthly_recurring() -> list[Recurring]:
    """One a currency."""
    going_on = Pledge.objects.filter(state__in=[PledgeState.ACTIVE, PledgeState.FAILING]).order_by("currency")
    rows = going_on.values_list("currency").annotate(count=Count("pk"), yearly=Sum(_A_MONTH))
    return [Recurring(count, Money(yearly // 12, currency)) for currency, count, yearly in rows]


def turns_in(span: Span) -> list[Turned]:
    """Of each turn and currency there was, in the order of `Turn`."""
    within = (span.since, span.until)
    changes = PledgeChange.objects.filter(at__gte=within[0], at__lt=within[1])
    raised, lowered = (
        changes.filter(after_minor__gt=F("before_minor")),
        changes.filter(after_minor__lt=F("before_minor")),
    )
    ended = _in(span, "ended_at")
    return [
        *_turned(Turn.NEW, _in(span, "started_at"), _AT_FIRST_A_MONTH),
        *_changed(Turn.RAISED, raised),
        *_changed(Turn.LOWERED, lowered),
        *_turned(Turn.FAILING, _in(span, "failing_since").filter(state=PledgeState.FAILING)),
        *_turned(Turn.LAPSED, ended.filter(end_reason=EndReason.FAILED)),
        *_turned(Turn.ENDED, ended.exclude(end_reason=EndReason.FAILED)),
    ]


def _in(span: Span, when: str) -> QuerySet[Pledge]:
    return Pledge.objects.filter(**{f"{when}__gte": span.since, f"{when}__lt": span.until})


def _turned(turn: Turn, pledges: QuerySet[Pledge], a_month: Case = _A_MONTH) -> list[Turned]:
    rows = pledges.order_by("currency").values_list("currency").annotate(count=Count("pk"), yearly=Sum(a_month))
    return [Turned(turn, count, Money(yearly // 12, currency)) for currency, count, yearly in rows]


def _changed(turn: Turn, changes: QuerySet[PledgeChange]) -> list[Turned]:
    rows = (
        changes.order_by("pledge__currency")
        .values_list("pledge__currency")
        .annotate(count=Count("pledge", distinct=True), yearly=Sum(_CHANGE_A_MONTH))
    )
    return [Turned(turn, count, Money(abs(yearly) // 12, currency)) for currency, count, yearly in rows]


# ── what brought it


class Source(StrEnum):
    """Where a reader who gave had come from; a payment of a pledge came from where it was promised."""

    APPEAL = "appeal"
    PLACE = "place"
    ARTICLE = "article_id"
    NEWSLETTER = "newsletter"


@dataclass(frozen=True)
class Brought:
    """`source`: the appeal's or the story's number, the place, the newsletter's name; None or empty: from none."""

    source: str | int | None
    gifts: int
    kept: Money


def brought_by(source: Source, span: Span) -> list[Brought]:
    """What arrived in the span less what went back in it, the most first."""
    asked = Coalesce(f"transaction__donation__attempt__{source}", f"transaction__donation__pledge__attempt__{source}")
    ours = Q(debit__in=books.OURS) | Q(credit__in=books.OURS)
    rows = (
        Movement.objects.filter(ours, at__gte=span.since, at__lt=span.until)
        .order_by()
        .annotate(source=asked)
        .values_list("currency", "source")
        .annotate(
            count=Count("pk", filter=Q(credit=books.GIFTS)),
            came=Sum("amount_minor", filter=Q(credit__in=books.OURS), default=0),
            went=Sum("amount_minor", filter=Q(debit__in=books.OURS), default=0),
        )
    )
    found = [Brought(each, count, Money(came - went, currency)) for currency, each, count, came, went in rows]
    return sorted(found, key=lambda each: (-each.kept.amount_minor, str(each.source)))
