"""Stripe's own account, line by line, in the words and under the names of our ledger (`seen.py` says which is which).

A line is in the currency Stripe settles in; its source, the charge or refund, in the one that was given. The ledger holds
what was given, so lines say that.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from datetime import datetime

import stripe

from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.providers.interface import Line
from broadsheet.giving.providers.stripe.amounts import from_stripe
from broadsheet.giving.providers.stripe.asking import asking
from broadsheet.giving.providers.stripe.seen import FEES_OF_THE_ACCOUNT, fee, moment, name_of

log = logging.getLogger(__name__)

_A_PAGE = 100


def lines(client: stripe.StripeClient, since: datetime, until: datetime) -> Iterator[Line]:
    """The latest first, as Stripe keeps them. Its clock ticks in whole seconds."""
    first, end = math.ceil(since.timestamp()), math.ceil(until.timestamp())
    with asking("read Stripe's account"):
        listed = client.v1.balance_transactions.list(
            {"created": {"gte": first, "lt": end}, "limit": _A_PAGE, "expand": ["data.source"]}
        )
        for entry in listed.auto_paging_iter():
            yield from of(entry)


def of(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    if entry.type in FEES_OF_THE_ACCOUNT and entry.net < 0:
        yield _line(Kind.FEE, entry.id, from_stripe(entry.net, entry.currency), entry)
    elif entry.type in _READERS:
        yield from _READERS[entry.type](entry)
    elif entry.net:
        yield _of_its_own(entry)


def _gift(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    """A debit is on the account days before it has arrived; until then it is no gift."""
    if getattr(entry.source, "status", "succeeded") != "pending":
        yield _line(Kind.GIFT, name_of(entry.source), _given(entry), entry)
        yield from _fee(entry, Kind.FEE)


def _refund(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    yield _line(Kind.REFUND, name_of(entry.source), _given(entry), entry)
    if entry.fee < 0:
        yield from _fee(entry, Kind.FEE_BACK)


def _refund_back(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    yield _line(Kind.REFUND_BACK, name_of(entry.source), _given(entry), entry)


def _bounced(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    yield _line(Kind.REFUND, entry.id, _given(entry), entry, look_at=name_of(entry.source))


def _adjustment(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    """Of a dispute, or of anything else Stripe's people put right."""
    if not isinstance(entry.source, stripe.Dispute):
        yield _of_its_own(entry)
        return
    taken = entry.amount < 0
    yield _line(Kind.DISPUTE if taken else Kind.DISPUTE_WON, name_of(entry.source), _given(entry), entry)
    if entry.fee:
        yield from _fee(entry, Kind.DISPUTE_FEE if entry.fee > 0 else Kind.FEE_BACK)


def _payout(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    yield _line(Kind.PAYOUT, name_of(entry.source), from_stripe(entry.amount, entry.currency), entry)


def _payout_back(entry: stripe.BalanceTransaction) -> Iterator[Line]:
    yield _line(Kind.PAYOUT_BACK, name_of(entry.source), from_stripe(entry.amount, entry.currency), entry)


def _of_its_own(entry: stripe.BalanceTransaction) -> Line:
    """What the books have no word for: somebody enters it by hand, under the name of Stripe's line."""
    way = "to" if entry.net > 0 else "from"
    log.warning("Stripe moved money %s us of a kind we keep no books of: %s, %s.", way, entry.type, entry.id)
    return _line(Kind.CORRECTION, entry.id, from_stripe(entry.net, entry.currency), entry)


def _fee(entry: stripe.BalanceTransaction, kind: Kind) -> Iterator[Line]:
    if entry.fee:
        yield _line(kind, name_of(entry.source), fee(entry), entry)


def _given(entry: stripe.BalanceTransaction) -> Money:
    source = entry.source
    if isinstance(source, stripe.Charge | stripe.Refund | stripe.Dispute):
        return from_stripe(source.amount, source.currency)
    return from_stripe(entry.amount, entry.currency)


def _line(kind: Kind, ref: str, amount: Money, entry: stripe.BalanceTransaction, *, look_at: str = "") -> Line:
    return Line(kind, ref, amount, moment(entry.created), look_at or ref)


# Its types are told of in Stripe's “Balance transaction types” (docs.stripe.com/reports, read in November 2026).
_READERS: dict[str, Callable[[stripe.BalanceTransaction], Iterator[Line]]] = {
    "charge": _gift,
    "payment": _gift,
    "refund": _refund,
    "payment_refund": _refund,
    "refund_failure": _refund_back,
    "payment_failure_refund": _bounced,
    "adjustment": _adjustment,
    "payout": _payout,
    "payout_cancel": _payout_back,
    "payout_failure": _payout_back,
}
