"""Whether the books themselves are whole: what `broadsheet ledger check` and the doctor look at before any provider is asked.

Most of it the database refuses in the first place. It is looked at all the same: a table copied by hand, a trigger that a tool
took away or a restored half of a backup would otherwise be found by an accountant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.books import Kind
from broadsheet.core.money import DECIMALS, Money
from broadsheet.giving.append_only import missing_triggers
from broadsheet.giving.models import Donation, Movement, ProviderEvent, Receipt, ReceiptSeries, Transaction
from broadsheet.giving.statements import kept_of

MOST_NAMED = 10  # of many faults of one kind
EVENT_OVERDUE = timedelta(minutes=10)

Check = Callable[[], Iterator[str]]


def faults(said: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """In English, as the terminal speaks; `said` is told what is looked at."""
    for check in CHECKS:
        said((check.__doc__ or "").partition("\n")[0].rstrip("."))
        yield from check()


def refusals_in_place() -> Iterator[str]:
    """The database refuses to rewrite the books."""
    if missing := missing_triggers(connection):
        yield f"the database would let the books be rewritten: {', '.join(missing)} is not in place"


def each_transaction_moves_once() -> Iterator[str]:
    """Each transaction has its movement."""
    counted = Transaction.objects.annotate(moves=Count("movements")).exclude(moves=1)
    yield from _named(counted, "{0.kind} {0.object_ref} of {0.provider} has {0.moves} movements")
    strays = Movement.objects.exclude(at=F("transaction__at")).select_related("transaction")
    yield from _named(strays, "movement {0.pk} is dated {0.at} and its transaction {0.transaction.at}")


def movements_follow_the_rules() -> Iterator[str]:
    """Each movement is between the two accounts of its kind."""
    rows = Movement.objects.order_by().values_list("transaction__kind", "transaction__provider", "debit", "credit")
    for kind, provider, debit, credit, count in rows.annotate(Count("pk")):
        if not _is_rule(kind, provider, debit, credit):
            yield f"{count} movements of {kind} at {provider} go from {credit} to {debit}"


def sums_are_zero() -> Iterator[str]:
    """All accounts of a currency add up to zero."""
    moved = Movement.objects.order_by().values_list("currency", "debit", "credit").annotate(Sum("amount_minor"))
    by_currency: dict[str, int] = {}
    for currency, debit, credit, minor in moved:
        if currency not in DECIMALS:
            yield f"{currency!r} is no currency"
            continue
        for _, side in books.sums([books.Movement(debit, credit, Money(minor, currency))]).items():
            by_currency[currency] = by_currency.get(currency, 0) + side
    for currency, left in by_currency.items():
        if left:
            yield f"the accounts in {currency} are {left} minor units apart"


def each_donation_stands_in_the_ledger() -> Iterator[str]:
    """Each donation has its gift, of the same amount, and each gift its donation."""
    gift = Transaction.objects.filter(
        kind=Kind.GIFT, donation=OuterRef("pk"), provider=OuterRef("provider"), object_ref=OuterRef("provider_ref")
    )
    without = Donation.objects.filter(~Exists(gift))
    yield from _named(without, "donation {0.pk} ({0.provider_ref} of {0.provider}) has no gift in the ledger")
    gifts = Transaction.objects.filter(kind=Kind.GIFT)
    yield from _named(gifts.filter(donation=None), "gift {0.object_ref} of {0.provider} belongs to no donation")
    other = gifts.exclude(
        movements__amount_minor=F("donation__amount_minor"), movements__currency=F("donation__currency")
    ).filter(donation__isnull=False)
    yield from _named(other, "gift {0.object_ref} of {0.provider} is of another amount than donation {0.donation_id}")


def each_donation_has_its_receipt() -> Iterator[str]:
    """Each donation has one receipt that holds, unless it was given back or somebody said why not."""
    without = Donation.objects.filter(~Exists(Receipt.objects.filter(donation=OuterRef("pk"))))
    yield from _named(without, "donation {0.pk} ({0.provider_ref} of {0.provider}) never got a receipt")
    several = Donation.objects.annotate(holding=Count("receipts", filter=Q(receipts__void__isnull=True))).filter(
        holding__gt=1
    )
    yield from _named(several, "donation {0.pk} has {0.holding} receipts that hold")
    voided = Receipt.objects.filter(void__isnull=False, void__successor=None, void__by_id=None)
    holding = Receipt.objects.filter(donation=OuterRef("donation"), void__isnull=True)
    for receipt in voided.filter(~Exists(holding)).select_related("donation").iterator():
        if kept_of(receipt.donation):
            yield f"donation {receipt.donation_id} is kept, and its receipt was voided as if it had been given back"


def receipts_have_no_gap() -> Iterator[str]:
    """Receipts are numbered without a gap."""
    issued = {
        (entity, year): (count, last)
        for entity, year, count, last in Receipt.objects.order_by()
        .values_list("entity", "year")
        .annotate(Count("pk"), Max("number"))
    }
    for series in ReceiptSeries.objects.all():
        count, last = issued.pop((series.entity, series.year), (0, 0))
        if not count == last == series.last_number:
            yield (
                f"receipts of {series.entity} in {series.year}: {count} of them, the last is number {last},"
                f" and the series stands at {series.last_number}"
            )
    for entity, year in issued:
        yield f"receipts of {entity} in {year} belong to no series"


def every_event_was_posted() -> Iterator[str]:
    """What providers told was posted."""
    given_up = ProviderEvent.objects.filter(posted_at=None, due_at=None)
    yield from _named(given_up, "event {0.event_ref} of {0.provider} ({0.kind} {0.object_ref}) was given up: {0.fault}")
    late = ProviderEvent.objects.filter(due_at__lt=clock.now() - EVENT_OVERDUE, tries=0).count()
    if late:
        yield f"{late} events of payment providers wait to be posted: the worker does not run, or is not quick enough"


CHECKS: tuple[Check, ...] = (
    refusals_in_place,
    each_transaction_moves_once,
    movements_follow_the_rules,
    sums_are_zero,
    each_donation_stands_in_the_ledger,
    each_donation_has_its_receipt,
    receipts_have_no_gap,
    every_event_was_posted,
)


def _named(rows: QuerySet, sentence: str) -> Iterator[str]:
    """The first of them by name, and how many more there are."""
    found = list(rows.order_by("pk")[: MOST_NAMED + 1])
    yield from (sentence.format(row) for row in found[:MOST_NAMED])
    if len(found) > MOST_NAMED:
        yield f"… and {rows.count() - MOST_NAMED} more of the same"


def _is_rule(kind: str, provider: str, debit: str, credit: str) -> bool:
    if kind == Kind.CORRECTION:
        return books.is_account(debit) and books.is_account(credit)
    rule = books.movement(Kind(kind), provider, Money(1, "EUR"))
    return (rule.debit, rule.credit) == (debit, credit)
