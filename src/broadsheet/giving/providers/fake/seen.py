"""The fake provider's objects, put into our words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.models import AttemptState, EndReason, Frequency, PledgeState
from broadsheet.giving.providers.interface import (
    Giver,
    Line,
    Seen,
    SeenAttempt,
    SeenDispute,
    SeenPayment,
    SeenPayout,
    SeenPledge,
    SeenRefund,
)

Said = dict[str, Any]

KINDS = {
    "payment": Kind.GIFT,
    "fee": Kind.FEE,
    "refund": Kind.REFUND,
    "dispute": Kind.DISPUTE,
    "dispute_fee": Kind.DISPUTE_FEE,
    "dispute_won": Kind.DISPUTE_WON,
    "payout": Kind.PAYOUT,
}


def seen(said: Said) -> Seen:
    return Seen(
        attempts=tuple(_attempt(page) for page in said.get("checkouts", ()) if page["key"]),
        pledges=tuple(_pledge(pledge) for pledge in said.get("pledges", ())),
        payments=tuple(_payment(payment) for payment in said.get("payments", ())),
        payouts=tuple(
            SeenPayout(payout["id"], _money(payout), moment(payout["at"])) for payout in said.get("payouts", ())
        ),
    )


def line(said: Said) -> Line:
    """Which way it went follows from its kind; a line that went the other way would be no line of ours."""
    return Line(
        kind=KINDS[said["kind"]],
        object_ref=said["object"],
        amount=Money(abs(said["amount"]), said["currency"]),
        at=moment(said["at"]),
        look_at=said["object"],
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _attempt(page: Said) -> SeenAttempt:
    states = {"done": AttemptState.PAID, "expired": AttemptState.EXPIRED}
    unfinished = AttemptState.FAILED if page["fault"] else AttemptState.BEGUN
    return SeenAttempt(page["key"], page["id"], states.get(page["state"], unfinished), page["fault"])


def _pledge(pledge: Said) -> SeenPledge:
    reasons = {"failed": EndReason.FAILED}
    return SeenPledge(
        ref=pledge["id"],
        amount=_money(pledge),
        frequency=Frequency(pledge["frequency"]),
        state=PledgeState(pledge["state"]),
        started_at=moment(pledge["started_at"]),
        giver=_giver(pledge),
        attempt=pledge["key"],
        next_at=_maybe(pledge["next_at"]),
        failing_since=_maybe(pledge["failing_since"]),
        failed_tries=pledge["failed_tries"],
        fault=pledge["fault"],
        paused_until=_maybe(pledge["paused_until"]),
        ended_at=_maybe(pledge["ended_at"]),
        end_reason=reasons.get(pledge["end_reason"], ""),
    )


def _payment(payment: Said) -> SeenPayment:
    currency = payment["currency"]
    return SeenPayment(
        ref=payment["id"],
        amount=_money(payment),
        paid_at=moment(payment["paid_at"]),
        giver=_giver(payment),
        attempt=payment["key"],
        pledge=payment["pledge"] or "",
        fee=Money(payment["fee"], currency),
        method="card",
        refunds=tuple(
            SeenRefund(refund["id"], Money(refund["amount"], currency), moment(refund["at"]))
            for refund in payment["refunds"]
        ),
        disputes=tuple(_dispute(dispute, currency) for dispute in payment["disputes"]),
    )


def _dispute(dispute: Said, currency: str) -> SeenDispute:
    return SeenDispute(
        ref=dispute["id"],
        amount=Money(dispute["amount"], currency),
        at=moment(dispute["at"]),
        fee=Money(dispute["fee"], currency),
        won_at=moment(dispute["decided_at"]) if dispute["state"] == "won" else None,
        lost_at=moment(dispute["decided_at"]) if dispute["state"] == "lost" else None,
        answer_by=moment(dispute["answer_by"]),
        reason="fraudulent",
    )


def _giver(said: Said) -> Giver:
    return Giver(ref=said["customer"], email=said["email"])


def _money(said: Said) -> Money:
    return Money(said["amount"], said["currency"])


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
