"""The books: double entry for a house that lives on gifts. What each thing that happens moves, from which account to which.

A movement debits one account and credits another by the same amount, so that nothing can be written down that does not add
up to zero: not by a mistake in here, and not in the database, whose rows are movements.

    debit side     balance:<provider>   money a payment provider holds for us
                   bank                 money on our own account
                   fees                 what providers keep
                   refunds, disputes    given back, taken back: against the gifts
    credit side    gifts                what readers gave
    either         corrections          what somebody put right by hand, and why
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from broadsheet.core.money import Money

BANK = "bank"
GIFTS = "gifts"
FEES = "fees"
REFUNDS = "refunds"
DISPUTES = "disputes"
CORRECTIONS = "corrections"
BALANCE = "balance:"

OURS = (GIFTS, REFUNDS, DISPUTES)  # together: what is kept of what readers gave


class Kind(StrEnum):
    """What happened. Together with the provider and the name of its object, the key under which it is posted once."""

    GIFT = "gift"
    FEE = "fee"
    REFUND = "refund"
    REFUND_BACK = "refund back"  # it could not be delivered, and came back to us
    FEE_BACK = "fee back"  # what some providers return with a refund
    DISPUTE = "dispute"  # the giver's bank took the money back …
    DISPUTE_FEE = "dispute fee"
    DISPUTE_WON = "dispute won"  # … and returned it
    PAYOUT = "payout"
    PAYOUT_BACK = "payout back"  # our bank did not take it
    CORRECTION = "correction"


@dataclass(frozen=True)
class Movement:
    """`amount` is more than zero; what goes the other way has the accounts the other way round."""

    debit: str
    credit: str
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.amount_minor <= 0:
            raise ValueError(f"a movement is of more than nothing, not {self.amount}")
        if self.debit == self.credit:
            raise ValueError(f"nothing moves from {self.debit} to itself")


def balance_of(provider: str) -> str:
    """The account of what a provider holds for us. By hand, money comes straight to the bank."""
    return BANK if provider == "manual" else BALANCE + provider


def is_account(name: str) -> bool:
    """Whether the books have it: a correction moves nothing to an account that a slip of the pen has made."""
    return name in _ACCOUNTS or (name.startswith(BALANCE) and name != BALANCE)


def movement(kind: Kind, provider: str, amount: Money) -> Movement:
    """What is written down when `amount` (more than zero) moved with a provider in this way. Not for corrections."""
    debit, credit = _MOVES[kind]
    held = balance_of(provider)
    return Movement(held if debit == BALANCE else debit, held if credit == BALANCE else credit, amount)


_ACCOUNTS = {BANK, GIFTS, FEES, REFUNDS, DISPUTES, CORRECTIONS}

_MOVES = {
    Kind.GIFT: (BALANCE, GIFTS),
    Kind.FEE: (FEES, BALANCE),
    Kind.REFUND: (REFUNDS, BALANCE),
    Kind.REFUND_BACK: (BALANCE, REFUNDS),
    Kind.FEE_BACK: (BALANCE, FEES),
    Kind.DISPUTE: (DISPUTES, BALANCE),
    Kind.DISPUTE_FEE: (FEES, BALANCE),
    Kind.DISPUTE_WON: (BALANCE, DISPUTES),
    Kind.PAYOUT: (BANK, BALANCE),
    Kind.PAYOUT_BACK: (BALANCE, BANK),
}


def sums(movements: Iterable[Movement]) -> dict[tuple[str, str], int]:
    """By account and currency: debits less credits, in minor units. All of one currency add up to zero."""
    found: dict[tuple[str, str], int] = {}
    for each in movements:
        currency, minor = each.amount.currency, each.amount.amount_minor
        found[each.debit, currency] = found.get((each.debit, currency), 0) + minor
        found[each.credit, currency] = found.get((each.credit, currency), 0) - minor
    return found
