"""Payments, and what becomes of them: refunds, disputes, payouts. Each moves a line of the account, and is told of."""

from __future__ import annotations

from broadsheet import clock
from broadsheet.giving.providers.fake.cards import Card
from broadsheet.giving.providers.fake.store import Row, Store
from broadsheet.giving.providers.fake.telling import tell
from broadsheet.giving.providers.fake.terms import (
    DISPUTE_FEE_MINOR,
    DISPUTE_STAYS_OPEN_S,
    DISPUTED_AFTER_S,
    PAYOUT_EVERY_S,
    fee_minor,
)


class Refused(Exception):
    """What was asked cannot be done; why, in words for staff."""


class Unknown(Exception):
    """There is no such object here."""


def take(store: Store, payer: str, amount: int, currency: str, card: Card, last4: str, **of: str | None) -> Row:
    """A payment, which succeeds. `of`: its page and pledge."""
    now = clock.timestamp()
    payment = store.add(
        "payments",
        {
            "id": store.new_id("fpay"),
            **of,
            "customer": payer,
            "amount": amount,
            "currency": currency,
            "fee": fee_minor(amount),
            "last4": last4,
            "paid_at": now,
            "dispute_at": now + DISPUTED_AFTER_S if card is Card.DISPUTED else None,
        },
    )
    _line(store, "payment", payment["id"], amount, currency, now)
    _line(store, "fee", payment["id"], -payment["fee"], currency, now)
    tell(store, "payment.made", payment["id"])
    return payment


def refund(store: Store, payment_id: str, amount: int, key: str) -> Row:
    """Asked twice under one key, it is done once."""
    if (done := store.one("SELECT * FROM refunds WHERE key = ?", key)) is not None:
        if (done["payment"], done["amount"]) != (payment_id, amount):
            raise Refused(f"the key {key} was used for another refund")
        return done
    payment = payment_called(store, payment_id)
    if store.one("SELECT 1 FROM disputes WHERE payment = ? AND state != 'won'", payment_id):
        raise Refused("the giver's bank has taken this payment back")
    if not isinstance(amount, int) or not 0 < amount <= left_of(store, payment):
        raise Refused(f"of this payment {left_of(store, payment)} minor units are left to give back, not {amount}")
    now = clock.timestamp()
    refund: Row = {"id": store.new_id("fref"), "payment": payment_id, "key": key, "amount": amount, "at": now}
    store.add("refunds", refund)
    _line(store, "refund", refund["id"], -amount, payment["currency"], now)
    tell(store, "payment.refunded", refund["id"])
    return refund


def dispute(store: Store, payment_id: str) -> Row:
    """The giver's bank takes back what is left of it, and we keep a fee for the trouble."""
    payment = payment_called(store, payment_id)
    if store.one("SELECT 1 FROM disputes WHERE payment = ?", payment_id):
        raise Refused("this payment was disputed before")
    amount = left_of(store, payment)
    if not amount:
        raise Refused("nothing of this payment is left to dispute")
    now = clock.timestamp()
    dispute = store.add(
        "disputes",
        {
            "id": store.new_id("fdis"),
            "payment": payment_id,
            "amount": amount,
            "fee": DISPUTE_FEE_MINOR,
            "at": now,
            "state": "open",
            "answer_by": now + DISPUTE_STAYS_OPEN_S,
        },
    )
    store.change("payments", payment_id, dispute_at=None)
    _line(store, "dispute", dispute["id"], -amount, payment["currency"], now)
    _line(store, "dispute_fee", dispute["id"], -DISPUTE_FEE_MINOR, payment["currency"], now)
    tell(store, "dispute.opened", dispute["id"])
    return dispute


def decide(store: Store, dispute_id: str, is_won: bool) -> None:
    dispute = store.one("SELECT * FROM disputes WHERE id = ?", dispute_id)
    if dispute is None:
        raise Unknown(dispute_id)
    if dispute["state"] != "open":
        raise Refused(f"this dispute was decided before: {dispute['state']}")
    now = clock.timestamp()
    store.change("disputes", dispute_id, state="won" if is_won else "lost", decided_at=now)
    if is_won:
        currency = payment_called(store, dispute["payment"])["currency"]
        _line(store, "dispute_won", dispute_id, dispute["amount"], currency, now)
    tell(store, "dispute.won" if is_won else "dispute.lost", dispute_id)


def dispute_what_is_due(store: Store) -> None:
    for payment in store.all("SELECT id FROM payments WHERE dispute_at <= ?", clock.timestamp()):
        store.change("payments", payment["id"], dispute_at=None)
        try:
            dispute(store, payment["id"])
        except Refused:
            continue  # given back meanwhile
    for late in store.all("SELECT id FROM disputes WHERE state = 'open' AND answer_by <= ?", clock.timestamp()):
        decide(store, late["id"], is_won=False)


def pay_out(store: Store) -> list[Row]:
    """All that the account holds, a payout for each currency. What it owes stays."""
    now = clock.timestamp()
    store.set("payout_at", now + PAYOUT_EVERY_S)
    payouts: list[Row] = [
        {"id": store.new_id("fpo"), "amount": held, "currency": currency, "at": now}
        for currency, held in balance(store).items()
        if held > 0
    ]
    for payout in payouts:
        store.add("payouts", payout)
        _line(store, "payout", payout["id"], -payout["amount"], payout["currency"], now)
        tell(store, "payout.paid", payout["id"])
    return payouts


def pay_out_if_due(store: Store) -> None:
    if clock.timestamp() >= store.setting("payout_at", clock.timestamp() + PAYOUT_EVERY_S):
        pay_out(store)


def balance(store: Store) -> dict[str, int]:
    """By currency, as the lines of the account add up."""
    rows = store.all("SELECT currency, sum(amount) AS held FROM lines GROUP BY currency ORDER BY currency")
    return {row["currency"]: row["held"] for row in rows}


def payment_called(store: Store, payment_id: str) -> Row:
    payment = store.one("SELECT * FROM payments WHERE id = ?", payment_id)
    if payment is None:
        raise Unknown(payment_id)
    return payment


def left_of(store: Store, payment: Row) -> int:
    (gone,) = store.all("SELECT coalesce(sum(amount), 0) AS amount FROM refunds WHERE payment = ?", payment["id"])
    return int(payment["amount"] - gone["amount"])


def _line(store: Store, kind: str, object_ref: str, amount: int, currency: str, at: float) -> None:
    """More than zero: it came; less: it went."""
    line = {"kind": kind, "object": object_ref, "amount": amount, "currency": currency, "at": at}
    if amount:
        store.add("lines", line)
