"""The fake provider's interface, in JSON over a socket that only the house's own processes may open.

    GET  /objects/<name>                     an object, and what hangs together with it
    GET  /lines?since=&until=&after=         its account
    GET  /pages/<name>                       a page on which somebody pays
    POST /checkouts · /portals               begin one
    POST /pages/<name>/pay · …/bank          fill it in · what the bank's page was answered
    POST /payments/<name>/refunds
    POST /pledges/<name>/cancel · …/amount · …/pause · …/resume
    GET  /control    POST /control/days · …/trouble · …/deliver · …/payout · …/disputes · …/disputes/<name>

Answers 200 with the object; 404 for a name it never gave; 409 with the reason where it says no; 400 for what it cannot read.
"""

from __future__ import annotations

import json
import logging
import re
import socketserver
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from broadsheet import clock
from broadsheet.giving.providers.fake import account, days, money, paying, pledges
from broadsheet.giving.providers.fake.store import Store
from broadsheet.giving.providers.fake.telling import Trouble

log = logging.getLogger(__name__)

LONGEST_BODY = 64 * 1024

Given = dict[str, Any]
Act = Callable[..., Any]  # of the store, what was given, and the names in the address


def _control_trouble(store: Store, given: Given) -> object:
    trouble = Trouble(**given)
    store.set("trouble", asdict(trouble))
    return asdict(trouble)


def _deliver_now(store: Store, given: Given) -> object:
    now = clock.timestamp()
    return {"number": store.run("UPDATE deliveries SET due_at = ? WHERE delivered_at IS NULL AND due_at > ?", now, now)}


_NAME = r"([\w-]+)"

_ROUTES: list[tuple[str, str, Act]] = [
    # What the house asks
    ("GET", rf"/objects/{_NAME}", lambda store, given, ref: account.look(store, ref)),
    (
        "GET",
        r"/lines",
        lambda store, given: account.lines(
            store, float(given["since"]), float(given["until"]), int(given.get("after", 0))
        ),
    ),
    ("POST", r"/checkouts", lambda store, given: paying.begin_checkout(store, **given)),
    ("POST", r"/portals", lambda store, given: paying.begin_portal(store, given["pledge"], given["back_url"])),
    (
        "POST",
        rf"/payments/{_NAME}/refunds",
        lambda store, given, ref: money.refund(store, ref, given["amount"], given["key"]),
    ),
    ("POST", rf"/pledges/{_NAME}/cancel", lambda store, given, ref: pledges.cancel(store, ref)),
    ("POST", rf"/pledges/{_NAME}/amount", lambda store, given, ref: pledges.change_amount(store, ref, given["amount"])),
    ("POST", rf"/pledges/{_NAME}/pause", lambda store, given, ref: pledges.pause(store, ref, given.get("until"))),
    ("POST", rf"/pledges/{_NAME}/resume", lambda store, given, ref: pledges.resume(store, ref)),
    # What its reader does
    ("GET", rf"/pages/{_NAME}", lambda store, given, ref: paying.page_called(store, ref)),
    ("POST", rf"/pages/{_NAME}/pay", lambda store, given, ref: paying.pay(store, ref, given["card"], given["email"])),
    ("POST", rf"/pages/{_NAME}/bank", lambda store, given, ref: paying.answer_bank(store, ref, given["is_confirmed"])),
    # What whoever plays with it may do
    ("GET", r"/control", lambda store, given: account.overview(store)),
    ("POST", r"/control/days", lambda store, given: days.let_pass(store, given["days"])),
    ("POST", r"/control/trouble", _control_trouble),
    ("POST", r"/control/deliver", _deliver_now),
    ("POST", r"/control/payout", lambda store, given: money.pay_out(store)),
    ("POST", r"/control/disputes", lambda store, given: money.dispute(store, given["payment"])),
    (
        "POST",
        rf"/control/disputes/{_NAME}",
        lambda store, given, ref: money.decide(store, ref, given["is_won"]),
    ),
]
ROUTES = [(method, re.compile(path), act) for method, path, act in _ROUTES]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, store: Store, on_act: Callable[[], object]) -> None:
        """`on_act`: called after what may have something to be delivered."""
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self.store = store
        self.on_act = on_act


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 10

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self._answer("GET", address.path, {name: values[-1] for name, values in parse_qs(address.query).items()})

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            given = json.loads(self.rfile.read(length) if 0 < length <= LONGEST_BODY else b"{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            self._say(400, {"fault": "the body is one JSON object"})
            return
        self._answer("POST", urlsplit(self.path).path, given)

    def _answer(self, method: str, path: str, given: Given) -> None:
        found = next(
            ((act, match) for its, pattern, act in ROUTES if its == method and (match := pattern.fullmatch(path))), None
        )
        if found is None:
            self._say(404, {"fault": f"there is no {method} {path}"})
            return
        act, match = found
        try:
            with self.server.store.act() as store:
                said = act(store, given, *match.groups())
        except money.Unknown as unknown:
            self._say(404, {"fault": f"{unknown} is unknown"})
        except money.Refused as refused:
            self._say(409, {"fault": str(refused)})
        except (KeyError, TypeError, ValueError) as fault:
            self._say(400, {"fault": f"{type(fault).__name__}: {fault}"})
        except Exception:
            log.exception("The fake payment provider failed at %s %s.", method, path)
            self._say(500, {"fault": "it failed; why is in the log"})
        else:
            self._say(200, said)
            if method == "POST":
                self.server.on_act()

    def _say(self, status: int, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
