"""What a visitor is promised before they ask for anything: no cookie, nobody else told, nothing that follows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest

from tests.client import Answer
from tests.e2e.conftest import Story, Window, is_open, registered
from tests.server import Server

Windows = Callable[..., Window]

PAGES = ["/", "/sitemap.xml", "/robots.txt", "/feed/", "/search/?q=election", "/nowhere/", "/healthz", "/readyz"]


@pytest.fixture(scope="module")
def addresses(stories: list[Story]) -> list[str]:
    sections = sorted({f"/{story.section}/" for story in stories})
    return [*PAGES, *sections, *(f"{section}feed/" for section in sections), *(f"{one}page/2/" for one in sections)]


def set_cookies(answer: Answer) -> list[str]:
    return answer.all_headers("Set-Cookie")


def test_nothing_but_a_counted_article_sets_a_cookie(edition: Server, addresses: list[str]) -> None:
    for address in addresses:
        visitor = edition.client()
        assert [set_cookies(visitor.request(method, address)) for method in ("GET", "HEAD")] == [[], []], address


def test_looking_ahead_at_an_article_sets_no_cookie(edition: Server, stories: list[Story]) -> None:
    path = stories[0].path
    for said in ({"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
        ahead = edition.client().get(path, said)
        assert (ahead.status, set_cookies(ahead), ahead.body) == (503, [], b"")
    head = edition.client().head(path)
    assert (head.status, set_cookies(head), head.body) == (200, [], b"")


def test_a_counted_article_sets_one_cookie_and_only_once(edition: Server, stories: list[Story]) -> None:
    reader = edition.client()
    (cookie,) = set_cookies(reader.get(stories[0].path))
    assert re.fullmatch(r"reader=[\w-]{55}; Max-Age=\d+; Path=/; HttpOnly; SameSite=Lax", cookie)
    assert [set_cookies(reader.get(story.path)) for story in stories[:4]] == [[]] * 4


def test_no_open_page_loads_anything_from_elsewhere(
    edition: Server, stories: list[Story], addresses: list[str]
) -> None:
    """Links may lead anywhere; what a browser fetches by itself comes from here. Of every story and every list."""
    reader = registered(edition)
    here = urlsplit(edition.url).netloc
    for address in [*(story.path for story in stories), *addresses]:
        answer = reader.get(address)
        if (answer.header("Content-Type") or "").startswith("text/html"):
            assert is_open(answer) or answer.status == 404
            elsewhere = [one for one in fetched(answer) if urlsplit(urljoin(edition.url, one)).netloc != here]
            assert elsewhere == [], address
            policy = answer.header("Content-Security-Policy") or ""
            assert "default-src 'self'" in policy or "default-src 'none'" in policy, policy
            assert "unsafe" not in policy
            assert not re.search(r"<(?:[^>]*\s(?:style|on\w+)=|style\b)", answer.text), "no inline style, no handler"
            assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*ld\+json)", answer.text), "no inline script"


def fetched(answer: Answer) -> list[str]:
    """What a browser asks for by itself to show the page."""
    found = [url for _, url in re.findall(r'<(?!a\b)(\w+)\b[^>]*\s(?:src|data|poster)="([^"]*)"', answer.text)]
    for tag in re.findall(r"<link\b[^>]*>", answer.text):
        if not re.search(r'rel="(?:canonical|alternate|license|author|prev|next)"', tag):
            found += re.findall(r'href="([^"]*)"', tag)
    for candidates in re.findall(r'srcset="([^"]*)"', answer.text):
        found += [candidate.split()[0] for candidate in candidates.split(",")]
    assert found, "a page has at least a style sheet"
    return found


def test_the_windows_of_these_tests_notice_what_should_not_happen(edition: Server, windows: Windows) -> None:
    """A refused script, an error in one, a request to another host: without this, their silence would prove nothing."""
    window = windows(edition)
    window.open("/")
    assert window.complaints == []
    window.page.evaluate(
        """() => {
            document.head.append(Object.assign(document.createElement("script"), {textContent: "1"}));
            document.body.append(Object.assign(document.createElement("img"), {src: "http://localhost:9/seen.gif"}));
            setTimeout(() => { throw new Error("of a script"); }, 0);
        }"""
    )
    window.expected = re.compile("inline script|seen.gif|of a script")
    window.page.wait_for_timeout(500)
    for sign in ("inline script", "seen.gif", "of a script"):
        assert any(sign in one for one in window.complaints), sign


def test_pages_say_what_they_are_made_of_and_files_are_there(edition: Server, stories: list[Story]) -> None:
    """Each file that a front page and a story ask for exists; hashed names may be kept for ever."""
    reader = registered(edition)
    for page in ("/", stories[0].path, stories[-1].path):
        for url in fetched(reader.get(page)):
            answer = reader.get(url)
            assert answer.status == 200, url
            if "/static/" in url:
                assert "immutable" in (answer.header("Cache-Control") or ""), url
