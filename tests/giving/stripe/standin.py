"""A small Stripe on loopback: objects of the documented shapes, behind the addresses the provider asks.

It is as strict as the documentation says Stripe is where that matters to us: the key, the pinned version, idempotency keys,
expansions no deeper than four fields, names only unless expanded, lists in pages. It takes no money and draws no pages:
scenes (`scenes.py`) put into it what readers and banks did.
"""

from __future__ import annotations

import copy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from broadsheet.giving.providers.stripe.asking import API_VERSION

KEY = "sk_test_made_up_for_the_stand_in"

Object = dict[str, Any]

SHAPES = Path(__file__).parent / "shapes"

_COLLECTIONS = {
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "checkout/sessions": "checkout.session",
    "customers": "customer",
    "disputes": "dispute",
    "invoice_payments": "invoice_payment",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
    "payouts": "payout",
    "products": "product",
    "refunds": "refund",
    "subscriptions": "subscription",
}
_LISTED_ON_REQUEST = {
    ("charge", "refunds"): ("refund", "charge"),
    ("invoice", "payments"): ("invoice_payment", "invoice"),
}


def shape(name: str, /, **given: Any) -> Object:
    """A fresh object of that shape, with these fields."""
    made: Object = json.loads((SHAPES / f"{name}.json").read_text())
    return made | given


class Refused(Exception):
    def __init__(self, status: int, kind: str, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message}}


def bad(message: str, code: str | None = None, status: int = 400) -> Refused:
    return Refused(status, "invalid_request_error", code, message)


@dataclass
class Asked:
    method: str
    path: str
    form: Object
    headers: dict[str, str]


@dataclass
class StandIn:
    objects: dict[str, Object] = field(default_factory=dict)  # the newest last
    asked: list[Asked] = field(default_factory=list)
    answers_next: list[tuple[int, Object] | str] = field(
        default_factory=list
    )  # faults: an answer, or "hang up", "wait"
    url: str = ""
    pages: str = "https://checkout.stripe.com"  # where its pages are, unless the account has a domain of its own
    _kept: dict[str, tuple[str, int, Object]] = field(default_factory=dict)  # answers, by idempotency key
    _count: int = 0

    def add(self, *made: Object) -> None:
        for each in made:
            self.objects[each["id"]] = each

    def name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_made_up_{self._count:04}"

    def posts(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.method == "POST" and each.path == path]

    # ── answering

    def answer(self, asked: Asked) -> tuple[int, Object]:
        self.asked.append(asked)
        try:
            self._check(asked)
            return self._once(asked)
        except Refused as refusal:
            return refusal.status, refusal.body

    def _check(self, asked: Asked) -> None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            raise Refused(401, "invalid_request_error", None, "Invalid API Key provided: sk_test_****")
        if asked.headers.get("stripe-version") != API_VERSION:
            raise bad(f"not the version this stand-in speaks: {asked.headers.get('stripe-version')}")

    def _once(self, asked: Asked) -> tuple[int, Object]:
        key = asked.headers.get("idempotency-key") if asked.method == "POST" else None
        said = json.dumps([asked.path, asked.form], sort_keys=True)
        if key and key in self._kept:
            before, status, body = self._kept[key]
            if before != said:
                raise Refused(
                    400, "idempotency_error", None, "Keys for idempotent requests can only be used with the same"
                )
            return status, body
        body = self._act(asked)
        if key:
            self._kept[key] = (said, 200, copy.deepcopy(body))
        return 200, body

    def _act(self, asked: Asked) -> Object:
        expand = asked.form.pop("expand", [])
        for pattern, method, act in _ADDRESSES:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return self._shown(act(self, asked.form, **found.groupdict()), expand)
        raise bad(f"Unrecognized request URL ({asked.method}: {asked.path})", status=404)

    # ── showing

    def _shown(self, thing: Object, expand: list[str]) -> Object:
        shown = copy.deepcopy(thing)
        for path in expand:
            parts = path.split(".")
            if len(parts) > 4:
                raise bad("You cannot expand more than 4 levels of a property.")
            self._expand(shown, parts)
        return shown

    def _expand(self, thing: Any, parts: list[str]) -> None:
        if isinstance(thing, list):
            for each in thing:
                self._expand(each, parts)
            return
        if thing is None or not parts:
            return
        head, rest = parts[0], parts[1:]
        kind = thing.get("object")
        if head not in thing and (kind, head) in _LISTED_ON_REQUEST:
            listed, by = _LISTED_ON_REQUEST[kind, head]
            thing[head] = self._page([each for each in self._all(listed) if each[by] == thing["id"]], {"limit": "10"})
        value = thing.get(head)
        if isinstance(value, str):
            if value not in self.objects:
                raise bad(f"This property cannot be expanded ({head}).")
            thing[head] = value = copy.deepcopy(self.objects[value])
        self._expand(value, rest)

    def _all(self, kind: str) -> list[Object]:
        return [each for each in reversed(list(self.objects.values())) if each["object"] == kind]

    def _page(self, found: list[Object], form: Object) -> Object:
        names = [each["id"] for each in found]
        first = names.index(form["starting_after"]) + 1 if "starting_after" in form else 0
        end = first + int(form.get("limit", 10))
        return {
            "object": "list",
            "data": copy.deepcopy(found[first:end]),
            "has_more": end < len(found),
            "url": "/v1/made_up",
        }

    def _get(self, kind: str, name: str) -> Object:
        found = self.objects.get(name)
        if found is None or found["object"] != kind:
            raise bad(f"No such {kind}: '{name}'", "resource_missing", 404)
        return found

    # ── what can be asked

    def read(self, form: Object, collection: str, name: str) -> Object:
        return self._get(_COLLECTIONS[collection], name)

    def list(self, form: Object, collection: str) -> Object:
        found = self._all(_COLLECTIONS[collection])
        for by in ("charge", "payment_intent", "subscription"):
            if by in form:
                found = [each for each in found if each[by] == form[by]]
        if "payment" in form:
            found = [each for each in found if each["payment"]["payment_intent"] == form["payment"]["payment_intent"]]
        if "created" in form:
            first, end = int(form["created"]["gte"]), int(form["created"]["lt"])
            found = [each for each in found if first <= each["created"] < end]
        return {**self._page(found, form), "url": f"/v1/{collection}"}

    def begin(self, form: Object) -> Object:
        (item,) = form["line_items"]
        price = item["price_data"]
        self._get("product", price["product"])
        if ("recurring" in price) != (form["mode"] == "subscription"):
            raise bad("the mode and the prices do not agree")
        name = self.name("cs_test")
        session = shape(
            "checkout_session",
            id=name,
            url=f"{self.pages}/c/pay/{name}",
            status="open",
            payment_status="unpaid",
            payment_intent=None,
            customer_details=None,
            currency=price["currency"],
            amount_total=int(price["unit_amount"]),
            **{
                key: form[key]
                for key in ("mode", "metadata", "client_reference_id", "success_url", "cancel_url", "locale")
            },
            customer_email=form.get("customer_email"),
        )
        self.add(session)
        return session

    def make_product(self, form: Object) -> Object:
        if form["id"] in self.objects:
            raise bad("Product already exists.", "resource_already_exists")
        self.add(shape("product", **form))
        return self.objects[form["id"]]

    def refund(self, form: Object) -> Object:
        charge = self._get("charge", form["charge"])
        amount = int(form["amount"])
        if charge["amount_refunded"] + amount > charge["amount"]:
            raise bad(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        name, line = self.name("re"), self.name("txn")
        at = int(time.time())
        self.add(
            shape("balance_transaction", id=line, type="refund", amount=-amount, fee=0, net=-amount, source=name, created=at,
                  currency=charge["currency"], reporting_category="refund", fee_details=[]),
            shape("refund", id=name, charge=charge["id"], payment_intent=charge["payment_intent"], amount=amount,
                  currency=charge["currency"], balance_transaction=line, created=at),
        )  # fmt: skip
        return self.objects[name]

    def change_subscription(self, form: Object, name: str) -> Object:
        subscription = self._get("subscription", name)
        if subscription["status"] == "canceled":
            raise bad("A canceled subscription can only update its cancellation_details and metadata.")
        for item in form.get("items", []):
            if form.get("proration_behavior") != "none":
                raise bad("this stand-in reckons no parts of months")
            price = item["price_data"]
            self._get("product", price["product"])
            (there,) = (each for each in subscription["items"]["data"] if each["id"] == item["id"])
            there["price"] = shape(
                "price", id=self.name("price"), product=price["product"], currency=price["currency"],
                unit_amount=int(price["unit_amount"]), recurring={**there["price"]["recurring"], **price["recurring"]},
            )  # fmt: skip
        if "pause_collection" in form:
            pause = form["pause_collection"]
            resumes_at = int(pause["resumes_at"]) if pause and "resumes_at" in pause else None
            subscription["pause_collection"] = (
                {"behavior": pause["behavior"], "resumes_at": resumes_at} if pause else None
            )
        if "default_payment_method" in form:
            subscription["default_payment_method"] = form["default_payment_method"] or None
        return subscription

    def cancel(self, form: Object, name: str) -> Object:
        subscription = self._get("subscription", name)
        if subscription["status"] == "canceled":
            raise bad(f"No such subscription: '{name}'", "resource_missing", 404)
        subscription |= {"status": "canceled", "ended_at": int(time.time()), "canceled_at": int(time.time())}
        subscription["cancellation_details"]["reason"] = "cancellation_requested"
        return subscription

    def change_customer(self, form: Object, name: str) -> Object:
        customer = self._get("customer", name)
        customer["invoice_settings"] |= form["invoice_settings"]
        return customer

    def open_portal(self, form: Object) -> Object:
        self._get("customer", form["customer"])
        return shape("portal_session", id=self.name("bps"), customer=form["customer"], return_url=form["return_url"])


_NAMED = "(?P<collection>{})/(?P<name>[^/]+)".format("|".join(_COLLECTIONS))
_ADDRESSES: list[tuple[str, str, Callable[..., Object]]] = [
    ("/v1/checkout/sessions", "POST", StandIn.begin),
    ("/v1/products", "POST", StandIn.make_product),
    ("/v1/refunds", "POST", StandIn.refund),
    ("/v1/billing_portal/sessions", "POST", StandIn.open_portal),
    ("/v1/subscriptions/(?P<name>[^/]+)", "POST", StandIn.change_subscription),
    ("/v1/subscriptions/(?P<name>[^/]+)", "DELETE", StandIn.cancel),
    ("/v1/customers/(?P<name>[^/]+)", "POST", StandIn.change_customer),
    (f"/v1/{_NAMED}", "GET", StandIn.read),
    ("/v1/(?P<collection>{})".format("|".join(_COLLECTIONS)), "GET", StandIn.list),
]


def read_form(text: str) -> Object:
    """`items[0][price_data][currency]=eur` as what it means; a list where the names are numbers."""
    tree: Object = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", key)
        here = tree
        for part in path:
            here = here.setdefault(part, {})
        here[last] = value
    return _with_lists(tree)


def _with_lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        return [_with_lists(tree[key]) for key in sorted(tree, key=int)]
    return {key: _with_lists(value) for key, value in tree.items()}


@contextmanager
def serving(standin: StandIn) -> Iterator[StandIn]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            form = read_form(self.rfile.read(length).decode() or parts.query)
            headers = {name.lower(): value for name, value in self.headers.items()}
            next_up = standin.answers_next.pop(0) if standin.answers_next else None
            if isinstance(next_up, str):
                standin.asked.append(Asked(self.command, parts.path, form, headers))
                if next_up == "do it and hang up":
                    standin.asked.pop()
                    standin.answer(Asked(self.command, parts.path, form, headers))
                self.close_connection = True
                return
            status, body = next_up or standin.answer(Asked(self.command, parts.path, form, headers))
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.send_header("Request-Id", "req_made_up")
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = _serve

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    standin.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
