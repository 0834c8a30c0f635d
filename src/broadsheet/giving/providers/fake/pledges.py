"""Promises to give again: begun, renewed, failing and tried again, lapsed, changed by their giver."""

from __future__ import annotations

from broadsheet import clock
from broadsheet.giving.providers.fake.cards import LATER, Card
from broadsheet.giving.providers.fake.money import Refused, Unknown, take
from broadsheet.giving.providers.fake.store import Row, Store
from broadsheet.giving.providers.fake.telling import tell
from broadsheet.giving.providers.fake.terms import MOST_MINOR, RETRIES_AFTER_S, next_due


def begin(store: Store, page: Row, payer: str, card: Card, last4: str) -> Row:
    """The pledge and its first payment."""
    now = clock.timestamp()
    due_at = next_due(now, page["frequency"])
    pledge = store.add(
        "pledges",
        {
            "id": store.new_id("fple"),
            "page": page["id"],
            "customer": payer,
            "amount": page["amount"],
            "currency": page["currency"],
            "frequency": page["frequency"],
            "card": card,
            "last4": last4,
            "state": "active",
            "started_at": now,
            "due_at": due_at,
            "next_at": due_at,
        },
    )
    tell(store, "pledge.begun", pledge["id"])
    return pledge


def renew_what_is_due(store: Store) -> None:
    """And resume what was paused until now."""
    now = clock.timestamp()
    for pledge in store.all("SELECT * FROM pledges WHERE state = 'paused' AND paused_until <= ?", now):
        resume(store, pledge["id"])
    for pledge in store.all(
        "SELECT * FROM pledges WHERE state IN ('active', 'failing') AND next_at <= ? ORDER BY next_at, id", now
    ):
        charge(store, pledge)


def charge(store: Store, pledge: Row) -> None:
    """The payment that is due: it is made, or tried again later, or the pledge lapses."""
    fault = LATER.get(Card(pledge["card"]))
    if fault is None:
        due_at = next_due(pledge["due_at"], pledge["frequency"])
        while due_at <= clock.timestamp():  # nobody pays for the months in which we were not running
            due_at = next_due(due_at, pledge["frequency"])
        _change(
            store, pledge, state="active", due_at=due_at, next_at=due_at, fault="", failed_tries=0, failing_since=None
        )
        take(
            store, pledge["customer"], pledge["amount"], pledge["currency"], Card(pledge["card"]), pledge["last4"],
            pledge=pledge["id"], page=None,
        )  # fmt: skip
        if pledge["state"] == "failing":
            tell(store, "pledge.repaired", pledge["id"])
        return
    now, tries = clock.timestamp(), pledge["failed_tries"] + 1
    if tries > len(RETRIES_AFTER_S):
        _change(store, pledge, failed_tries=tries)
        _end(store, pledge, "failed")
        return
    _change(
        store, pledge, state="failing", failed_tries=tries, fault=fault,
        failing_since=pledge["failing_since"] or now, next_at=now + RETRIES_AFTER_S[tries - 1],
    )  # fmt: skip
    tell(store, "pledge.payment_failed", pledge["id"])


def replace_card(store: Store, pledge_id: str, card: Card, last4: str) -> None:
    """What failed is tried at once."""
    pledge = _going(store, pledge_id)
    _change(store, pledge, card=card, last4=last4)
    tell(store, "card.replaced", "")
    if pledge["state"] == "failing":
        charge(store, _called(store, pledge_id))


def cancel(store: Store, pledge_id: str) -> None:
    """Asked twice, it is ended once."""
    pledge = _called(store, pledge_id)
    if pledge["state"] != "ended":
        _end(store, pledge, "")


def change_amount(store: Store, pledge_id: str, amount: int) -> None:
    pledge = _going(store, pledge_id)
    if not isinstance(amount, int) or not 0 < amount <= MOST_MINOR:
        raise Refused(f"{amount} minor units are no amount")
    if amount != pledge["amount"]:
        _change(store, pledge, amount=amount)
        tell(store, "pledge.changed", pledge_id)


def pause(store: Store, pledge_id: str, until: float | None) -> None:
    pledge = _going(store, pledge_id)
    if pledge["state"] == "failing":
        raise Refused("a payment of this pledge has failed: it is repaired or cancelled, not paused")
    _change(store, pledge, state="paused", paused_until=until, next_at=None)
    tell(store, "pledge.paused", pledge_id)


def resume(store: Store, pledge_id: str) -> None:
    """From the next payment on that is due after now: what fell into the pause is not made up for."""
    pledge = _going(store, pledge_id)
    if pledge["state"] != "paused":
        return
    due_at = pledge["due_at"]
    while due_at <= clock.timestamp():
        due_at = next_due(due_at, pledge["frequency"])
    _change(store, pledge, state="active", paused_until=None, due_at=due_at, next_at=due_at)
    tell(store, "pledge.resumed", pledge_id)


def _end(store: Store, pledge: Row, reason: str) -> None:
    """`reason`: failed, or empty where somebody asked for it."""
    _change(
        store, pledge, state="ended", end_reason=reason, ended_at=clock.timestamp(), next_at=None, paused_until=None
    )
    tell(store, "pledge.ended", pledge["id"])


def _change(store: Store, pledge: Row, **values: object) -> None:
    store.change("pledges", pledge["id"], **values)


def _called(store: Store, pledge_id: str) -> Row:
    pledge = store.one("SELECT * FROM pledges WHERE id = ?", pledge_id)
    if pledge is None:
        raise Unknown(pledge_id)
    return pledge


def _going(store: Store, pledge_id: str) -> Row:
    pledge = _called(store, pledge_id)
    if pledge["state"] == "ended":
        raise Refused("this pledge has ended")
    return pledge
