"""The books for the accountant: a line a donation, or every movement in double entry; as tables, or as plain text that
Beancount reads and checks.

Everything is written as it is read, however many years it holds. Dates are the publication's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.core.spreadsheets import BYTE_ORDER_MARK, harmless
from broadsheet.giving.models import Donation, Donor, Movement, Receipt
from broadsheet.giving.reports import of_donations
from broadsheet.giving.reports import year as span_of
from broadsheet.newsroom.models import Publication

_AT_ONCE = 500


# ── a line a donation


def donations_csv(year: int, *, names: bool) -> Iterator[str]:
    """What arrived in the year, oldest first, with all that happened to it until now. `names`: donors by name, not number."""
    zone, span = Publication.ours().time_zone, span_of(year)
    arrived = Donation.objects.filter(paid_at__gte=span.since, paid_at__lt=span.until).order_by("paid_at", "pk")
    yield BYTE_ORDER_MARK + _line(
        [
            _("Date"), _("Receipt"), _("Donation"), _("Provider"), _("Reference"), _("Method"), _("Frequency"), _("Donor"),
            _("Currency"), _("Gift"), _("Fee"), _("Returned"), _("Net"),
        ]
    )  # fmt: skip
    for gifts in _in_batches(arrived.select_related("donor", "pledge").iterator(_AT_ONCE)):
        sums, receipts = of_donations([gift.pk for gift in gifts]), _receipts(gifts)
        for gift in gifts:
            of_it = sums[gift.pk]
            yield _line(
                [
                    _day(gift.paid_at, zone),
                    harmless(receipts.get(gift.pk, "")),
                    str(gift.pk),
                    gift.provider,
                    harmless(gift.provider_ref),
                    harmless(gift.method),
                    gift.pledge.frequency if gift.pledge else "once",
                    harmless(_called(gift.donor, names)),
                    gift.currency,
                    *(each.number for each in (of_it.gifts, of_it.fees, of_it.returned, of_it.net)),
                ]
            )


def _receipts(gifts: Sequence[Donation]) -> dict[int, str]:
    """The number of the one that holds; or of the last that did, which says so."""
    found = Receipt.objects.filter(donation__in=gifts).select_related("void").order_by("pk")
    return {receipt.donation_id: _number(receipt) for receipt in found}


def _number(receipt: Receipt) -> str:
    number = str(receipt.says["number"])
    return _("{number} (void)").format(number=number) if hasattr(receipt, "void") else number


def _called(donor: Donor, names: bool) -> str:
    """An erased donor has no other name than the number."""
    return (donor.name if names else "") or _("donor %(number)d") % {"number": donor.pk}


# ── every movement, in double entry


def journal_csv(year: int) -> Iterator[str]:
    """Two lines a transaction, what is debited first."""
    zone = Publication.ours().time_zone
    yield BYTE_ORDER_MARK + _line(
        [_("Date"), _("Transaction"), _("Account"), _("Debit"), _("Credit"), _("Currency"), _("Memo")]
    )
    for moved in _movements(year):
        entry, amount = moved.transaction, moved.amount.number
        shared = (_day(moved.at, zone), harmless(f"{entry.provider}:{entry.kind}:{entry.object_ref}"))
        memo = harmless(_memo(moved))
        yield _line([*shared, moved.debit, amount, "", moved.currency, memo])
        yield _line([*shared, moved.credit, "", amount, moved.currency, memo])


def journal_beancount(year: int) -> Iterator[str]:
    """The year as a file that stands by itself: it opens with what there was, and asserts at its end what there is."""
    zone, span = Publication.ours().time_zone, span_of(year)
    opening, closing = _held_before(span.since), _held_before(span.until)
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    yield f'option "title" {_quoted(Publication.ours().name)}\n'
    for account in _accounts():
        yield f"{first} open {account}\n"
    yield "".join(_opening(first, opening))
    for moved in _movements(year):
        entry = moved.transaction
        yield (
            f"\n{_day(moved.at, zone)} * {_quoted(entry.kind)} {_quoted(_memo(moved))}\n"
            f"  reference: {_quoted(f'{entry.provider}:{entry.object_ref}')}\n"
            f"  {_account(moved.debit)}  {moved.amount}\n"
            f"  {_account(moved.credit)}  {-moved.amount}\n"
        )
    yield "\n"
    for account, amount in closing:
        yield f"{after} balance {_account(account)}  {amount}\n"


def _movements(year: int) -> Iterator[Movement]:
    span = span_of(year)
    within = Movement.objects.filter(at__gte=span.since, at__lt=span.until).order_by("at", "pk")
    return within.select_related("transaction").iterator(_AT_ONCE)


def _memo(moved: Movement) -> str:
    entry = moved.transaction
    gift = f"donation {entry.donation_id}" if entry.donation_id else ""
    return ", ".join(filter(None, [gift, entry.note])) or entry.object_ref


def _held_before(moment: datetime) -> list[tuple[str, Money]]:
    """What was on the accounts that go on from year to year: the bank's, and those of the providers."""
    rows = Movement.objects.filter(at__lt=moment).order_by().values_list("currency", "debit", "credit")
    moved = (
        books.Movement(debit, credit, Money(minor, currency))
        for currency, debit, credit, minor in rows.annotate(Sum("amount_minor"))
    )
    return [
        (account, Money(minor, currency))
        for (account, currency), minor in sorted(books.sums(moved).items())
        if account == books.BANK or account.startswith(books.BALANCE)
    ]


def _opening(first: date, held: Iterable[tuple[str, Money]]) -> Iterator[str]:
    for account, amount in held:
        if amount:
            yield (
                f'\n{first} * "opening" "What there was before the year"\n'
                f"  {_account(account)}  {amount}\n"
                f"  {_OPENING}  {-amount}\n"
            )


def _accounts() -> list[str]:
    """Every one the books ever used, and the one that the year begins from."""
    names: set[str] = set()
    for side in ("debit", "credit"):
        names |= set(Movement.objects.order_by().values_list(side, flat=True).distinct())
    return sorted({_account(name) for name in names} | {_OPENING})


_OPENING = "Equity:Opening-Balances"
_NAMES = {
    books.BANK: "Assets:Bank",
    books.GIFTS: "Income:Gifts",
    books.REFUNDS: "Income:Refunds",
    books.DISPUTES: "Income:Disputes",
    books.FEES: "Expenses:Fees",
    books.CORRECTIONS: "Equity:Corrections",
}


def _account(name: str) -> str:
    """As Beancount names accounts: each part begins with a capital letter or a digit."""
    if name in _NAMES:
        return _NAMES[name]
    return f"Assets:Providers:{re.sub('[^A-Za-z0-9-]', '-', name.removeprefix(books.BALANCE)).capitalize()}"


def _quoted(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ── tables


class _Echo:
    def write(self, text: str) -> str:
        return text


_ROWS = csv.writer(_Echo())


def _line(cells: Sequence[str]) -> str:
    return str(_ROWS.writerow(cells))


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return timezone.localtime(moment, zone).date().isoformat()


def _in_batches(rows: Iterable[Donation]) -> Iterator[list[Donation]]:
    batch: list[Donation] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
