"""How the fake provider tells its events: until they are taken, and as badly as it was told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from broadsheet import clock
from broadsheet.config import kept_secret
from broadsheet.giving.providers.fake import signing
from broadsheet.giving.providers.fake.telling import PATH, Trouble
from tests.payments import FakePayments, paid


class House(ThreadingHTTPServer):
    """Whoever is told: notes each event whose signature is right, and answers as the test says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.secret = b""
        self.statuses: list[int] = []  # of the next answers; then 200
        self.told: list[dict[str, object]] = []

    def names(self, kind: str = "payment.made") -> list[object]:
        return [event["id"] for event in self.told if event["kind"] == kind]


class _Hook(BaseHTTPRequestHandler):
    server: House

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == PATH
        signing.check(body, self.headers[signing.HEADER], self.server.secret, clock.timestamp())
        self.server.told.append(json.loads(body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def house() -> Iterator[House]:
    with House() as house:
        threading.Thread(target=house.serve_forever, daemon=True).start()
        yield house
        house.shutdown()


@pytest.fixture
def fake(tmp_path: Path, house: House) -> Iterator[FakePayments]:
    running = FakePayments(tmp_path, port=house.server_address[1]).start()
    house.secret = kept_secret(tmp_path / "keys" / "fake-payments").encode()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def until(holds: Callable[[], object], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_event_is_told_again_until_it_is_taken_and_then_no_more(fake: FakePayments, house: House) -> None:
    house.statuses = [503, 400]
    paid(fake.asking, "again")
    until(lambda: len(house.told) == 3)
    time.sleep(2.5)
    assert len(house.told) == 3
    assert len(set(house.names())) == 1


def test_what_was_not_told_when_it_was_killed_is_told_when_it_is_back(fake: FakePayments, house: House) -> None:
    house.statuses = [503] * 100
    done = paid(fake.asking, "killed")
    until(lambda: house.told)
    fake.kill()
    house.statuses, before = [], len(house.told)
    fake.start()
    until(lambda: len(house.told) > before)
    assert house.told[-1]["object"] == done["payment"]


def test_events_come_late_twice_or_never_as_they_are_told_to(fake: FakePayments, house: House) -> None:
    fake.asking.post("/control/trouble", lost=100)
    paid(fake.asking, "lost")
    fake.asking.post("/control/trouble", late_s=3600)
    paid(fake.asking, "late")
    fake.asking.post("/control/trouble", doubled=100)
    doubled = paid(fake.asking, "doubled")["payment"]
    until(lambda: len(house.told) == 2)
    time.sleep(1)
    assert [event["object"] for event in house.told] == [doubled, doubled]
    fake.asking.post("/control/deliver")
    until(lambda: len(house.told) == 3)


def test_a_bad_day_can_be_had_again() -> None:
    trouble = Trouble(late_s=5, spread_s=60, doubled=30, lost=30, seed=7)

    def day(trouble: Trouble) -> list[list[tuple[float, str]]]:
        return [list(trouble.deliveries(f"e{number}", number, 1000.0)) for number in range(200)]

    assert day(trouble) == day(trouble)
    assert day(trouble) != day(Trouble(late_s=5, spread_s=60, doubled=30, lost=30, seed=8))
    lost = sum(not deliveries for deliveries in day(trouble))
    twice = [deliveries for deliveries in day(trouble) if len(deliveries) == 2]
    assert 35 <= lost <= 85 and 20 <= len(twice) <= 70
    assert {first[1] == second[1] for first, second in twice} == {True, False}, "under the same name, and under another"
    firsts = [deliveries[0][0] for deliveries in day(trouble) if deliveries]
    assert firsts != sorted(firsts) and all(1005 <= at <= 1065 for at in firsts)


@pytest.mark.parametrize("wrong", [{"lost": 101}, {"doubled": -1}, {"late_s": 1.5}, {"seed": "x"}, {"spread_s": True}])
def test_trouble_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Trouble(**wrong)  # type: ignore[arg-type]
