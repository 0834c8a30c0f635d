"""Against `localstripe`, a stand-in that others made: where it suffices, it agrees with us without having asked us.

It signs events as Stripe does, and knows customers, PaymentIntents, refunds and subscriptions, in the shapes of older versions
of the API; Checkout, the Portal, disputes and idempotency keys it does not know. It is run, never imported (GPL).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any
from urllib.parse import urlencode

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Donation, Pledge
from broadsheet.giving.providers.interface import Declined, NotBelieved, Seen
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.server import end_with_parent, free_port

KEY, SECRET = "sk_test_localstripe", "whsec_localstripe"

Told = tuple[bytes, dict[str, str]]


class LocalStripe:
    """Asked as a merchant's other programs would ask: by plain HTTP."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, **form: str | int) -> dict[str, Any]:
        key = b64encode(f"{KEY}:".encode()).decode()
        body = urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + path, body, {"Authorization": f"Basic {key}"}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")  # type: ignore[no-any-return]

    def customer(self) -> tuple[str, str]:
        """With a card that pays."""
        card = {"card[number]": "4242424242424242", "card[exp_month]": 12, "card[exp_year]": 2034, "card[cvc]": "123"}
        method = self.ask("POST", "/v1/payment_methods", type="card", **card)["id"]
        customer = self.ask("POST", "/v1/customers", email="ann@example.org")["id"]
        self.ask("POST", f"/v1/payment_methods/{method}/attach", customer=customer)
        return customer, method

    def pay(self, amount: int) -> tuple[str, str]:
        customer, method = self.customer()
        of = {"amount": amount, "currency": "eur", "customer": customer, "payment_method": method, "confirm": "true"}
        intent = self.ask("POST", "/v1/payment_intents", **of)
        return intent["id"], intent["latest_charge"]["id"]


@pytest.fixture(scope="module")
def localstripe() -> Iterator[LocalStripe]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    running, deadline = LocalStripe(port), time.monotonic() + 30
    try:
        while True:
            assert process.poll() is None and time.monotonic() < deadline, "localstripe does not start"
            with suppress(urllib.error.URLError, ConnectionError):
                running.ask("GET", "/v1/balance")
                break
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def told(localstripe: LocalStripe) -> Iterator[Queue[Told]]:
    """Events as they arrive at a publication's hook: the bytes, and the headers by small letters."""
    heard: Queue[Told] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.put((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook = f"http://127.0.0.1:{server.server_port}/hooks/payments/stripe/"
    localstripe.ask("POST", "/_config/webhooks/herald", url=hook, secret=SECRET)
    yield heard
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def stripe(localstripe: LocalStripe) -> Stripe:
    return Stripe(KEY, SECRET, api_base=localstripe.url)


def test_what_others_sign_is_believed_and_leads_to_its_object(
    localstripe: LocalStripe, stripe: Stripe, told: Queue[Told]
) -> None:
    intent, _ = localstripe.pay(1500)
    kinds: dict[str, str] = {}
    while intent not in kinds.values():
        body, headers = told.get(timeout=20)
        heard = stripe.handle_event(body, headers)
        kinds[heard.kind] = heard.object_ref
        with pytest.raises(NotBelieved):
            stripe.handle_event(body.replace(b"1500", b"9500") + b" ", headers)
        with pytest.raises(NotBelieved):
            Stripe(KEY, "whsec_another").handle_event(body, headers)
    assert kinds["payment_intent.succeeded"] == intent


def test_a_refund_is_made_where_the_money_is(localstripe: LocalStripe, stripe: Stripe) -> None:
    _, charge = localstripe.pay(1500)
    gift = Donation(provider="stripe", provider_ref=charge, amount_minor=1500, currency="EUR", paid_at=clock.now())
    refund = stripe.refund(gift, Money(400, "EUR"), key="1")
    assert localstripe.ask("GET", f"/v1/refunds/{refund}")["amount"] == 400
    assert localstripe.ask("GET", f"/v1/charges/{charge}")["amount_refunded"] == 400


def test_a_pledge_is_cancelled_where_it_is_charged(localstripe: LocalStripe, stripe: Stripe) -> None:
    customer, method = localstripe.customer()
    localstripe.ask("POST", f"/v1/customers/{customer}", **{"invoice_settings[default_payment_method]": method})
    product = localstripe.ask("POST", "/v1/products", name="Support", type="service")["id"]
    plan = localstripe.ask("POST", "/v1/plans", amount=500, currency="eur", interval="month", product=product)["id"]
    of = {"customer": customer, "items[0][plan]": plan}
    subscription = localstripe.ask("POST", "/v1/subscriptions", **of)["id"]
    stripe.cancel(Pledge(provider="stripe", provider_ref=subscription, seen_at=clock.now(), started_at=clock.now()))
    assert localstripe.ask("GET", f"/v1/subscriptions/{subscription}")["status"] == "canceled"


def test_what_it_does_not_have_is_nothing_and_a_key_it_does_not_know_is_declined(
    localstripe: LocalStripe, stripe: Stripe
) -> None:
    assert stripe.look("pi_never_was") == Seen()
    with pytest.raises(Declined, match="STRIPE_KEY"):
        Stripe("no key at all", SECRET, api_base=localstripe.url).look("pi_never_was")
