"""What happens by itself: renewals, disputes, payouts, pages that nobody came back to.

Let days pass, and what is due within them is brought forward and done now, day by day, in its order. The clock is not moved:
the house and its provider agree on what time it is, and no money is dated tomorrow.
"""

from __future__ import annotations

from broadsheet import clock
from broadsheet.giving.providers.fake import money, paying, pledges
from broadsheet.giving.providers.fake.store import Store
from broadsheet.giving.providers.fake.terms import DAY_S, PAYOUT_EVERY_S

MOST_DAYS = 400

_DUE = {
    "pages": ("expires_at",),
    "pledges": ("due_at", "next_at", "paused_until"),
    "payments": ("dispute_at",),
    "disputes": ("answer_by",),
    "deliveries": ("due_at",),
}


def do_what_is_due(store: Store) -> None:
    with store.act():
        pledges.renew_what_is_due(store)
        money.dispute_what_is_due(store)
        money.pay_out_if_due(store)
        paying.expire_what_is_due(store)


def let_pass(store: Store, days: int) -> None:
    if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MOST_DAYS:
        raise money.Refused(f"between 1 and {MOST_DAYS} days, not {days!r}")
    with store.act():
        for _ in range(days):
            _bring_forward(store)
            do_what_is_due(store)


def _bring_forward(store: Store) -> None:
    for table, columns in _DUE.items():
        for column in columns:  # what is not due at any time stays so: NULL less a day is NULL
            store.run(f"UPDATE {table} SET {column} = {column} - ?", DAY_S)  # noqa: S608 - our own words
    store.set("payout_at", store.setting("payout_at", clock.timestamp() + PAYOUT_EVERY_S) - DAY_S)
