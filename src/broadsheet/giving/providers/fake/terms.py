"""What the fake provider takes, and how long it waits. Reckoned here anew and not with the house's own `core.money`:
two who add up the same way agree also where both are wrong."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

DAY_S = 86_400.0
PAGE_LIVES_S = DAY_S
RETRIES_AFTER_S = (
    3 * DAY_S,
    5 * DAY_S,
    7 * DAY_S,
)  # a failed renewal is tried again three times; then the pledge lapses
DISPUTED_AFTER_S = DAY_S
DISPUTE_FEE_MINOR = 1500
DISPUTE_STAYS_OPEN_S = 14 * DAY_S  # then it is lost
PAYOUT_EVERY_S = 7 * DAY_S
MOST_MINOR = 10**12


def fee_minor(amount_minor: int) -> int:
    """1.5 % and 25 minor units, of no payment more than itself."""
    return min(amount_minor, (amount_minor * 15 + 500) // 1000 + 25)


def next_due(after: float, frequency: str) -> float:
    """A month or a year later, on the same day or the last of the month."""
    day = datetime.fromtimestamp(after, UTC)
    months = day.year * 12 + day.month - 1 + (12 if frequency == "yearly" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp()
