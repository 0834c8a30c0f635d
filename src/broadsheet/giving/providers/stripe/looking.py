"""Reading an object at Stripe, with all that hangs together with it, as it stands now.

Whatever an event named, the same payment is read from the same charge: two events of one payment cannot differ, only one
can be later. Expansions reach four fields deep and no further; an invoice's charges lie deeper, and are asked for singly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import stripe

from broadsheet import clock
from broadsheet.giving.providers.interface import Giver, NotReached, Seen
from broadsheet.giving.providers.stripe import seen
from broadsheet.giving.providers.stripe.asking import Missing, asking

_NOTHING = Seen()


def look(client: stripe.StripeClient, ref: str) -> Seen:
    read = _READERS.get(ref.partition("_")[0])
    if read is None:
        return _NOTHING
    try:
        with asking(f"read {ref}"):
            return read(client, ref)
    except Missing:
        return _NOTHING


# ── pages


def _session(client: stripe.StripeClient, ref: str) -> Seen:
    session = client.v1.checkout.sessions.retrieve(ref, {"expand": ["payment_intent"]})
    if not seen.mark(session.metadata):
        return _NOTHING
    intent = session.payment_intent if isinstance(session.payment_intent, stripe.PaymentIntent) else None
    about = Seen(attempts=(seen.attempt(session, intent),))
    if session.subscription:
        return _together(about, _subscription(client, seen.name_of(session.subscription)))
    if intent and intent.latest_charge:
        return _together(about, _charge(client, seen.name_of(intent.latest_charge)))
    return about


def _page_of(client: stripe.StripeClient, intent: stripe.PaymentIntent | None) -> Seen:
    """How the page fares on which this was not paid; the page says, as one declined card is not the end of it."""
    session = _session_of(client, intent)
    return Seen(attempts=(seen.attempt(session, intent),)) if session else _NOTHING


def _session_of(client: stripe.StripeClient, intent: stripe.PaymentIntent | None) -> stripe.checkout.Session | None:
    if intent is None or not seen.mark(intent.metadata):
        return None
    found = client.v1.checkout.sessions.list({"payment_intent": intent.id, "limit": 1}).data
    return found[0] if found else None


# ── payments


def _intent(client: stripe.StripeClient, ref: str) -> Seen:
    intent = client.v1.payment_intents.retrieve(ref)
    if intent.latest_charge:
        return _charge(client, seen.name_of(intent.latest_charge))
    return _page_of(client, intent)


def _charge(client: stripe.StripeClient, ref: str) -> Seen:
    charge = _read_charge(client, ref)
    intent = charge.payment_intent if isinstance(charge.payment_intent, stripe.PaymentIntent) else None
    if charge.status != "succeeded" and not seen.known(charge, "failure_balance_transaction"):
        return _page_of(client, intent)
    if intent is None:
        return _NOTHING
    attempt = seen.mark(intent.metadata)
    if attempt:
        return _paid(client, charge, attempt=attempt, giver=_giver(client, charge, intent))
    return _paid_by_pledge(client, charge, intent)


def _read_charge(client: stripe.StripeClient, ref: str) -> stripe.Charge:
    lines = ["balance_transaction", "failure_balance_transaction"]
    of_refunds = [f"refunds.data.{line}" for line in lines]
    return client.v1.charges.retrieve(ref, {"expand": [*lines, *of_refunds, "payment_intent"]})


def _paid(
    client: stripe.StripeClient, charge: stripe.Charge, *, giver: Giver, attempt: str = "", pledge: str = ""
) -> Seen:
    refunds, disputes = _refunds(client, charge), _disputes(client, charge)
    payment = seen.payment(charge, giver, refunds, disputes, attempt=attempt, pledge=pledge, now=clock.now())
    return Seen(payments=(payment,))


def _paid_by_pledge(client: stripe.StripeClient, charge: stripe.Charge, intent: stripe.PaymentIntent) -> Seen:
    """Charges have not named their invoice since 2025-03-31 (basil); what lies between the two does."""
    invoice = _invoice_of(client, intent)
    name = seen.subscription_of(invoice) if invoice else ""
    if invoice is None or not name:
        return _NOTHING
    subscription = _read_subscription(client, name)
    if not seen.mark(subscription.metadata):
        return _NOTHING
    promised = _pledge(client, subscription)
    if not promised.pledges:
        raise NotReached(f"{charge.id} pays {name}, which Stripe has not begun yet.")
    return _together(promised, _paid_for(client, charge, subscription, invoice))


def _paid_for(
    client: stripe.StripeClient, charge: stripe.Charge, subscription: stripe.Subscription, invoice: stripe.Invoice
) -> Seen:
    is_first = invoice.billing_reason == "subscription_create"
    attempt = seen.mark(subscription.metadata) if is_first else ""
    return _paid(client, charge, giver=seen.giver(charge), attempt=attempt, pledge=subscription.id)


def _giver(client: stripe.StripeClient, charge: stripe.Charge, intent: stripe.PaymentIntent) -> Giver:
    """Some ways to pay tell the charge no address; the page that asked for it knows."""
    known = seen.giver(charge)
    if known.email:
        return known
    session = _session_of(client, intent)
    details = session.customer_details if session else None
    return replace(known, email=details.email or "", name=known.name or details.name or "") if details else known


def _refunds(client: stripe.StripeClient, charge: stripe.Charge) -> list[stripe.Refund]:
    listed = seen.known(charge, "refunds")
    if listed is None or not listed.has_more:
        return list(listed.data) if listed else []
    expand = ["data.balance_transaction", "data.failure_balance_transaction"]
    return list(client.v1.refunds.list({"charge": charge.id, "limit": 100, "expand": expand}).auto_paging_iter())


def _disputes(client: stripe.StripeClient, charge: stripe.Charge) -> list[stripe.Dispute]:
    if not seen.known(charge, "disputed"):
        return []
    return list(client.v1.disputes.list({"charge": charge.id, "limit": 100}).auto_paging_iter())


def _refund(client: stripe.StripeClient, ref: str) -> Seen:
    charge = client.v1.refunds.retrieve(ref).charge
    return _charge(client, seen.name_of(charge)) if charge else _NOTHING


def _dispute(client: stripe.StripeClient, ref: str) -> Seen:
    return _charge(client, seen.name_of(client.v1.disputes.retrieve(ref).charge))


# ── pledges


def _subscription(client: stripe.StripeClient, ref: str) -> Seen:
    """With the payment of its latest invoice, so that a renewal whose own event was lost is not."""
    subscription = _read_subscription(client, ref)
    return _promised_and_paid(client, subscription, _latest_invoice(client, subscription))


def _invoice(client: stripe.StripeClient, ref: str) -> Seen:
    invoice = _read_invoice(client, ref)
    name = seen.subscription_of(invoice)
    return _promised_and_paid(client, _read_subscription(client, name), invoice) if name else _NOTHING


def _promised_and_paid(
    client: stripe.StripeClient, subscription: stripe.Subscription, invoice: stripe.Invoice | None
) -> Seen:
    """The pledge as it stands, and what was paid of this invoice."""
    is_latest = invoice is not None and seen.name_of(subscription.latest_invoice) == invoice.id
    promised = _pledge(client, subscription, invoice if is_latest else None)
    if invoice is None or not promised.pledges:
        return promised
    names = [seen.name_of(intent.latest_charge) for intent in _intents(invoice) if intent.status == "succeeded"]
    charges = [_read_charge(client, name) for name in names if name]
    return _together(promised, *(_paid_for(client, charge, subscription, invoice) for charge in charges))


def _pledge(
    client: stripe.StripeClient, subscription: stripe.Subscription, latest: stripe.Invoice | None = None
) -> Seen:
    latest = latest or _latest_invoice(client, subscription)
    pledge = seen.pledge(subscription, latest, next(iter(_intents(latest)), None) if latest else None)
    return Seen(pledges=(pledge,)) if pledge else _NOTHING


def _latest_invoice(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice | None:
    name = seen.name_of(subscription.latest_invoice)
    return _read_invoice(client, name) if name else None


def _read_subscription(client: stripe.StripeClient, ref: str) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(ref, {"expand": ["customer"]})


def _read_invoice(client: stripe.StripeClient, ref: str) -> stripe.Invoice:
    return client.v1.invoices.retrieve(ref, {"expand": ["payments.data.payment.payment_intent"]})


def _invoice_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Invoice | None:
    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}, "limit": 1, "expand": ["data.invoice"]}
    ).data
    return found[0].invoice if found and isinstance(found[0].invoice, stripe.Invoice) else None


def _intents(invoice: stripe.Invoice) -> list[stripe.PaymentIntent]:
    payments = seen.known(invoice, "payments")
    listed = payments.data if payments else []
    intents = (each.payment.payment_intent for each in listed if each.payment.type == "payment_intent")
    return [intent for intent in intents if isinstance(intent, stripe.PaymentIntent)]


# ── what is about the account


def _payout(client: stripe.StripeClient, ref: str) -> Seen:
    lines = ["balance_transaction", "failure_balance_transaction"]
    payout = seen.payout(client.v1.payouts.retrieve(ref, {"expand": [*lines]}))
    return Seen(payouts=(payout,)) if payout else _NOTHING


def _line(client: stripe.StripeClient, ref: str) -> Seen:
    fee = seen.account_fee(client.v1.balance_transactions.retrieve(ref))
    return Seen(fees=(fee,)) if fee else _NOTHING


def _together(*parts: Seen) -> Seen:
    """Each once: an invoice's payment brings its pledge along, which is there already."""

    def each(name: str) -> Iterable[object]:
        return dict.fromkeys(found for part in parts for found in getattr(part, name))

    return Seen(**{name: tuple(each(name)) for name in ("attempts", "pledges", "payments", "payouts", "fees")})  # type: ignore[arg-type]


_READERS: dict[str, Callable[[stripe.StripeClient, str], Seen]] = {
    "cs": _session,
    "pi": _intent,
    "ch": _charge,
    "py": _charge,
    "re": _refund,
    "pyr": _refund,
    "dp": _dispute,
    "du": _dispute,
    "in": _invoice,
    "sub": _subscription,
    "po": _payout,
    "txn": _line,
}
