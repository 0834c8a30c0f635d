"""What counted: joined at registration, shown to the reader, wiped when they like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from broadsheet import clock
from broadsheet.core.meter import Article, Ladder, Policy, Read, ReaderClass, Window, WindowKind
from broadsheet.gate.cookie import open_cookies
from broadsheet.gate.ledger import account_key, open_ledger, reader_key
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.readers.models import User
from tests.readers.conftest import Browser, Outbox, new_address

pytestmark = pytest.mark.django_db(transaction=True)


def read(browser: Browser, *articles: int) -> bytes:
    """Open articles as the gate counts them: the first makes the cookie, the others go into the ledger. The key there."""
    first, *others = articles
    now = clock.now()
    text, cookie = open_cookies().mint(first, int(now.timestamp()))
    browser.client.cookies["reader"] = text
    for article in others:
        begun = Read(first, now.replace(microsecond=0))
        open_ledger().count(
            reader_key(cookie.id), Article(article), ReaderClass.ANONYMOUS, begun, Policy(), now + timedelta(seconds=1)
        )
    return reader_key(cookie.id)


def articles_of(address: str) -> set[int]:
    return {read.article for read in open_ledger().reads(account_key(User.objects.get(email=address).pk))}


def tally(browser: Browser) -> tuple[str, str]:
    """The number, and what is said of it."""
    html = browser.get("/account/reads/").content.decode()
    found = re.search(r'<div class="tally"><b>(\d+)</b><span>(.*?)</span></div>', html, re.DOTALL)
    assert found is not None
    return found[1], re.sub(r"<[^>]+>|\s+", " ", found[2]).strip()


@pytest.fixture
def policy() -> Iterator[None]:
    """The default policy is put in force again after a test that changed it."""
    yield
    open_ledger().publish_policy(PolicySnapshot(Policy(), "", "The Broadsheet"))


def test_a_browser_that_read_nothing_is_told_so(browser: Browser) -> None:
    assert tally(browser)[0] == "0"
    page = browser.get("/account/reads/")
    assert "No article has counted in this browser" in page.content.decode()
    assert "reader" not in browser.client.cookies


def test_a_stranger_sees_what_counted_and_when_the_count_begins_again(browser: Browser) -> None:
    read(browser, 901, 902, 903)
    count, said = tally(browser)
    assert count == "3"
    assert "of 10 articles" in said
    opens = clock.now().replace(day=1)
    closes = (opens + timedelta(days=32)).replace(day=1)
    assert f"begins again on {closes.day} {closes:%B} {closes.year}" in said


def test_the_first_article_is_shown_though_only_the_cookie_knows_of_it(browser: Browser) -> None:
    read(browser, 904)
    assert tally(browser)[0] == "1"


def test_registering_joins_what_the_browser_has_read(browser: Browser, outbox: Outbox) -> None:
    read(browser, 911, 912)
    address = new_address()
    browser.sign_in(address, outbox)
    assert articles_of(address) == {911, 912}
    assert tally(browser)[0] == "2"


def test_joining_is_a_union_and_never_a_sum(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    read(browser, 921, 922)
    browser.sign_in(address, outbox)
    second = Browser()
    read(second, 922, 923)
    second.sign_in(address, outbox)
    assert articles_of(address) == {921, 922, 923}
    second.post("/logout/", {})
    second.sign_in(address, outbox)
    assert articles_of(address) == {921, 922, 923}


def test_signing_out_leaves_the_browser_its_own_count(browser: Browser, outbox: Outbox) -> None:
    read(browser, 931, 932)
    browser.sign_in(new_address(), outbox)
    browser.post("/logout/", {})
    assert browser.client.cookies["reader"].value
    assert tally(browser)[0] == "2"


def test_wiping_takes_the_list_and_leaves_the_count(browser: Browser) -> None:
    read(browser, 941, 942)
    assert "Wipe this list" in browser.get("/account/reads/").content.decode()
    browser.post("/account/reads/wipe/", {})
    page = browser.get("/account/reads/").content.decode()
    assert "You wiped this list" in page
    assert 'class="ledger"' not in page
    assert tally(browser)[0] == "2"


def test_what_counts_after_wiping_is_shown(browser: Browser) -> None:
    key = read(browser, 961, 962)
    browser.get("/account/reads/")  # the form, and its token
    browser.post("/account/reads/wipe/", {})
    later = clock.now() + timedelta(minutes=1)
    for article in (962, 963):
        open_ledger().count(key, Article(article), ReaderClass.ANONYMOUS, None, Policy(), later)
    page = browser.get("/account/reads/").content.decode()
    assert "You wiped this list" in page
    assert page.count('class="when"') == 1, "the third, and not the second, which counted before"
    assert tally(browser)[0] == "3"


def test_wiping_the_one_article_in_the_cookie_takes_the_cookie(browser: Browser) -> None:
    read(browser, 951)
    browser.get("/account/reads/")
    browser.post("/account/reads/wipe/", {})
    assert browser.client.cookies["reader"].value == ""


@pytest.mark.parametrize("forged", ["x", "A" * 55, "é" * 55, "A" * 4000, "\x7f"])
def test_a_forged_reader_cookie_is_a_strangers(browser: Browser, outbox: Outbox, forged: str) -> None:
    browser.client.cookies["reader"] = forged
    assert tally(browser)[0] == "0"
    browser.sign_in(new_address(), outbox)
    assert tally(browser)[0] == "0"


def test_a_registered_reader_is_told_that_nothing_is_counted_any_more(browser: Browser, outbox: Outbox) -> None:
    read(browser, 961, 962)
    browser.get("/account/reads/")  # the form, and its token
    browser.sign_in(new_address(), outbox)
    assert "nothing is counted any more" in tally(browser)[1]


def test_a_window_that_rolls_says_when_the_first_stops_counting(browser: Browser, policy: None) -> None:
    rolling = Policy({ReaderClass.ANONYMOUS: Ladder(5, 3)}, Window(WindowKind.ROLLING, 7), zone="Asia/Tokyo")
    open_ledger().publish_policy(PolicySnapshot(rolling, "", "The Broadsheet"))
    read(browser, 971, 972)
    count, said = tally(browser)
    assert count == "2"
    assert "of 5 articles in the last 7 days" in said
    assert "stops counting on" in said
