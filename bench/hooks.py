"""How soon a payment provider is answered that tells us of a payment, while the worker posts what was told before."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from bench import publication as house
from bench import report
from tests.server import Server

EVENTS, SOAK_EVENTS = 400, 5000
AT_ONCE = 8
LIMIT_MS = 50.0
POSTED_WITHIN_S = 600

Told = tuple[str, str]  # the event's name, and the payment it is about


def run(soak: bool) -> bool:
    number = SOAK_EVENTS if soak else EVENTS
    with house.empty_publication(PAYMENTS="fake") as server:
        told = _payments(number * 2)
        alone, crowded = told[:number], told[number:]
        began = time.monotonic()
        one_by_one = [_tell(server, one, 200) for one in alone]
        at_once = _all_at_once(lambda one: _tell(server, one, 200), crowded)
        took = time.monotonic() - began
        again = [_tell(server, one, 200) for one in alone]
        refused = [_tell(server, one, 400, secret=b"somebody else's") for one in alone]
        posted, whole = _posted(number * 2), time.monotonic() - began
    return report.write(
        "hooks",
        soak,
        "Events of a payment provider",
        f"""
The fake provider has taken {number * 2} payments and told of none. We tell of them in its place, signed, each on a
connection of its own, through the gate: {number} one after another and {number} {AT_ONCE} at a time, in all within
{took:.0f} s. Meanwhile the worker asks the provider of each and posts it, with its receipt. SQLite; every event is safely on
the disk before it is answered.
""",
        [
            _figure("acknowledged, one after another", one_by_one, is_limited=True),
            _figure(f"acknowledged, {AT_ONCE} at a time", at_once, is_limited=True),
            _figure("told again", again),
            _figure("refused for its signature", refused),
            report.Figure(
                "payments on the books when all was told",
                f"{posted} of {number * 2}, after {whole:.0f} s",
                "each once",
                posted == number * 2,
            ),
        ],
    )


def _payments(number: int) -> list[Told]:
    from broadsheet.config import config
    from broadsheet.giving.providers.fake.asking import Asking
    from tests.payments import paid

    asking = Asking(config())
    asking.post("/control/trouble", lost=100)
    return [
        (f"fevt_bench_{at}", str(paid(asking, f"bench-{at}", email=f"reader{at}@example.org")["payment"]))
        for at in range(number)
    ]


def _tell(server: Server, one: Told, status: int, secret: bytes | None = None) -> float:
    """Milliseconds until it was answered."""
    from broadsheet.config import config
    from broadsheet.giving.providers.fake import signing
    from broadsheet.giving.providers.fake.telling import PATH

    event, payment = one
    body = json.dumps({"id": event, "kind": "payment.made", "object": payment, "at": time.time()}).encode()
    signature = signing.sign(body, secret or signing.secret_of(config()), time.time())
    headers = {signing.HEADER: signature, "Content-Type": "application/json"}
    began = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST", PATH, body, headers)
        answered = connection.getresponse().status
    if answered != status:
        raise RuntimeError(f"an event was answered {answered}, not {status}")
    return (time.perf_counter() - began) * 1000


def _all_at_once(tell: Callable[[Told], float], told: Sequence[Told]) -> list[float]:
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(tell, told))


def _posted(number: int) -> int:
    """Gifts on the books, once all are, or nothing more comes."""
    from broadsheet.giving.models import Kind, Transaction

    deadline = time.monotonic() + POSTED_WITHIN_S
    while (there := Transaction.objects.filter(provider="fake", kind=Kind.GIFT).count()) < number:
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return there


def _figure(what: str, taken: Sequence[float], *, is_limited: bool = False) -> report.Figure:
    middle, slow = _share(taken, 0.5), _share(taken, 0.99)
    if not is_limited:
        return report.Figure(f"{what}, p50 / p99", f"{middle:.1f} / {slow:.1f} ms")
    limit = f"p99 under {LIMIT_MS:.0f} ms"
    return report.Figure(f"{what}, p50 / p99", f"{middle:.1f} / **{slow:.1f} ms**", limit, slow < LIMIT_MS)


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
