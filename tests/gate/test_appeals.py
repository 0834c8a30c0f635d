"""Who has closed an appeal is told apart in the last element of a page, and by its ETag."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from broadsheet.gate.appeals import MARK, is_closed
from tests.client import Answer, Client
from tests.gate.conftest import Paper
from tests.gate.test_reading import noticed

MARKED = MARK.decode()
CLOSED = {"appeal": "closed"}


def is_marked(answer: Answer) -> bool:
    """And the page is whole either way."""
    assert answer.status == 200, answer.text
    assert answer.text.endswith("</body></html>")
    return MARKED in answer.text


@pytest.mark.parametrize("encodings", ["br", "gzip", "identity"])
@pytest.mark.parametrize("path", ["/news/1/", "/news/free-2/", "/news/members-3/"])
def test_the_page_says_that_the_appeal_was_closed(paper: Paper, encodings: str, path: str) -> None:
    asked = paper.reader(encodings=encodings)
    assert not is_marked(asked.get(path))
    closed = paper.reader(encodings=encodings, cookies={**CLOSED})
    assert is_marked(closed.get(path))
    assert is_marked(closed.get(path)), "and again, when its answer is kept"
    assert not is_marked(asked.get(path)), "for nobody else"


def test_a_copy_the_browser_has_from_before_is_not_good_after_closing(paper: Paper) -> None:
    browser = paper.reader()
    browser.get("/news/1/")
    etag = browser.get("/news/1/").header("etag") or ""
    assert browser.get("/news/1/", {"If-None-Match": etag}).status == 304
    browser.cookies |= CLOSED
    closed = browser.get("/news/1/", {"If-None-Match": etag})
    assert is_marked(closed)
    own = closed.header("etag") or ""
    assert browser.get("/news/1/", {"If-None-Match": own}).status == 304
    del browser.cookies["appeal"]  # a day later
    assert not is_marked(browser.get("/news/1/", {"If-None-Match": own}))


def test_the_notice_stays_the_last_element(paper: Paper) -> None:
    browser = paper.reader(cookies={**CLOSED})
    for number in (1, 2, 3):
        answer = browser.get(f"/news/{number}/")
    assert noticed(answer) == 3
    assert answer.text.index(MARKED) < answer.text.index('<aside class="notice">')


def test_the_mark_costs_no_article(paper: Paper) -> None:
    browser: Client = paper.reader(cookies={**CLOSED})
    browser.get("/news/1/")
    browser.get("/news/1/")
    assert browser.get("/admin/reads/").text == "[]", "one article is in the cookie alone"
    browser.get("/news/2/")
    assert browser.get("/admin/reads/").text == "[1, 2]"


def test_a_stranger_of_a_network_that_reads_too_much_has_closed_it_too(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    paper.act("policy/?strangers=1")
    paper.reader().get("/news/1/")
    walled = paper.reader(cookies={**CLOSED}).get("/news/2/")
    assert "The wall." in walled.text
    assert is_marked(walled)


@pytest.mark.parametrize(
    ("cookies", "closed"),
    [
        ("appeal=closed", True),
        ("reader=x; appeal=closed; pass=y", True),
        ('appeal="closed"', True),
        ("appeal=open; appeal=closed", True),
        ("appeal=", False),
        ("appeal=closedly", False),
        ("xappeal=closed", False),
        ("note=appeal=closed", False),
        ("", False),
    ],
)
def test_what_the_cookie_says(cookies: str, closed: bool) -> None:
    assert is_closed(cookies) is closed
