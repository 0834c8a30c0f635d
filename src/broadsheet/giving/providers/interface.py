"""What the house asks of a payment provider, and what it is told. Each provider is a folder of the same shape:

    __init__.py     what it is, in a line
    provider.py     the Provider, made by `open_provider()`
    seen.py         its objects put into our words (`Seen`)
    README.md       how it is set up, and what of it was only ever run against a stand-in

Events say that something happened to an object, nothing more. What happened is read at the provider, as it stands then
(`look`), and posted by `posting.py`: twice, late or in any order, the books come out the same.

Card data never touches us: whoever gives is sent to the provider's own page, and comes back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, Donation, Frequency, Pledge

# ProviderFault
#   ├── NotBelieved         an event whose signature is missing, wrong or stale
#   ├── NotReached          try again later: nothing was done, or it is not known whether it was
#   └── Declined            the provider says no, and will again; its words are for staff, not for readers


class ProviderFault(Exception):
    pass


class NotBelieved(ProviderFault):
    pass


class NotReached(ProviderFault):
    pass


class Declined(ProviderFault):
    pass


@dataclass(frozen=True)
class Begun:
    """Where the reader goes on. `ref`: the provider's name for what was begun."""

    ref: str
    url: str  # another site's page, or one of ours (`/donate/transfer/…`)


@dataclass(frozen=True)
class Heard:
    """An event that was believed. `object_ref`: what to `look` at; empty: it is none of those we keep books of."""

    event_ref: str
    kind: str
    object_ref: str


@dataclass(frozen=True)
class Giver:
    """Who paid, as far as the provider knows. `ref`: its name for them."""

    ref: str = ""
    email: str = ""
    name: str = ""


@dataclass(frozen=True)
class SeenAttempt:
    """A page of the provider's that we sent somebody to. `attempt`: our id of it."""

    attempt: str
    ref: str
    state: str  # of AttemptState: begun, paid, failed, expired
    fault: str = ""


@dataclass(frozen=True)
class SeenPledge:
    ref: str
    amount: Money
    frequency: Frequency
    state: str  # of PledgeState
    started_at: datetime
    giver: Giver
    attempt: str = ""
    next_at: datetime | None = None
    failing_since: datetime | None = None
    failed_tries: int = 0
    fault: str = ""
    paused_until: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""  # of EndReason, where the provider knows it


@dataclass(frozen=True)
class SeenRefund:
    """`came_back_at`: it could not be delivered (the giver's account is closed), and the money is ours again."""

    ref: str
    amount: Money
    at: datetime
    fee_back: Money | None = None
    came_back_at: datetime | None = None


@dataclass(frozen=True)
class SeenDispute:
    """Money the giver's bank took back; `won_at`: when it was returned to us. `amount` as it was taken.

    `reason`, `answer_by`, `lost_at`: for people, as far as the provider tells.
    """

    ref: str
    amount: Money
    at: datetime
    fee: Money | None = None
    fee_back: Money | None = None  # some providers return it with a dispute that is won
    won_at: datetime | None = None
    lost_at: datetime | None = None
    answer_by: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class SeenPayment:
    """Money that arrived. `fee`: None while the provider does not know it yet."""

    ref: str
    amount: Money
    paid_at: datetime
    giver: Giver
    attempt: str = ""
    pledge: str = ""
    fee: Money | None = None
    method: str = ""
    refunds: tuple[SeenRefund, ...] = ()
    disputes: tuple[SeenDispute, ...] = ()


@dataclass(frozen=True)
class SeenPayout:
    """Money on its way to our bank; `came_back_at`: the bank did not take it."""

    ref: str
    amount: Money
    at: datetime
    came_back_at: datetime | None = None


@dataclass(frozen=True)
class SeenFee:
    """What a provider keeps that belongs to no one payment: by the month, for its bookkeeping."""

    ref: str
    amount: Money
    at: datetime


@dataclass(frozen=True)
class Seen:
    """An object of the provider's as it stands now, with all that hangs together with it."""

    attempts: tuple[SeenAttempt, ...] = ()
    pledges: tuple[SeenPledge, ...] = ()
    payments: tuple[SeenPayment, ...] = ()
    payouts: tuple[SeenPayout, ...] = ()
    fees: tuple[SeenFee, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of the provider's own account, for reconciling. `look_at`: what to `look` at to post what we missed."""

    kind: Kind
    object_ref: str  # as in the ledger's key
    amount: Money  # more than zero; the kind says which way it went
    at: datetime
    look_at: str


@dataclass(frozen=True)
class Abilities:
    """What a provider can do, so that no page offers what it cannot."""

    pledges: bool
    asks_for_address: bool  # its own page asks for the e-mail address if we do not know it
    refunds: bool
    changes_amount: bool
    pauses: bool
    repairs: bool  # it has a page where a failed card is replaced
    reconciles: bool = True  # it keeps an account of its own that ours can be compared with
    currencies: frozenset[str] | None = None  # None: all
    sites: tuple[str, ...] = field(default=())  # origins readers are sent to, for the pages' policy


class Provider(Protocol):
    """`name` is its folder's, and stands in every row that is about it."""

    name: str
    abilities: Abilities

    def begin(self, attempt: Attempt, *, thanks_url: str, back_url: str) -> Begun:
        """Prepare a page where this attempt is paid. Asked again for the same attempt, it is the same page."""

    def handle_event(self, body: bytes, headers: Mapping[str, str]) -> Heard:
        """Believe an event or raise NotBelieved. `body` as it came, `headers` by names in small letters. Asks nobody."""

    def look(self, ref: str) -> Seen:
        """Read an object anew. What is unknown there is an empty Seen."""

    def refund(self, donation: Donation, amount: Money, *, key: str) -> str:
        """Give back (a part of) it; the object to look at. `key`: asked twice under one key, it is done once."""

    def cancel(self, pledge: Pledge) -> None: ...

    def change_amount(self, pledge: Pledge, amount: Money) -> None:
        """From the next payment on."""

    def pause(self, pledge: Pledge, until: datetime | None) -> None: ...

    def resume(self, pledge: Pledge) -> None: ...

    def portal(self, pledge: Pledge, *, back_url: str) -> str:
        """Where the reader repairs or replaces the way they pay."""

    def reconcile(self, since: datetime, until: datetime) -> Iterator[Line]:
        """All that moved on the provider's account in `since <= at < until`."""
