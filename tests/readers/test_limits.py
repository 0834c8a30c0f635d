"""How often somebody may ask, try and be written to; and what the worker clears away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from broadsheet import clock
from broadsheet.readers import limits
from broadsheet.readers.agents import browser_name
from broadsheet.readers.hashers import ModestArgon2
from broadsheet.readers.limits import Limit, TooMany, network_of
from broadsheet.readers.models import Purpose, SentCode, User
from broadsheet.readers.sweep import sweep
from broadsheet.readers.views.page import in_words
from tests.readers.conftest import Browser, Outbox, new_address

pytestmark = pytest.mark.django_db

PASSWORD = "unlikely pelican battery"


def test_an_address_is_sent_a_few_codes_an_hour_and_told_when_to_try_again(outbox: Outbox) -> None:
    address, network = new_address(), Browser().network
    answers = [Browser(network=network).post("/register/", {"email": address}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [303] * 6 + [429]
    refusal = answers[-1].content.decode()
    assert re.search(r"try again in (60 minutes|1 hour)", refusal)
    assert "<header" in refusal
    assert 3500 < int(answers[-1]["Retry-After"]) <= 3600
    assert len(outbox.mails(address)) == 6


def test_who_asks_from_elsewhere_does_not_lock_the_owner_out(outbox: Outbox) -> None:
    address, stranger = new_address(), Browser()
    for _ in range(8):
        Browser(network=stranger.network).post("/register/", {"email": address})
    owner = Browser()
    owner.sign_in(address, outbox)
    assert owner.is_signed_in


def test_a_network_may_ask_for_so_many_codes_and_no_more(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CODES", [(Limit("codes of this test", 3, timedelta(hours=1)), "network")])
    network = Browser().network
    answers = [Browser(network=network).post("/register/", {"email": new_address()}).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]
    assert Browser().post("/register/", {"email": new_address()}).status_code == 303


def test_tries_of_many_codes_are_limited_together(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIES", [(Limit("tries of this test", 3, timedelta(hours=1)), "network")])
    network, answers = Browser().network, []
    for _ in range(4):
        browser = Browser(network=network)
        address = new_address()
        browser.post("/register/", {"email": address})
        browser.get("/login/code/")
        answers.append(browser.post("/login/code/", {"code": "000000"}).status_code)
    assert answers == [200, 200, 200, 429]
    assert SentCode.objects.get(email=address).tries == 0  # a refusal uses up no try


def test_passwords_are_counted_before_they_are_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    address, browser = new_address(), Browser()
    User.objects.create_user(address, PASSWORD)
    browser.get("/login/password/")
    for _ in range(5):
        browser.post("/login/password/", {"email": address, "password": "wrong"})
    hashed: list[int] = []
    monkeypatch.setattr(ModestArgon2, "verify", lambda *_: hashed.append(1))
    monkeypatch.setattr(ModestArgon2, "encode", lambda *_: hashed.append(1))
    assert browser.post("/login/password/", {"email": address, "password": PASSWORD}).status_code == 429
    assert hashed == []


def test_who_types_the_right_password_is_not_kept_waiting_for_earlier_slips() -> None:
    address, browser = new_address(), Browser()
    User.objects.create_user(address, PASSWORD)
    for _ in range(3):
        browser.get("/login/password/")
        for _ in range(4):
            browser.post("/login/password/", {"email": address, "password": "wrong"})
        browser.post("/login/password/", {"email": address, "password": PASSWORD})
        assert browser.is_signed_in
        browser.post("/logout/", {})


def test_a_limit_says_how_long_to_wait() -> None:
    limit = Limit("a limit of this test", 1, timedelta(minutes=5))
    limit.take("somebody")
    limit.take("somebody else")
    with pytest.raises(TooMany) as refusal:
        limit.take("somebody")
    assert timedelta(minutes=4, seconds=58) <= refusal.value.wait <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:200::1", "2001:db8:1:300::1", False),
        ("", "", True),
    ],
)
def test_a_network_is_what_one_line_is_given(one: str, other: str, are_one: bool) -> None:
    assert (network_of(one) == network_of(other)) is are_one


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(0), "in 1 second"),
        (timedelta(seconds=59.2), "in 60 seconds"),
        (timedelta(seconds=61), "in 2 minutes"),
        (timedelta(minutes=60), "in 60 minutes"),
        (timedelta(minutes=61), "in 2 hours"),
    ],
)
def test_a_wait_is_said_in_words_and_never_too_short(wait: timedelta, words: str) -> None:
    assert in_words(wait) == words


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537 Chrome/126.0 Safari/537 Edg/126.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605 Version/17.5 Safari/605", "Safari on a Mac"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/126.0 Mobile Safari/537", "Chrome on Android"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("", "A program that does not say its name"),
    ],
)
def test_a_browser_is_named_in_words_its_owner_recognises(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def test_the_worker_clears_away_what_is_over(outbox: Outbox) -> None:
    browser = Browser()
    browser.sign_in(new_address(), outbox)
    long_ago = clock.now() - timedelta(days=2)
    SentCode.objects.create(
        id="old", purpose=Purpose.SIGN_IN, email="a@example.org", sent_at=long_ago, expires_at=long_ago
    )
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    swept = sweep()
    assert (swept.codes, swept.sessions) == (1, 1)
    assert browser.is_signed_in
    assert sweep().codes == 0
