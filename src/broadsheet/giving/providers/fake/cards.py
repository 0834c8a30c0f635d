"""The cards the fake provider knows, by what becomes of them. No other is taken, so that nobody's own is typed in vain."""

from __future__ import annotations

import re
from enum import StrEnum


class Card(StrEnum):
    PAYS = "pays"
    DECLINED = "declined"
    NO_FUNDS = "no funds"
    ASKS_BANK = "asks bank"  # 3-D Secure: the bank's page comes in between
    DISPUTED = "disputed"  # pays, and a day later its holder's bank takes the money back
    PAYS_ONCE = "pays once"  # … and never again
    EXPIRED = "expired"


# As developers know them from the test modes of real providers.
NUMBERS = {
    "4242424242424242": Card.PAYS,
    "4000000000000002": Card.DECLINED,
    "4000000000009995": Card.NO_FUNDS,
    "4000002760003184": Card.ASKS_BANK,
    "4000000000000259": Card.DISPUTED,
    "4000000000000341": Card.PAYS_ONCE,
    "4000000000000069": Card.EXPIRED,
}

AT_ONCE = {
    Card.DECLINED: "card_declined",
    Card.NO_FUNDS: "insufficient_funds",
    Card.EXPIRED: "expired_card",
}
LATER = {**AT_ONCE, Card.PAYS_ONCE: "card_declined"}  # when a pledge is renewed


def read(number: str) -> tuple[Card, str] | None:
    """The card and the last four of its digits; None if it is none of ours."""
    digits = re.sub(r"[\s-]", "", number)
    card = NUMBERS.get(digits)
    return None if card is None else (card, digits[-4:])
