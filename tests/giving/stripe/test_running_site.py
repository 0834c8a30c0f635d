"""From the donation page to the books, through a site that runs: Stripe tells it as it may, and the books come out the same."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.client import Answer
from tests.giving.stripe import scenes
from tests.giving.stripe.scenes import HOOK_SECRET, Paid
from tests.giving.stripe.standin import KEY, StandIn, serving
from tests.server import Server

pytestmark = pytest.mark.timeout(600)

HOOK = "/hooks/payments/stripe/"


@pytest.fixture(scope="module")
def account() -> Iterator[StandIn]:
    """What Stripe holds for this publication."""
    with serving(StandIn()) as running:
        yield running


@pytest.fixture(scope="module")
def site(account: StandIn, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {
        "BROADSHEET_TESTING": "1",
        "BROADSHEET_STRIPE_API": account.url,
        "PAYMENTS": "stripe",
        "STRIPE_KEY": KEY,
        "STRIPE_HOOK_SECRET": HOOK_SECRET,
    }
    server = Server(tmp_path_factory.mktemp("herald") / "data", settings)
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    server.run("prepare")
    server.start()
    yield server
    server.stop()


def rows(site: Server, sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(f"file:{site.data / 'broadsheet.sqlite3'}?mode=ro", uri=True)) as database:
        return database.execute(sql, values).fetchall()


def give(site: Server, account: StandIn, email: str) -> Paid:
    """Through the form, to the page it leads to, where the reader pays."""
    client = site.client()
    form = next(form for form in client.get("/donate/").forms if form.action.endswith("/donate/"))
    led = client.submit(form, {"frequency": "once", "own": "15", "once_amount": "own", "email": email}, follow=False)
    assert led.status == 303, led.text
    url = led.header("Location") or ""
    assert url.startswith("https://checkout.stripe.com/")
    assert "https://checkout.stripe.com" in (led.header("Content-Security-Policy") or "")
    return scenes.pay_page(account, url.rpartition("/")[2])


def tell(site: Server, body: bytes, headers: dict[str, str]) -> Answer:
    return site.client().request("POST", HOOK, {"Content-Type": "application/json", **headers}, body)


def events_of(account: StandIn, paid: Paid) -> list[bytes]:
    """As Stripe tells of a single gift: several times, of one thing."""
    told = [
        ("payment_intent.succeeded", paid.intent),
        ("charge.succeeded", paid.charge),
        ("checkout.session.completed", paid.session),
        ("charge.updated", paid.charge),
    ]
    return [scenes.event(kind, account.objects[name], name=f"evt_{name}_{kind}") for kind, name in told]


def books(site: Server, *names: str) -> list[tuple[str, int, str]]:
    marks = ",".join("?" * len(names))
    return sorted(
        rows(
            site,
            "SELECT kind, amount_minor, currency FROM giving_transaction JOIN giving_movement"
            f" ON transaction_id = giving_transaction.id WHERE provider = 'stripe' AND object_ref IN ({marks})",
            *names,
        )
    )


def wait_until_posted(site: Server) -> None:
    deadline = time.monotonic() + 60
    while rows(site, "SELECT 1 FROM giving_providerevent WHERE posted_at IS NULL"):
        assert time.monotonic() < deadline, rows(site, "SELECT kind, tries, fault FROM giving_providerevent")
        time.sleep(0.2)


def test_a_gift_from_the_form_is_posted_once_however_it_is_told(site: Server, account: StandIn) -> None:
    paid = give(site, account, "ann@example.org")
    told = events_of(account, paid) * 3
    random.Random(7).shuffle(told)
    for body in told:
        assert tell(site, body, scenes.signed(body)).status == 200
    wait_until_posted(site)
    assert books(site, paid.charge) == [("fee", 40, "EUR"), ("gift", 1500, "EUR")]
    gifts = rows(site, "SELECT id, amount_minor FROM giving_donation WHERE provider_ref = ?", paid.charge)
    assert [amount for _, amount in gifts] == [1500]
    (attempt,) = rows(site, "SELECT state FROM giving_attempt WHERE provider_ref = ?", paid.session)
    assert attempt == ("paid",)
    assert len(rows(site, "SELECT 1 FROM giving_receipt WHERE donation_id = ?", gifts[0][0])) == 1
    assert len(rows(site, "SELECT 1 FROM giving_providerevent WHERE object_ref = ?", paid.charge)) == 2  # of six told


def test_a_refund_told_before_its_gift_is_posted_with_it(site: Server, account: StandIn) -> None:
    paid = give(site, account, "ben@example.org")
    refund = scenes.refund(account, paid, 500)
    first = scenes.event("refund.created", account.objects[refund], name="evt_refund_first")
    for body in (first, *reversed(events_of(account, paid)), first):
        assert tell(site, body, scenes.signed(body)).status == 200
    wait_until_posted(site)
    assert books(site, paid.charge, refund) == [("fee", 40, "EUR"), ("gift", 1500, "EUR"), ("refund", 500, "EUR")]


def test_an_event_of_somebody_elses_making_changes_nothing(site: Server, account: StandIn) -> None:
    paid = give(site, account, "eve@example.org")
    body = events_of(account, paid)[1]
    forged = body.replace(b"1500", b"9500")
    assert tell(site, forged, scenes.signed(body)).status == 400
    assert tell(site, body, {}).status == 400
    assert tell(site, body, scenes.signed(body, at=int(time.time()) - 3600)).status == 400
    assert rows(site, "SELECT 1 FROM giving_providerevent WHERE object_ref = ?", paid.charge) == []
    assert tell(site, body, scenes.signed(body)).status == 200
    wait_until_posted(site)
    assert books(site, paid.charge) == [("fee", 40, "EUR"), ("gift", 1500, "EUR")]


def test_stripe_out_of_reach_delays_the_books_and_loses_nothing(site: Server, account: StandIn) -> None:
    paid = give(site, account, "dee@example.org")
    account.answers_next = ["hang up", "hang up"]
    body = events_of(account, paid)[1]
    assert tell(site, body, scenes.signed(body)).status == 200
    wait_until_posted(site)
    assert books(site, paid.charge) == [("fee", 40, "EUR"), ("gift", 1500, "EUR")]
    (tries,) = rows(site, "SELECT tries FROM giving_providerevent WHERE object_ref = ?", paid.charge)
    assert tries == (2,)


def test_the_books_agree_with_stripes_account_to_the_cent(site: Server, account: StandIn) -> None:
    """Also of what nobody told us: it is found by comparing, and read where it is."""
    lost = give(site, account, "fay@example.org")
    checked = site.run("ledger", "check", check=False)
    assert checked.returncode == 1
    assert f"gift {lost.charge}" in checked.stdout
    mended = site.run("ledger", "check", "--mend", check=False)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert books(site, lost.charge) == [("fee", 40, "EUR"), ("gift", 1500, "EUR")]


def test_nothing_of_readers_or_keys_is_in_the_log(site: Server) -> None:
    assert "was not believed" in site.output  # it has something to tell, and tells it without
    for secret in (KEY, HOOK_SECRET, "@example.org", "v1=", "ch_made_up"):
        assert secret not in site.output
