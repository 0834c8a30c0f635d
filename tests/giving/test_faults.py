"""Everything that may go wrong between a payment provider and the books, with real processes: at the end, both say the same.

The provider's own store is read beside ours (`account`, `books`): what is in one and not in the other is lost, or doubled.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broadsheet.config import config
from broadsheet.giving.providers.fake import signing
from broadsheet.giving.providers.fake.asking import Asking, SaysNo
from broadsheet.giving.providers.fake.seen import KINDS
from broadsheet.giving.providers.fake.telling import PATH
from tests.payments import paid
from tests.server import Server

SOAK = os.environ.get("BROADSHEET_SOAK") == "1"
KILLS = 200 if SOAK else 10
COPIES = 20

pytestmark = pytest.mark.timeout(7200 if SOAK else 900)

Books = list[tuple[str, str, int, str]]  # kind, object, minor units, currency; sorted


class Publication(Server):
    """A server whose supervisor starts again at once what we kill: it would wait longer each time, up to half a minute."""

    def command(self) -> list[str]:
        impatient = "serve.FIRST_PAUSE_S = serve.LONGEST_PAUSE_S = 0.1"
        return [sys.executable, "-c", f"from broadsheet.site import serve; {impatient}; raise SystemExit(serve.main())"]

    @property
    def asking(self) -> Asking:
        return Asking(replace(config(), data=self.data))

    def trouble(self, **of: int) -> None:
        self.asking.post("/control/trouble", **of)

    def paid(self, key: str, **of: Any) -> str:
        return str(paid(self.asking, key, **of)["payment"])

    def books(self) -> Books:
        """What we have written down of this provider."""
        rows = _rows(
            self.data / "broadsheet.sqlite3",
            "SELECT kind, object_ref, amount_minor, currency FROM giving_transaction"
            " JOIN giving_movement ON transaction_id = giving_transaction.id WHERE provider = 'fake'",
        )
        return sorted((str(kind), ref, amount, currency) for kind, ref, amount, currency in rows)

    def account(self) -> Books:
        """What the provider says that moved."""
        rows = _rows(self.data / "fake-payments/store.sqlite3", "SELECT kind, object, amount, currency FROM lines")
        return sorted((KINDS[kind].value, ref, abs(amount), currency) for kind, ref, amount, currency in rows)

    def of(self, *refs: str) -> list[str]:
        """The kinds on our books of what happened to these objects."""
        return sorted(kind for kind, ref, _, _ in self.books() if ref in refs)

    def count(self, sql: str, *values: object) -> int:
        return int(_rows(self.data / "broadsheet.sqlite3", sql, *values)[0][0])

    def tell(self, event: str, kind: str, ref: str) -> int:
        """An event as the provider would send it, through the gate."""
        body = json.dumps({"id": event, "kind": kind, "object": ref, "at": time.time()}).encode()
        secret = (self.data / "keys" / "fake-payments").read_text().strip().encode()
        headers = {signing.HEADER: signing.sign(body, secret, time.time()), "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", PATH, body, headers)
            return connection.getresponse().status

    def check(self, *options: str) -> subprocess.CompletedProcess[str]:
        """`broadsheet ledger check`: 0 where the books and the provider's account agree to the cent."""
        return self.run("ledger", "check", *options, check=False)

    def agrees(self) -> bool:
        checked = self.check()
        assert checked.returncode == 0, checked.stdout + checked.stderr
        return self.books() == self.account()

    def pid(self, name: str) -> int:
        with suppress(OSError, ValueError):
            return int((self.data / "run" / f"{name}.pid").read_text())
        return 0

    def kill_nine(self, *names: str) -> None:
        for name in names:
            with suppress(ProcessLookupError):
                os.killpg(self.pid(name), signal.SIGKILL)


def _rows(file: Path, sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=20)) as database:
        return database.execute(sql, values).fetchall()


def until(holds: Callable[[], object], what: str, limit_s: float = 90) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"not in {limit_s} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Publication]:
    house = Publication(tmp_path_factory.mktemp("giving") / "data", {"PAYMENTS": "fake"})
    house.data.mkdir()
    shutil.copy(migrated, house.data / "broadsheet.sqlite3")
    house.run("prepare")
    house.start()
    until(lambda: (house.data / "run/fake-payments.sock").exists(), "the provider starts")
    yield house
    house.stop()


@pytest.fixture
def silent(house: Publication) -> Iterator[Publication]:
    """A provider that tells nothing by itself: what is told, the test tells."""
    house.trouble(lost=100)
    yield house
    house.trouble()


def test_twenty_copies_of_one_event_at_once_are_posted_once(silent: Publication) -> None:
    payment = silent.paid("copies")
    with ThreadPoolExecutor(COPIES) as at_once:
        told = list(at_once.map(lambda _: silent.tell("fevt_copies", "payment.made", payment), range(COPIES)))
    assert told == [200] * COPIES
    until(lambda: silent.of(payment) == ["fee", "gift"], "it is posted")
    assert silent.count("SELECT count(*) FROM giving_providerevent WHERE event_ref = 'fevt_copies'") == 1
    assert silent.count("SELECT count(*) FROM giving_donation WHERE provider_ref = ?", payment) == 1
    receipts = (
        "SELECT count(*) FROM giving_receipt JOIN giving_donation d ON d.id = donation_id WHERE d.provider_ref = ?"
    )
    assert silent.count(receipts, payment) == 1


def test_one_payment_told_under_many_names_at_once_is_posted_once(silent: Publication) -> None:
    payment = silent.paid("names")
    with ThreadPoolExecutor(COPIES) as at_once:
        told = list(at_once.map(lambda at: silent.tell(f"fevt_name_{at}", "payment.made", payment), range(COPIES)))
    assert told == [200] * COPIES
    done = "SELECT count(*) FROM giving_providerevent WHERE event_ref LIKE 'fevt_name_%' AND posted_at IS NOT NULL"
    until(lambda: silent.count(done) == COPIES, "all are looked at")
    assert silent.of(payment) == ["fee", "gift"]


def test_a_refund_told_before_its_payment_is_posted_with_it(silent: Publication) -> None:
    payment = silent.paid("refund-first")
    refund = silent.asking.post(f"/payments/{payment}/refunds", amount=400, key="refund-first")["id"]
    assert silent.tell("fevt_refund", "payment.refunded", refund) == 200
    until(lambda: silent.of(payment, refund) == ["fee", "gift", "refund"], "both are posted")
    assert silent.tell("fevt_payment", "payment.made", payment) == 200
    done = "SELECT count(*) FROM giving_providerevent WHERE event_ref = 'fevt_payment' AND posted_at IS NOT NULL"
    until(lambda: silent.count(done) == 1, "the payment's own event is looked at")
    assert silent.of(payment, refund) == ["fee", "gift", "refund"]


def test_a_payment_of_a_pledge_told_before_the_pledge_is_posted_with_it(silent: Publication) -> None:
    done = paid(silent.asking, "pledge-last", frequency="monthly")
    assert silent.tell("fevt_of_pledge", "payment.made", done["payment"]) == 200
    until(lambda: silent.of(done["payment"]) == ["fee", "gift"], "it is posted")
    assert silent.tell("fevt_pledge", "pledge.begun", done["pledge"]) == 200
    assert silent.count("SELECT count(*) FROM giving_pledge WHERE provider_ref = ?", done["pledge"]) == 1


def test_events_held_back_for_an_hour_are_posted_when_they_come(house: Publication) -> None:
    house.trouble(late_s=3600)
    payment = house.paid("late")
    house.trouble()
    time.sleep(2.5)
    assert house.of(payment) == []
    assert house.asking.post("/control/deliver")["number"] >= 1
    until(lambda: house.of(payment) == ["fee", "gift"], "it is posted")


@contextmanager
def provider_down(house: Publication) -> Iterator[None]:
    """Killed, and held down: what is started again finds another at its books."""
    house.kill_nine("payments")
    with (house.data / "run" / "fake-payments.lock").open("w") as lock:
        until(lambda: _taken(lock), "the lock is ours")
        yield
    until(lambda: _answers(house), "the provider is back")


def _taken(lock: Any) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # the supervisor was faster
        return False
    return True


def _answers(house: Publication) -> bool:
    with suppress(Exception):
        return bool(house.asking.get("/control"))
    return False


def test_a_provider_that_goes_down_in_the_middle_heals_when_it_is_back(silent: Publication) -> None:
    payment = silent.paid("down")
    with provider_down(silent):
        assert silent.tell("fevt_down", "payment.made", payment) == 200
        tried = "SELECT count(*) FROM giving_providerevent WHERE event_ref = 'fevt_down' AND tries > 0 AND fault != ''"
        until(lambda: silent.count(tried) == 1, "it was looked for in vain")
        assert silent.of(payment) == []
    until(lambda: silent.of(payment) == ["fee", "gift"], "it is posted after all")


def test_a_bad_day_ends_with_books_that_agree(house: Publication) -> None:
    """Events doubled, under other names and out of order, among renewals, refunds, disputes and payouts."""
    house.trouble(doubled=60, spread_s=3, seed=20261127)
    gifts = [house.paid(f"bad-{number}", frequency=("once", "monthly")[number % 2]) for number in range(6)]
    for number, payment in enumerate(gifts[:3]):
        house.asking.post(f"/payments/{payment}/refunds", amount=100 + number, key=f"bad-{number}")
    dispute = house.asking.post("/control/disputes", payment=gifts[3])["id"]
    house.asking.post("/control/days", days=31)
    with suppress(SaysNo):  # lost after a fortnight
        house.asking.post(f"/control/disputes/{dispute}", is_won=True)
    house.asking.post("/control/payout")
    house.trouble()
    until(lambda: house.books() == house.account(), "both say the same")
    assert house.agrees()


def test_lost_events_are_found_when_the_books_are_compared(silent: Publication) -> None:
    done = paid(silent.asking, "lost", frequency="monthly")
    refund = silent.asking.post(f"/payments/{done['payment']}/refunds", amount=250, key="lost")["id"]
    silent.asking.post("/control/disputes", payment=silent.paid("lost-and-disputed"))
    silent.paid("lost-and-large", amount=100_000)  # so that something is held, and paid out
    silent.asking.post("/control/payout")
    missed = len(silent.account()) - len(silent.books())
    assert missed == 10
    checked = silent.check()
    assert checked.returncode == 1 and done["payment"] in checked.stdout and refund in checked.stdout
    assert len(silent.account()) - len(silent.books()) == missed, "looking changes nothing"
    assert silent.check("--mend").returncode == 0
    assert silent.agrees()
    assert silent.count("SELECT count(*) FROM giving_pledge WHERE provider_ref = ?", done["pledge"]) == 1


def test_killed_between_answer_and_posting_nothing_is_lost_and_nothing_doubled(house: Publication) -> None:
    """Site and worker, `kill -9`, again and again: at the moment an event was taken, and at every moment after it."""
    open_events = "SELECT count(*) FROM giving_providerevent WHERE posted_at IS NULL"
    dice, caught = random.Random(20261127), 0
    for number in range(KILLS):
        payment = house.paid(f"kill-{number}", frequency=("once", "monthly")[number % 2], amount=500 + number)
        if number % 3 == 0:
            house.asking.post(f"/payments/{payment}/refunds", amount=100, key=f"kill-{number}")
        until(lambda: house.asking.get("/control")["waiting"] == 0, "all that was told is taken")
        time.sleep(dice.random() ** 3 * 1.5)  # mostly at once; sometimes while it is posted
        before = house.pid("site"), house.pid("worker")
        house.kill_nine("site", "worker")
        caught += house.count(open_events) > 0
        until(lambda before=before: not {house.pid("site"), house.pid("worker")} & {0, *before}, "both start again")
        until(lambda: house.answers("/readyz") == 200, "the site answers again")
    until(lambda: house.books() == house.account(), "everything is posted")
    until(lambda: house.count(open_events) == 0, "no event is left")
    assert caught, "none of the kills came between answer and posting"
    assert house.agrees()


def test_a_reload_brings_the_provider_of_the_new_release_and_its_books_stay(house: Publication) -> None:
    before, account = house.pid("payments"), house.account()
    house.run("reload")
    assert house.pid("payments") not in (0, before)
    payment = house.paid("reloaded")
    until(lambda: house.of(payment) == ["fee", "gift"], "it goes on")
    assert set(account) < set(house.account())


def test_a_backup_holds_the_providers_books_too(house: Publication, tmp_path: Path) -> None:
    house.run("backup", str(tmp_path / "backup.tar.gz"))
    restored = Publication(tmp_path / "restored", {"PAYMENTS": "fake"})
    restored.run("restore", str(tmp_path / "backup.tar.gz"))
    assert restored.account() == house.account() and restored.books() == house.books()
