"""The stand-in's objects are held against the fields that Stripe's own SDK knows of the version we read."""

from __future__ import annotations

import json
import re

import pytest
import stripe

from broadsheet.giving.providers.stripe.asking import API_VERSION
from tests.giving.stripe.standin import SHAPES

CLASSES = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout_session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payout": stripe.Payout,
    "portal_session": stripe.billing_portal.Session,
    "price": stripe.Price,
    "product": stripe.Product,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "subscription_item": stripe.SubscriptionItem,
}


def test_the_sdk_knows_the_version_we_read() -> None:
    """A newer SDK with another version in mind has other types than what we are sent: read its changes, then raise ours."""
    assert stripe.api_version in (None, API_VERSION)
    assert stripe.StripeClient("sk_test_x")._requestor._options.stripe_version == API_VERSION


def test_every_shape_is_held_against_the_sdk() -> None:
    assert {file.stem for file in SHAPES.glob("*.json")} == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_a_shape_has_the_fields_of_its_version_and_no_others(name: str) -> None:
    made, documented = json.loads((SHAPES / f"{name}.json").read_text()), CLASSES[name].__annotations__
    assert made["object"] == CLASSES[name].OBJECT_NAME
    assert set(made) - set(documented) == set()
    owed = {field for field, kind in documented.items() if not re.search("Optional|NoneType|ClassVar|Class", str(kind))}
    assert owed - set(made) - {"_inner_class_types"} - _LEFT_OUT.get(name, set()) == set()


# Objects in themselves, of which nothing is read here.
_LEFT_OUT = {
    "dispute": {"enhanced_eligibility_types"},
    "subscription": {"billing_schedules"},
    "subscription_item": {"plan"},
}
