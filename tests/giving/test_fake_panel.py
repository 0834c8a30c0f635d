"""What staff can do to the fake provider, under the money desk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.test import Client

from broadsheet.config import config
from broadsheet.giving.providers.fake import panel
from broadsheet.readers.models import User
from tests.factories import an_editor
from tests.payments import FakePayments, paid, use

pytestmark = pytest.mark.django_db

PANEL = "/admin/giving/pretend/"


@pytest.fixture(scope="module")
def fake() -> Iterator[FakePayments]:
    running = FakePayments(config().data).start()
    yield running
    running.stop()


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("publisher@example.org"))
    return client


def do(publisher: Client, act: str, **more: str) -> str:
    """What the page says after it."""
    answer = publisher.post(PANEL, {"act": act, **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_money_desk_says_that_no_real_money_moves_and_leads_to_the_panel(
    fake: FakePayments, publisher: Client
) -> None:
    desk = publisher.get("/admin/giving/").content.decode()
    assert "No real money moves here." in desk and f'href="{PANEL}"' in desk
    assert "No real money moves here." in publisher.get(PANEL).content.decode()


def test_a_month_passes_and_what_is_due_is_done(fake: FakePayments, publisher: Client) -> None:
    pledge = paid(fake.asking, "panel-month", frequency="monthly")["pledge"]
    before = fake.asking.get(f"/objects/{pledge}")["pledges"][0]["next_at"]
    assert "days have passed" in do(publisher, "month")
    after = fake.asking.get(f"/objects/{pledge}")["pledges"][0]["next_at"]
    assert after - before < 5 * 86_400, "it was brought forward by a month, and renewed by a month"
    assert len([one for one in fake.asking.get("/control")["payments"] if one["pledge"] == pledge]) == 2


def test_a_gift_is_disputed_and_the_dispute_is_won(fake: FakePayments, publisher: Client) -> None:
    payment = paid(fake.asking, "panel-dispute")["payment"]
    assert "took the money back" in do(publisher, "dispute", object=payment)
    assert "says no" in do(publisher, "dispute", object=payment)
    [dispute] = fake.asking.get(f"/objects/{payment}")["payments"][0]["disputes"]
    assert "is won" in do(publisher, "win", object=dispute["id"])
    assert fake.asking.get(f"/objects/{payment}")["payments"][0]["disputes"][0]["state"] == "won"


def test_how_events_are_told_is_chosen_and_nonsense_is_refused(fake: FakePayments, publisher: Client) -> None:
    chosen = {"late_s": "3600", "spread_s": "10", "doubled": "50", "lost": "10", "seed": "9"}
    do(publisher, "trouble", **chosen)
    assert fake.asking.get("/control")["trouble"] == {name: int(value) for name, value in chosen.items()}
    assert "less than or equal to 100" in do(publisher, "trouble", **{**chosen, "lost": "101"})
    assert fake.asking.get("/control")["trouble"]["lost"] == 10
    fake.asking.post("/control/trouble")


def test_what_waits_is_told_now_and_what_is_held_is_paid_out(fake: FakePayments, publisher: Client) -> None:
    paid(fake.asking, "panel-payout", amount=100_000)
    assert "are told now" in do(publisher, "deliver") or "is told now" in do(publisher, "deliver")
    assert "is paid out" in do(publisher, "payout")
    assert "nothing to pay out" in do(publisher, "payout")


def test_it_is_for_those_who_may_change_how_giving_works(fake: FakePayments, client: Client) -> None:
    assert client.get(PANEL).status_code == 302
    client.force_login(an_editor())
    assert client.get(PANEL).status_code in (302, 403)
    assert client.post(PANEL, {"act": "month"}).status_code in (302, 403)


def test_an_act_that_there_is_not_is_refused(fake: FakePayments, publisher: Client) -> None:
    assert publisher.post(PANEL, {"act": "mint"}).status_code == 400


def test_there_is_no_panel_where_the_provider_is_not_in_use(publisher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "stripe")
    assert publisher.get(PANEL).status_code == 404
    assert "No real money" not in publisher.get("/admin/giving/").content.decode()


def test_the_panel_says_when_the_provider_is_away(publisher: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = replace(config(), data=config().data / "nowhere")
    monkeypatch.setattr(panel, "config", lambda: elsewhere)
    assert "does not answer" in publisher.get(PANEL).content.decode()
    assert "does not answer" in do(publisher, "day")
