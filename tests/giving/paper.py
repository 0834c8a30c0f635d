"""A payment provider that keeps its account on paper: in memory, honest, and knowing nothing of ours.

It is the other side of the counter for tests that need one they can ask thousands of times; that a real provider's process can
be asked is tested with the fake provider's. Times are its own: each thing that happens is a minute after the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.models import Frequency, PledgeState
from broadsheet.giving.providers.interface import (
    Abilities,
    Giver,
    Line,
    NotReached,
    Seen,
    SeenDispute,
    SeenFee,
    SeenPayment,
    SeenPayout,
    SeenPledge,
    SeenRefund,
)

OPENED = datetime(2026, 11, 1, 12, tzinfo=UTC)
# Which way a line went on the account, as the provider's own bookkeeping has it.
IN = {Kind.GIFT, Kind.REFUND_BACK, Kind.FEE_BACK, Kind.DISPUTE_WON, Kind.PAYOUT_BACK}


@dataclass
class Paper:
    """`look`, `reconcile` as the interface says. `is_down`: it does not answer."""

    name: str = "fake"
    abilities: Abilities = field(
        default=Abilities(
            pledges=True, asks_for_address=True, refunds=True, changes_amount=True, pauses=True, repairs=True
        )
    )
    is_down: bool = False
    payments: dict[str, SeenPayment] = field(default_factory=dict)
    pledges: dict[str, SeenPledge] = field(default_factory=dict)
    payouts: dict[str, SeenPayout] = field(default_factory=dict)
    fees: dict[str, SeenFee] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    _made: int = 0
    _minutes: int = 0

    # ── what happens there

    def pay(self, minor: int, currency: str = "EUR", *, fee: int | None = None, giver: str = "ann", **more: str) -> str:
        ref, amount = self._new("pay"), Money(minor, currency)
        who = Giver(f"cus_{giver}", f"{giver}@example.org", giver.title())
        self.payments[ref] = SeenPayment(ref, amount, self._now(), who, method="card", **more)
        self._write(Kind.GIFT, ref, amount, ref)
        if fee is not None:
            self.learn_fee(ref, fee)
        return ref

    def learn_fee(self, payment: str, minor: int) -> None:
        """Some time after the payment, as it often is."""
        fee = Money(minor, self.payments[payment].amount.currency)
        self._change(payment, fee=fee)
        self._write(Kind.FEE, payment, fee, payment)

    def promise(self, minor: int, giver: str = "ann") -> str:
        ref, who = self._new("sub"), Giver(f"cus_{giver}", f"{giver}@example.org", giver.title())
        self.pledges[ref] = SeenPledge(
            ref, Money(minor, "EUR"), Frequency.MONTHLY, PledgeState.ACTIVE, self._now(), who
        )
        return ref

    def renew(self, pledge: str) -> str:
        promised = self.pledges[pledge]
        giver = promised.giver.ref.removeprefix("cus_")
        return self.pay(promised.amount.amount_minor, giver=giver, fee=30, pledge=pledge)

    def refund(self, payment: str, minor: int) -> str:
        ref, amount = self._new("re"), Money(minor, self.payments[payment].amount.currency)
        self._change(payment, refunds=(*self.payments[payment].refunds, SeenRefund(ref, amount, self._now())))
        self._write(Kind.REFUND, ref, amount, payment)
        return ref

    def refund_comes_back(self, payment: str, refund: str) -> None:
        at = self._now()
        refunds = [
            replace(each, came_back_at=at) if each.ref == refund else each for each in self.payments[payment].refunds
        ]
        self._change(payment, refunds=tuple(refunds))
        (amount,) = (each.amount for each in refunds if each.ref == refund)
        self._write(Kind.REFUND_BACK, refund, amount, payment)

    def dispute(self, payment: str, *, fee: int = 1500) -> str:
        ref, amount = self._new("dp"), self.payments[payment].amount
        charged = Money(fee, amount.currency)
        self._change(
            payment, disputes=(*self.payments[payment].disputes, SeenDispute(ref, amount, self._now(), charged))
        )
        self._write(Kind.DISPUTE, ref, amount, payment)
        self._write(Kind.DISPUTE_FEE, ref, charged, payment)
        return ref

    def win(self, payment: str, dispute: str) -> None:
        at = self._now()
        disputes = [
            replace(each, won_at=at) if each.ref == dispute else each for each in self.payments[payment].disputes
        ]
        self._change(payment, disputes=tuple(disputes))
        (amount,) = (each.amount for each in disputes if each.ref == dispute)
        self._write(Kind.DISPUTE_WON, dispute, amount, payment)

    def pay_out(self, minor: int, currency: str = "EUR") -> str:
        ref, amount = self._new("po"), Money(minor, currency)
        self.payouts[ref] = SeenPayout(ref, amount, self._now())
        self._write(Kind.PAYOUT, ref, amount, ref)
        return ref

    def payout_comes_back(self, payout: str) -> None:
        self.payouts[payout] = replace(self.payouts[payout], came_back_at=self._now())
        self._write(Kind.PAYOUT_BACK, payout, self.payouts[payout].amount, payout)

    def charge(self, minor: int, currency: str = "EUR") -> str:
        """For its own trouble, by the month."""
        ref, amount = self._new("fee"), Money(minor, currency)
        self.fees[ref] = SeenFee(ref, amount, self._now())
        self._write(Kind.FEE, ref, amount, ref)
        return ref

    def adjust(self, minor: int, currency: str = "EUR") -> str:
        """Something of its own that our words have no name for: it can be seen on the account, and not looked at."""
        ref = self._new("adj")
        self._now()
        self._write(Kind.CORRECTION, ref, Money(minor, currency), ref)
        return ref

    # ── what it answers

    def look(self, ref: str) -> Seen:
        self._answer()
        payments = [each for each in self.payments.values() if ref in (each.ref, each.pledge)]
        pledges = {each.pledge for each in payments} | {ref}
        return Seen(
            pledges=tuple(each for each in self.pledges.values() if each.ref in pledges),
            payments=tuple(payments),
            payouts=tuple(each for each in self.payouts.values() if each.ref == ref),
            fees=tuple(each for each in self.fees.values() if each.ref == ref),
        )

    def reconcile(self, since: datetime, until: datetime) -> Iterator[Line]:
        self._answer()
        yield from (line for line in self.lines if since <= line.at < until)

    def everything(self) -> list[str]:
        """All that can be looked at."""
        return [*self.payments, *self.pledges, *self.payouts, *self.fees]

    def held(self, currency: str) -> int:
        """What it says it holds for us, in minor units."""
        return sum(
            line.amount.amount_minor * (1 if line.kind in IN else -1)
            for line in self.lines
            if line.amount.currency == currency
        )

    def _answer(self) -> None:
        if self.is_down:
            raise NotReached("nobody is at the counter")

    def _write(self, kind: Kind, ref: str, amount: Money, look_at: str) -> None:
        if amount:
            self.lines.append(Line(kind, ref, amount, self._at, look_at))

    def _change(self, payment: str, **fields: object) -> None:
        self.payments[payment] = replace(self.payments[payment], **fields)  # type: ignore[arg-type]

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"{kind}_{self._made}"

    def _now(self) -> datetime:
        self._minutes += 1
        return self._at

    @property
    def _at(self) -> datetime:
        return OPENED + timedelta(minutes=self._minutes)
