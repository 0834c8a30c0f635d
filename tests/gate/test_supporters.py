"""A supporter without an account: known by a pass in the browser that gave, counted under its reader cookie."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from broadsheet.core.meter import Decision, ReaderClass, Reason, Verdict
from broadsheet.gate.pages import VerdictClass
from tests.client import Answer, Client
from tests.gate.conftest import Paper
from tests.gate.test_reading import is_open, noticed

NO_ACCOUNT = 0


def gives(paper: Paper, browser: Client, *, account: int = NO_ACCOUNT, to: str = "supporter") -> str:
    """The text of the cookie that the browser then holds."""
    browser.get(f"/admin/pass/?class={to}&account={account}&cookie={'supporter' if account == NO_ACCOUNT else 'pass'}")
    return browser.cookies["pass" if account else "supporter"]


def class_of(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    found = re.search(r"Class (\w)\.", answer.text)
    assert found is not None
    return found[1]


def test_who_gives_is_a_supporter_from_the_next_request_on(paper: Paper) -> None:
    browser = paper.reader()
    assert class_of(browser.get("/news/1/")) == "a"
    gives(paper, browser)
    assert class_of(browser.get("/news/1/")) == "s"
    assert class_of(browser.get("/")) == "s", "also where nothing is metered"
    assert class_of(browser.get("/news/members-2/")) == "s"


def test_and_no_longer_once_the_pass_is_ended(paper: Paper) -> None:
    browser = paper.reader()
    given = gives(paper, browser)
    assert class_of(browser.get("/news/1/")) == "s"
    paper.act(f"end-pass/?text={given}")
    assert class_of(browser.get("/news/1/")) == "a"


def test_readers_of_other_browsers_stay_what_they_are(paper: Paper) -> None:
    gives(paper, paper.reader())
    assert class_of(paper.reader().get("/news/1/")) == "a"


@pytest.mark.parametrize("forged", ["", "x", "A" * 22, "%00", "é", "A" * 5000, '"'])
def test_an_invented_cookie_is_worth_nothing(paper: Paper, forged: str) -> None:
    answer = paper.reader(cookies={"supporter": forged}).get("/news/1/")
    assert class_of(answer) == "a"


def test_a_pass_is_believed_only_in_the_cookie_it_was_given_for(paper: Paper) -> None:
    """Two readers signed in by the pass of a browser would share the count of no account."""
    browser = paper.reader()
    given = gives(paper, browser)
    assert class_of(paper.reader(cookies={"pass": given}).get("/news/1/")) == "a"
    signed_in = gives(paper, browser, account=4711)
    assert class_of(paper.reader(cookies={"supporter": signed_in}).get("/news/1/")) == "a"
    both = {"Cookie": f"supporter={signed_in}; supporter={given}"}
    assert class_of(paper.reader().get("/news/1/", both)) == "s"


@pytest.mark.parametrize(("signed_in_as", "seen_as"), [("registered", "s"), ("supporter", "s"), ("subscriber", "b")])
def test_of_two_passes_the_higher_class_counts(paper: Paper, signed_in_as: str, seen_as: str) -> None:
    browser = paper.reader()
    gives(paper, browser)
    gives(paper, browser, account=4712, to=signed_in_as)
    assert class_of(browser.get("/news/1/")) == seen_as


def test_ending_the_passes_of_an_account_ends_none_of_a_browser(paper: Paper) -> None:
    browser = paper.reader()
    gives(paper, browser)
    paper.act(f"signout/?account={NO_ACCOUNT}")
    assert class_of(browser.get("/news/1/")) == "s"


@pytest.fixture
def counting(own_paper: Callable[..., Paper]) -> Paper:
    """A paper whose supporters have three articles."""
    paper = own_paper(BROADSHEET_WORKERS="2")
    paper.act("policy/?allowance=1&notice=0&supporters=3")
    return paper


def test_the_ladder_of_supporters_counts_in_a_browser_that_has_read_nothing(counting: Paper) -> None:
    browser = counting.reader()
    gives(counting, browser)
    assert [noticed(browser.get(f"/news/{number}/")) for number in (1, 2, 3, 1)] == [1, 2, 3, 3]
    walled = browser.get("/news/4/")
    assert not is_open(walled)
    assert class_of(walled) == "y", "the wall of those who give"
    assert browser.get("/admin/reads/").text == "[1, 2, 3]"


def test_and_goes_on_with_what_the_browser_had_read(counting: Paper) -> None:
    browser = counting.reader()
    assert is_open(browser.get("/news/1/"))
    assert not is_open(browser.get("/news/2/"))
    gives(counting, browser)
    assert is_open(browser.get("/news/2/"))
    assert is_open(browser.get("/news/3/"))
    assert not is_open(browser.get("/news/4/"))


def test_a_supporter_who_keeps_no_reader_cookie_is_limited_by_network_like_any_stranger(
    own_paper: Callable[..., Paper],
) -> None:
    paper = own_paper()
    paper.act("policy/?allowance=3&supporters=3&strangers=2")
    given = gives(paper, paper.reader())
    seen = [class_of(paper.reader(cookies={"supporter": given}).get(f"/news/{number}/")) for number in range(1, 5)]
    assert seen == ["s", "s", "y", "y"]


@pytest.mark.parametrize("reader", list(ReaderClass))
def test_every_class_has_a_page_of_its_own_and_they_are_eight_at_most(reader: ReaderClass) -> None:
    walled = VerdictClass.of(reader, Decision(Verdict.WALL, Reason.STRANGERS))
    opened = VerdictClass.of(reader)
    assert (opened.is_open, walled.is_open) == (True, False)
    assert opened.reader is reader
    assert len(VerdictClass) <= 8
    gives_already = reader not in (ReaderClass.ANONYMOUS, ReaderClass.REGISTERED)
    assert (walled is VerdictClass.WALLED_SUPPORTER) == gives_already
