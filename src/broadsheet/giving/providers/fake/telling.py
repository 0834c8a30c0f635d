"""What the fake provider tells the house, and how badly: each event on time, late, twice, in another order, or never.

Which of these becomes of an event follows from a seed and its number alone, so that a bad day can be had again.
"""

from __future__ import annotations

import http.client
import json
import logging
import random
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.giving.providers.fake import signing
from broadsheet.giving.providers.fake.store import Row, Store

log = logging.getLogger(__name__)

PATH = "/hooks/payments/fake/"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 900.0
ANSWERS_WITHIN_S = 10.0
AT_ONCE = 50
_NEARLY_NOW_S = 1.0


@dataclass(frozen=True)
class Trouble:
    """`spread_s`: each event up to so much later than its turn, so that their order is lost. Shares are of a hundred."""

    late_s: int = 0
    spread_s: int = 0
    doubled: int = 0  # … under its own name or, as providers do, under another
    lost: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            most = {"doubled": 100, "lost": 100, "seed": 10**9}.get(name, 30 * 86_400)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                raise ValueError(f"{name} is a whole number from 0 to {most}")

    def deliveries(self, event_id: str, number: int, now: float) -> Iterator[tuple[float, str]]:
        """When, and under what name."""
        dice = random.Random(f"{self.seed}:{number}")  # noqa: S311 - to be had again, not to be hard to guess
        is_lost, is_doubled = dice.random() * 100 < self.lost, dice.random() * 100 < self.doubled
        first, second, under_another = dice.random(), dice.random(), dice.random() < 0.5
        if is_lost:
            return
        yield now + self.late_s + first * self.spread_s, event_id
        if is_doubled:
            at = now + self.late_s + second * max(self.spread_s, _NEARLY_NOW_S)
            yield at, f"{event_id}-again" if under_another else event_id


def trouble(store: Store) -> Trouble:
    return Trouble(**store.setting("trouble", asdict(Trouble())))


def tell(store: Store, kind: str, object_ref: str) -> None:
    """Part of the act it tells of. `object_ref`: empty where it is about nothing that anybody keeps books of."""
    now = clock.timestamp()
    event_id = store.new_id("fevt")
    (last,) = store.all("SELECT coalesce(max(number), 0) AS number FROM events")
    number = last["number"] + 1
    store.add("events", {"number": number, "id": event_id, "kind": kind, "object": object_ref, "at": now})
    for due_at, name in trouble(store).deliveries(event_id, number, now):
        store.add("deliveries", {"event": number, "event_id": name, "due_at": due_at})


class Messenger:
    """Delivers what is due to the publication's own gate, each until it is answered with success."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._secret = signing.secret_of(config)
        host, port = config.bind
        self._address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - where to ask
        self._host = config.host

    def deliver_due(self, stopping: threading.Event) -> bool:
        """Whether there is more to be delivered at once."""
        due = self._store.all(
            "SELECT deliveries.*, kind, object, at FROM deliveries JOIN events ON events.number = event"
            " WHERE delivered_at IS NULL AND due_at <= ? ORDER BY due_at, deliveries.number LIMIT ?",
            clock.timestamp(),
            AT_ONCE,
        )
        for delivery in due:
            if stopping.is_set():
                return False
            fault = self._send(delivery)
            self._note(delivery, fault)
            if fault and delivery["tries"] == 0:
                log.info("An event (%s) was not taken and is told again later: %s", delivery["kind"], fault)
        return len(due) == AT_ONCE

    def _send(self, delivery: Row) -> str:
        """Why it was not taken; empty: it was."""
        told = {
            "id": delivery["event_id"],
            "kind": delivery["kind"],
            "object": delivery["object"],
            "at": delivery["at"],
        }
        body = json.dumps(told).encode()
        headers = {
            "Host": self._host,
            "Content-Type": "application/json",
            signing.HEADER: signing.sign(body, self._secret, clock.timestamp()),
        }
        connection = http.client.HTTPConnection(*self._address, timeout=ANSWERS_WITHIN_S)
        try:
            connection.request("POST", PATH, body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as fault:
            return str(fault) or type(fault).__name__
        finally:
            connection.close()
        return "" if 200 <= status < 300 else f"answered {status}"

    def _note(self, delivery: Row, fault: str) -> None:
        tries, now = delivery["tries"] + 1, clock.timestamp()
        with self._store.act():
            if fault:
                pause = min(FIRST_PAUSE_S * 2 ** min(tries - 1, 12), LONGEST_PAUSE_S)
                self._store.run(
                    "UPDATE deliveries SET tries = ?, fault = ?, due_at = ? WHERE number = ?",
                    *(tries, fault[:200], now + pause, delivery["number"]),
                )
            else:
                self._store.run(
                    "UPDATE deliveries SET tries = ?, fault = '', delivered_at = ? WHERE number = ?",
                    *(tries, now, delivery["number"]),
                )
