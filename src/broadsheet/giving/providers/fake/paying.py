"""The pages on which somebody pays, or replaces a card: begun by the house, filled in by a reader, once."""

from __future__ import annotations

import secrets

from broadsheet import clock
from broadsheet.giving.providers.fake import cards, pledges
from broadsheet.giving.providers.fake.cards import AT_ONCE, Card
from broadsheet.giving.providers.fake.money import Refused, Unknown, take
from broadsheet.giving.providers.fake.store import Row, Store
from broadsheet.giving.providers.fake.telling import tell
from broadsheet.giving.providers.fake.terms import MOST_MINOR, PAGE_LIVES_S

FREQUENCIES = ("once", "monthly", "yearly")

# States of a page: open (also after a card was declined) → bank (3-D Secure asks) → done, or expired.


def begin_checkout(
    store: Store, key: str, amount: int, currency: str, frequency: str, email: str, thanks_url: str, back_url: str
) -> Row:
    """Asked again under the same key, it is the same page."""
    if (begun := store.one("SELECT * FROM pages WHERE key = ?", key)) is not None:
        if (begun["amount"], begun["currency"], begun["frequency"]) != (amount, currency, frequency):
            raise Refused(f"the key {key} was used for another page")
        return begun
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < amount <= MOST_MINOR:
        raise Refused(f"{amount!r} minor units are no amount")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Refused(f"{currency!r} is no currency")
    if frequency not in FREQUENCIES:
        raise Refused(f"{frequency!r} is none of {', '.join(FREQUENCIES)}")
    return _begin(
        store, "fco", purpose="gift", key=key, amount=amount, currency=currency, frequency=frequency, email=email,
        thanks_url=thanks_url, back_url=back_url,
    )  # fmt: skip


def begin_portal(store: Store, pledge_id: str, back_url: str) -> Row:
    pledge = store.one(
        "SELECT pledges.*, email FROM pledges JOIN customers ON customers.id = customer WHERE pledges.id = ?", pledge_id
    )
    if pledge is None:
        raise Unknown(pledge_id)
    if pledge["state"] == "ended":
        raise Refused("this pledge has ended")
    return _begin(
        store, "fpp", purpose="card", pledge=pledge_id, amount=pledge["amount"], currency=pledge["currency"],
        frequency=pledge["frequency"], email=pledge["email"], thanks_url=back_url, back_url=back_url,
    )  # fmt: skip


def page_called(store: Store, page_id: str) -> Row:
    page = store.one("SELECT * FROM pages WHERE id = ?", page_id)
    if page is None:
        raise Unknown(page_id)
    return page


def pay(store: Store, page_id: str, number: str, email: str) -> Row:
    """The page as it is then: done, at the bank, or open with the fault of the card."""
    page = page_called(store, page_id)
    if page["state"] != "open":
        return page  # pressed twice, or too late
    known = cards.read(number)
    payer = (page["email"] or email).strip().lower()
    if known is None or "@" not in payer:
        raise Refused("a card of the list and an e-mail address are needed")
    card, last4 = known
    if fault := AT_ONCE.get(card):
        return _declined(store, page, fault)
    _note(store, page, card=card, last4=last4, payer=payer, fault="")
    if card is Card.ASKS_BANK:
        _note(store, page, state="bank")
    else:
        _finish(store, page_called(store, page_id))
    return page_called(store, page_id)


def answer_bank(store: Store, page_id: str, is_confirmed: bool) -> Row:
    page = page_called(store, page_id)
    if page["state"] != "bank":
        return page
    if not is_confirmed:
        return _declined(store, page, "authentication_failed")
    _finish(store, page)
    return page_called(store, page_id)


def expire_what_is_due(store: Store) -> None:
    """A page that nobody came back to."""
    late = store.all("SELECT * FROM pages WHERE state IN ('open', 'bank') AND expires_at <= ?", clock.timestamp())
    for page in late:
        _note(store, page, state="expired")
        if page["purpose"] == "gift":
            tell(store, "checkout.expired", page["id"])


def _finish(store: Store, page: Row) -> None:
    card = Card(page["card"])
    if page["purpose"] == "card":
        pledges.replace_card(store, page["pledge"], card, page["last4"])
        _note(store, page, state="done")
        return
    payer = _customer(store, page["payer"])
    pledge = None
    if page["frequency"] != "once":
        pledge = pledges.begin(store, page, payer, card, page["last4"])["id"]
    payment = take(store, payer, page["amount"], page["currency"], card, page["last4"], page=page["id"], pledge=pledge)
    _note(store, page, state="done", payment=payment["id"], pledge=pledge)


def _declined(store: Store, page: Row, fault: str) -> Row:
    _note(store, page, state="open", fault=fault)
    if page["purpose"] == "gift":
        tell(store, "checkout.declined", page["id"])
    return page_called(store, page["id"])


def _customer(store: Store, email: str) -> str:
    known = store.one("SELECT id FROM customers WHERE email = ?", email)
    return (known or store.add("customers", {"id": store.new_id("fcus"), "email": email}))["id"]


def _begin(store: Store, prefix: str, **values: object) -> Row:
    """Whoever has the address may pay: nobody guesses it."""
    now = clock.timestamp()
    page_id = f"{prefix}_{secrets.token_urlsafe(18)}"
    store.add("pages", {"id": page_id, "state": "open", "made_at": now, "expires_at": now + PAGE_LIVES_S, **values})
    return page_called(store, page_id)


def _note(store: Store, page: Row, **values: object) -> None:
    store.change("pages", page["id"], **values)
