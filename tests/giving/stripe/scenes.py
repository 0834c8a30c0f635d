"""What readers and their banks do at Stripe, as it then stands in the stand-in: a gift, a pledge, a renewal, a refund …"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from stripe import WebhookSignature

from tests.giving.stripe.standin import Object, StandIn, shape

HOOK_SECRET = "whsec_made_up_for_the_stand_in"
AT = 1_795_000_000  # 2026-11-18 11:06:40 UTC
MONTH = 30 * 86_400

_NEVER = dict.fromkeys(["finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"])


@dataclass(frozen=True)
class Paid:
    """A payment, by the names of its parts."""

    session: str
    intent: str
    charge: str
    line: str


@dataclass(frozen=True)
class Promised:
    session: str
    subscription: str
    invoice: str
    paid: Paid


def give_once(
    at: StandIn, attempt: str, *, amount: int = 1000, currency: str = "eur", fee: int = 40, **charged: Any
) -> Paid:
    """A reader pays on the page, and Stripe has put the money on our account."""
    session = at.name("cs_test")
    paid = _pay(at, session, {"attempt": attempt}, amount=amount, currency=currency, fee=fee, **charged)
    ours: Object = {"metadata": {"attempt": attempt}, "client_reference_id": attempt}
    at.add(
        shape(
            "checkout_session", id=session, payment_intent=paid.intent, amount_total=amount, currency=currency, **ours
        )
    )
    return paid


def pay_page(at: StandIn, session: str, *, fee: int = 40) -> Paid:
    """A reader pays on a page that our own form led to: a single gift."""
    page = at.objects[session]
    given = {"amount": page["amount_total"], "currency": page["currency"], "created": int(time.time())}
    paid = _pay(at, session, page["metadata"], fee=fee, **given)
    page |= {"status": "complete", "payment_status": "paid", "payment_intent": paid.intent, "url": None}
    return paid


def decline_once(at: StandIn, attempt: str) -> Paid:
    """A reader's card is declined; the page stays open."""
    session, intent, charge = at.name("cs_test"), at.name("pi"), at.name("ch")
    ours: Object = {"metadata": {"attempt": attempt}}
    error = {"type": "card_error", "code": "card_declined", "message": "Your card has insufficient funds."}
    at.add(
        shape("payment_intent", id=intent, status="requires_payment_method", latest_charge=charge, amount_received=0,
              last_payment_error=error, **ours),
        shape("charge", id=charge, payment_intent=intent, status="failed", paid=False, balance_transaction=None,
              failure_code="card_declined", failure_message=error["message"]),
        shape("checkout_session", id=session, payment_intent=intent, status="open", payment_status="unpaid",
              url="https://checkout.stripe.com/c/pay/made-up", **ours),
    )  # fmt: skip
    return Paid(session, intent, charge, "")


def pledge(at: StandIn, attempt: str, *, amount: int = 500, interval: str = "month") -> Promised:
    """A reader promises to give again, and has given for the first time."""
    session, subscription, customer = at.name("cs_test"), at.name("sub"), at.name("cus")
    ours: Object = {"metadata": {"attempt": attempt}}
    price = shape("price", id=at.name("price"), unit_amount=amount)
    price["recurring"]["interval"] = interval
    item = shape(
        "subscription_item", id=at.name("si"), subscription=subscription, price=price, current_period_end=AT + MONTH
    )
    made = shape("subscription", id=subscription, customer=customer, **ours)
    made["items"]["data"] = [item]
    at.add(
        shape("customer", id=customer),
        made,
        shape("checkout_session", id=session, mode="subscription", subscription=subscription, customer=customer,
              payment_intent=None, client_reference_id=attempt, **ours),
    )  # fmt: skip
    invoice, paid = renew(at, subscription, amount=amount, reason="subscription_create", when=AT)
    return Promised(session, subscription, invoice, paid)


def renew(
    at: StandIn, subscription: str, *, amount: int = 500, reason: str = "subscription_cycle", when: int = AT + MONTH
) -> tuple[str, Paid]:
    """The next payment of a pledge arrives."""
    made = at.objects[subscription]
    invoice = _invoice(at, subscription, amount, billing_reason=reason, created=when)
    paid = _pay(at, "", {}, amount=amount, currency="eur", fee=30, created=when, customer=made["customer"])
    at.add(_invoice_payment(at, invoice, paid.intent, amount, status="paid"))
    made["items"]["data"][0] |= {"current_period_start": when, "current_period_end": when + MONTH}
    made["latest_invoice"] = invoice
    return invoice, paid


def fail_renewal(
    at: StandIn, subscription: str, *, tries: int = 1, next_try: int | None = AT + MONTH + 3 * 86_400
) -> str:
    """A card that was good is not any more; Stripe will try again."""
    made = at.objects[subscription]
    invoice = _invoice(
        at, subscription, 500, billing_reason="subscription_cycle", created=AT + MONTH, status="open", amount_paid=0,
        attempt_count=tries, next_payment_attempt=next_try,
        status_transitions={**_NEVER, "finalized_at": AT + MONTH + 3600},
    )  # fmt: skip
    intent, charge = at.name("pi"), at.name("ch")
    error = {"type": "card_error", "code": "expired_card", "message": "Your card has expired."}
    at.add(
        shape(
            "payment_intent",
            id=intent,
            status="requires_payment_method",
            latest_charge=charge,
            last_payment_error=error,
        ),
        shape("charge", id=charge, payment_intent=intent, status="failed", paid=False, balance_transaction=None),
        _invoice_payment(at, invoice, intent, 500, status="open"),
    )
    made |= {"status": "past_due", "latest_invoice": invoice}
    return invoice


def repair_renewal(at: StandIn, subscription: str) -> Paid:
    """The card was replaced, and the payment that was owed arrives on the same invoice and intent."""
    made = at.objects[subscription]
    invoice = made["latest_invoice"]
    (payment,) = (each for each in at.objects.values() if each.get("invoice") == invoice)
    paid = _pay(at, "", {}, amount=500, currency="eur", fee=30, created=AT + MONTH + 86_400, customer=made["customer"],
                intent=payment["payment"]["payment_intent"])  # fmt: skip
    payment["status"] = "paid"
    at.objects[invoice] |= {"status": "paid", "amount_paid": 500, "attempt_count": 2, "next_payment_attempt": None}
    made["status"] = "active"
    return paid


def refund(at: StandIn, paid: Paid, amount: int, *, fee: int = 0) -> str:
    """Given back by hand, in Stripe's own dashboard."""
    charge = at.objects[paid.charge]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    name, line = at.name("re"), at.name("txn")
    currency = charge["currency"]
    at.add(
        shape("balance_transaction", id=line, type="refund", amount=-amount, fee=fee, net=-amount - fee, source=name,
              created=AT + 3600, currency=currency, reporting_category="refund"),
        shape("refund", id=name, charge=paid.charge, payment_intent=paid.intent, amount=amount, currency=currency,
              balance_transaction=line),
    )  # fmt: skip
    return name


def fail_refund(at: StandIn, name: str) -> None:
    """The giver's bank could not take it: the money is back on our account, days later."""
    refund, line = at.objects[name], at.name("txn")
    at.objects[refund["charge"]]["amount_refunded"] -= refund["amount"]
    at.add(
        shape("balance_transaction", id=line, type="refund_failure", amount=refund["amount"], fee=0, net=refund["amount"],
              source=name, created=AT + 5 * 86_400, reporting_category="refund_failure")
    )  # fmt: skip
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card", "failure_balance_transaction": line}


def dispute(at: StandIn, paid: Paid, *, fee: int = 2000) -> str:
    """The giver's bank takes it back, and Stripe its fee for that."""
    charge, name, line = at.objects[paid.charge], at.name("dp"), at.name("txn")
    amount = charge["amount"]
    taken = shape("balance_transaction", id=line, type="adjustment", amount=-amount, fee=fee, net=-amount - fee, source=name,
                  created=AT + 7200, reporting_category="dispute")  # fmt: skip
    charge["disputed"] = True
    at.add(taken, shape("dispute", id=name, charge=paid.charge, payment_intent=paid.intent, amount=amount,
                        balance_transactions=[taken]))  # fmt: skip
    return name


def win_dispute(at: StandIn, name: str, *, fee_back: int = 0) -> None:
    dispute, line = at.objects[name], at.name("txn")
    amount = dispute["amount"]
    back = shape("balance_transaction", id=line, type="adjustment", amount=amount, fee=-fee_back, net=amount + fee_back,
                 source=name, created=AT + MONTH, reporting_category="dispute_reversal")  # fmt: skip
    at.add(back)
    dispute |= {"status": "won", "balance_transactions": [*dispute["balance_transactions"], back]}


def pay_out(at: StandIn, amount: int) -> str:
    name, line = at.name("po"), at.name("txn")
    at.add(
        shape("payout", id=name, amount=amount, balance_transaction=line),
        shape("balance_transaction", id=line, type="payout", amount=-amount, fee=0, net=-amount, source=name,
              created=AT + 86_400, reporting_category="payout"),
    )  # fmt: skip
    return name


def event(kind: str, about: Object, *, name: str = "evt_made_up_1") -> bytes:
    return json.dumps(shape("event", id=name, type=kind, data={"object": about}), indent=2).encode()


def signed(body: bytes, *, secret: str = HOOK_SECRET, at: int | None = None) -> dict[str, str]:
    """The header Stripe sends along. The reckoning is the SDK's, and so not a proof of it: `test_localstripe.py` is."""
    return {
        "stripe-signature": WebhookSignature.generate_signature_header(body.decode(), secret, at or int(time.time()))
    }


def _pay(
    at: StandIn,
    session: str,
    ours: dict[str, str],
    *,
    amount: int,
    currency: str,
    fee: int,
    intent: str = "",
    **charged: Any,
) -> Paid:
    intent, charge, line = intent or at.name("pi"), at.name("ch"), at.name("txn")
    created = charged.get("created", AT)
    at.add(
        shape("payment_intent", id=intent, amount=amount, amount_received=amount, currency=currency, latest_charge=charge,
              metadata=ours, created=created),
        shape("charge", **{"id": charge, "amount": amount, "amount_captured": amount, "currency": currency,
              "payment_intent": intent, "balance_transaction": line, "metadata": ours, **charged}),
        shape("balance_transaction", id=line, amount=amount, currency=currency, fee=fee, net=amount - fee, source=charge,
              created=created),
    )  # fmt: skip
    return Paid(session, intent, charge, line)


def _invoice(at: StandIn, subscription: str, amount: int, **given: Any) -> str:
    name = at.name("in")
    made = shape(
        "invoice", id=name, customer=at.objects[subscription]["customer"], amount_due=amount, total=amount, **given
    )
    made["parent"]["subscription_details"]["subscription"] = subscription
    at.add(made)
    return name


def _invoice_payment(at: StandIn, invoice: str, intent: str, amount: int, *, status: str) -> Object:
    paid = {"payment_intent": intent, "type": "payment_intent"}
    return shape(
        "invoice_payment", id=at.name("inpay"), invoice=invoice, payment=paid, amount_requested=amount, status=status
    )
