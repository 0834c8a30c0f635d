"""What the fake provider says when it is asked: objects as they stand, and the lines of its account."""

from __future__ import annotations

from typing import Any

from broadsheet.giving.providers.fake.money import balance, left_of
from broadsheet.giving.providers.fake.store import Row, Store
from broadsheet.giving.providers.fake.telling import trouble

LINES_AT_ONCE = 500
SHOWN = 20


def look(store: Store, ref: str) -> dict[str, list[Row]]:
    """An object and what hangs together with it, by its name; nothing where the name is unknown."""
    with store.act():  # one moment
        kind = ref.partition("_")[0]
        if kind == "fco":
            return _checkout(store, ref)
        if kind in ("fref", "fdis"):
            table = "refunds" if kind == "fref" else "disputes"
            of = store.one(f"SELECT payment FROM {table} WHERE id = ?", ref)  # noqa: S608 - our own words
            return _payment(store, of["payment"]) if of else {}
        if kind == "fpay":
            return _payment(store, ref)
        if kind == "fple":
            return {"pledges": _pledges(store, ref)}
        if kind == "fpo":
            return {"payouts": store.all("SELECT * FROM payouts WHERE id = ?", ref)}
        return {}


def lines(store: Store, since: float, until: float, after: int) -> list[Row]:
    """In the order in which they were written, from the one behind `after`."""
    return store.all(
        "SELECT * FROM lines WHERE at >= ? AND at < ? AND number > ? ORDER BY number LIMIT ?",
        *(since, until, after, LINES_AT_ONCE),
    )


def overview(store: Store) -> dict[str, Any]:
    """For whoever plays with it."""
    with store.act():
        (waiting,) = store.all("SELECT count(*) AS number FROM deliveries WHERE delivered_at IS NULL")
        (delivered,) = store.all("SELECT count(*) AS number FROM deliveries WHERE delivered_at IS NOT NULL")
        payments = store.all("SELECT * FROM payments ORDER BY paid_at DESC, rowid DESC LIMIT ?", SHOWN)
        return {
            "balance": balance(store),
            "trouble": vars(trouble(store)),
            "waiting": waiting["number"],
            "delivered": delivered["number"],
            "payments": [_whole(store, payment) | {"left": left_of(store, payment)} for payment in payments],
            "disputes": store.all(
                "SELECT disputes.*, currency FROM disputes JOIN payments ON payments.id = payment"
                " ORDER BY state != 'open', disputes.at DESC LIMIT ?",
                SHOWN,
            ),
            "pledges": store.all("SELECT state, count(*) AS number FROM pledges GROUP BY state ORDER BY state"),
        }


def _checkout(store: Store, ref: str) -> dict[str, list[Row]]:
    page = store.one("SELECT * FROM pages WHERE id = ?", ref)
    if page is None:
        return {}
    of = _payment(store, page["payment"]) if page["payment"] else {}
    return {**of, "checkouts": [page]}


def _payment(store: Store, ref: str) -> dict[str, list[Row]]:
    payment = store.one("SELECT * FROM payments WHERE id = ?", ref)
    if payment is None:
        return {}
    return {
        "pledges": _pledges(store, payment["pledge"]) if payment["pledge"] else [],
        "payments": [_whole(store, payment)],
        "checkouts": store.all("SELECT * FROM pages WHERE id = ?", payment["page"]),
    }


def _whole(store: Store, payment: Row) -> Row:
    payer = store.one("SELECT email FROM customers WHERE id = ?", payment["customer"]) or {}
    return {
        **payment,
        "email": payer.get("email", ""),
        "key": _key_of(store, payment["page"]),
        "refunds": store.all("SELECT * FROM refunds WHERE payment = ? ORDER BY at, id", payment["id"]),
        "disputes": store.all("SELECT * FROM disputes WHERE payment = ? ORDER BY at, id", payment["id"]),
    }


def _pledges(store: Store, ref: str) -> list[Row]:
    found = store.all(
        "SELECT pledges.*, email FROM pledges JOIN customers ON customers.id = customer WHERE pledges.id = ?", ref
    )
    return [{**pledge, "key": _key_of(store, pledge["page"])} for pledge in found]


def _key_of(store: Store, page: str | None) -> str:
    """What the house calls the page on which it began."""
    row = store.one("SELECT key FROM pages WHERE id = ?", page)
    return (row or {}).get("key") or ""
