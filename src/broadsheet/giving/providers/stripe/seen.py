"""Stripe's objects put into our words. Asks nobody: what is needed of other objects is handed in (`looking.py` fetches it).

**A payment is its charge** (`ch_…`, `py_…`), whichever event told of it. A PaymentIntent has many charges where a card was
declined first, of which one succeeds; refunds, disputes and Stripe's own account all name the charge. The keys of the
ledger, and with them the lines of `lines.py`, are therefore:

    gift, fee                        charge          ch_…, py_…
    refund, fee back, refund back    refund          re_…, pyr_…
    dispute, its fee, won            dispute         dp_…, du_…
    payout, payout back              payout          po_…
    fee of the account               its own line    txn_…

What is ours carries our mark: `metadata.attempt`, on the page, the PaymentIntent of a single gift, and the subscription.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import stripe

from broadsheet.core.money import Money
from broadsheet.giving.models import AttemptState, EndReason, Frequency, PledgeState
from broadsheet.giving.providers.interface import (
    Giver,
    SeenAttempt,
    SeenDispute,
    SeenFee,
    SeenPayment,
    SeenPayout,
    SeenPledge,
    SeenRefund,
)
from broadsheet.giving.providers.stripe.amounts import from_stripe

MARK = "attempt"

FEES_OF_THE_ACCOUNT = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee"})

_INTERVALS = {"month": Frequency.MONTHLY, "year": Frequency.YEARLY}
_NOT_YET = frozenset({"incomplete", "incomplete_expired"})  # its first payment did not arrive: nothing was promised
_STATES = {
    "active": PledgeState.ACTIVE,
    "trialing": PledgeState.ACTIVE,
    "past_due": PledgeState.FAILING,
    "paused": PledgeState.PAUSED,
    "canceled": PledgeState.ENDED,
    "unpaid": PledgeState.ENDED,  # Stripe has stopped trying, and was told to keep the subscription
}


def mark(metadata: Any) -> str:
    """Our attempt, or nothing: then it is not ours."""
    return str(metadata[MARK]) if metadata is not None and MARK in metadata else ""


def name_of(thing: str | stripe.StripeObject | None) -> str:
    """Of what may be an object or only its name."""
    if thing is None or isinstance(thing, str):
        return thing or ""
    return str(thing["id"])


# ── pages


def attempt(session: stripe.checkout.Session, intent: stripe.PaymentIntent | None) -> SeenAttempt:
    return SeenAttempt(mark(session.metadata), session.id, _state_of(session, intent), last_fault(intent))


def _state_of(session: stripe.checkout.Session, intent: stripe.PaymentIntent | None) -> AttemptState:
    """A declined card leaves the page open, and the reader tries another; a debit that bounced days later does not."""
    if session.payment_status in ("paid", "no_payment_required"):
        return AttemptState.PAID
    if session.status == "expired":
        return AttemptState.EXPIRED
    bounced = intent is not None and intent.status in ("requires_payment_method", "canceled")
    return AttemptState.FAILED if bounced and session.status == "complete" else AttemptState.BEGUN


def last_fault(intent: stripe.PaymentIntent | None) -> str:
    error = intent.last_payment_error if intent else None
    return str(known(error, "message") or known(error, "code") or "") if error else ""


# ── payments


def payment(
    charge: stripe.Charge,
    giver: Giver,
    refunds: Sequence[stripe.Refund],
    disputes: Iterable[stripe.Dispute],
    *,
    attempt: str = "",
    pledge: str = "",
    now: datetime,
) -> SeenPayment:
    method = charge.payment_method_details
    return SeenPayment(
        ref=charge.id,
        amount=from_stripe(charge.amount, charge.currency),
        paid_at=_booked_at(charge.balance_transaction, charge.created),
        giver=giver,
        attempt=attempt,
        pledge=pledge,
        fee=fee(charge.balance_transaction)
        if isinstance(charge.balance_transaction, stripe.BalanceTransaction)
        else None,
        method=method.type if method else "",
        refunds=(*_bounced(charge), *filter(None, map(refund, refunds))),
        disputes=tuple(filter(None, (dispute(each, now) for each in disputes))),
    )


def giver(charge: stripe.Charge) -> Giver:
    details = charge.billing_details
    return Giver(name_of(charge.customer), details.email or charge.receipt_email or "", details.name or "")


def fee(line: stripe.BalanceTransaction) -> Money:
    """In the currency that Stripe settles in, which need not be the gift's."""
    return from_stripe(line.fee, line.currency)


def refund(refund: stripe.Refund) -> SeenRefund | None:
    """None while no money has moved. One that fails comes back to us on a line of its own."""
    line, back = refund.balance_transaction, known(refund, "failure_balance_transaction")
    if line is None:
        return None
    has_fee_back = isinstance(line, stripe.BalanceTransaction) and line.fee < 0
    return SeenRefund(
        ref=refund.id,
        amount=from_stripe(refund.amount, refund.currency),
        at=_booked_at(line, refund.created),
        fee_back=fee(line) if has_fee_back else None,  # type: ignore[arg-type]
        came_back_at=moment(back.created) if isinstance(back, stripe.BalanceTransaction) else None,
    )


def _bounced(charge: stripe.Charge) -> tuple[SeenRefund, ...]:
    """A debit that had arrived and was called back by the bank, without a dispute: Stripe's line of it is its name."""
    line = known(charge, "failure_balance_transaction")
    if not isinstance(line, stripe.BalanceTransaction):
        return ()
    return (SeenRefund(line.id, from_stripe(charge.amount, charge.currency), moment(line.created)),)


def dispute(dispute: stripe.Dispute, now: datetime) -> SeenDispute | None:
    """None where the bank only asks: no money has moved. `now`: a loss is not dated, so it is dated by who hears of it."""
    taken = [line for line in dispute.balance_transactions if line.amount < 0]
    returned = [line for line in dispute.balance_transactions if line.amount > 0]
    if not taken:
        return None
    answer_by = dispute.evidence_details.due_by
    return SeenDispute(
        ref=dispute.id,
        amount=from_stripe(dispute.amount, dispute.currency),
        at=moment(taken[0].created),
        fee=fee(taken[0]) if taken[0].fee > 0 else None,
        fee_back=fee(returned[0]) if returned and returned[0].fee < 0 else None,
        won_at=moment(returned[0].created) if returned else None,
        lost_at=now if dispute.status == "lost" else None,
        answer_by=moment(answer_by) if answer_by and dispute.status == "needs_response" else None,
        reason=dispute.reason.replace("_", " "),
    )


# ── pledges


def pledge(
    subscription: stripe.Subscription, invoice: stripe.Invoice | None, intent: stripe.PaymentIntent | None
) -> SeenPledge | None:
    """`invoice`: its latest, and `intent`: the payment of that. None before its first payment, and where it is not ours."""
    if subscription.status in _NOT_YET or not mark(subscription.metadata):
        return None
    item = subscription.items.data[0]
    state = _STATES.get(subscription.status, PledgeState.ACTIVE)
    pause = subscription.pause_collection
    if pause and state != PledgeState.ENDED:
        state = PledgeState.PAUSED
    owed = invoice if state == PledgeState.FAILING and invoice and invoice.status == "open" else None
    goes_on = state == PledgeState.ACTIVE and not subscription.cancel_at_period_end and not subscription.cancel_at
    next_at = owed.next_payment_attempt if owed else item.current_period_end if goes_on else None
    return SeenPledge(
        ref=subscription.id,
        amount=_amount_of(item),
        frequency=_INTERVALS[item.price.recurring.interval if item.price.recurring else "month"],
        state=state,
        started_at=moment(subscription.start_date),
        giver=_customer(subscription.customer),
        attempt=mark(subscription.metadata),
        next_at=moment(next_at) if next_at else None,
        failing_since=moment(owed.status_transitions.finalized_at or owed.created) if owed else None,
        failed_tries=owed.attempt_count if owed else 0,
        fault=last_fault(intent) if owed else "",
        paused_until=moment(pause.resumes_at) if pause and pause.resumes_at and state == PledgeState.PAUSED else None,
        ended_at=_ended_at(subscription, invoice) if state == PledgeState.ENDED else None,
        end_reason=_end_reason(subscription) if state == PledgeState.ENDED else "",
    )


def _amount_of(item: stripe.SubscriptionItem) -> Money:
    return from_stripe((item.price.unit_amount or 0) * (item.quantity or 1), item.price.currency)


def _customer(customer: str | stripe.Customer) -> Giver:
    if isinstance(customer, str) or known(customer, "deleted"):
        return Giver(name_of(customer))
    return Giver(customer.id, customer.email or "", customer.name or "")


def _ended_at(subscription: stripe.Subscription, invoice: stripe.Invoice | None) -> datetime:
    """One that Stripe left unpaid has no end of its own: it ended with the payment that never came."""
    at = subscription.ended_at or subscription.canceled_at or (invoice.created if invoice else subscription.created)
    return moment(at)


def _end_reason(subscription: stripe.Subscription) -> str:
    """Stripe's "cancellation_requested" is whoever asked, by whatever way: ours are known before, others not at all."""
    details = known(subscription, "cancellation_details")
    stopped_paying = subscription.status == "unpaid" or (details is not None and details.reason == "payment_failed")
    return EndReason.FAILED if stopped_paying else EndReason.PROVIDER


def subscription_of(invoice: stripe.Invoice) -> str:
    """By name; empty for an invoice of something else. Invoices named it themselves until 2025-03-31 (basil)."""
    details = invoice.parent.subscription_details if invoice.parent else None
    return name_of(details.subscription) if details else ""


# ── what is about the account


def payout(payout: stripe.Payout) -> SeenPayout | None:
    """As it leaves Stripe: the same day for the books, some days before it is at the bank. None before that."""
    if payout.balance_transaction is None:
        return None
    back = known(payout, "failure_balance_transaction")
    return SeenPayout(
        ref=payout.id,
        amount=from_stripe(payout.amount, payout.currency),
        at=_booked_at(payout.balance_transaction, payout.created),
        came_back_at=moment(back.created) if isinstance(back, stripe.BalanceTransaction) else None,
    )


def account_fee(line: stripe.BalanceTransaction) -> SeenFee | None:
    """What Stripe takes of the account rather than of a payment: for recurring payments, taxes on its fees …"""
    if line.type not in FEES_OF_THE_ACCOUNT or line.net >= 0:
        return None
    return SeenFee(line.id, from_stripe(line.net, line.currency), moment(line.created))


def _booked_at(line: str | stripe.BalanceTransaction | None, created: int) -> datetime:
    """As Stripe's own account dates it, so that a comparison of some days finds it there; a debit is begun days before."""
    return moment(line.created if isinstance(line, stripe.BalanceTransaction) else created)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def known(thing: Any, name: str) -> Any:
    """A field that Stripe leaves out where it has nothing to say, and null where it has."""
    return getattr(thing, name, None)
