"""Withheld means never sent: every sentence before which the wall stands is looked for in all that a walled reader can get.

What is withheld is told from the database and from where a walled page ends; the opening may be a third of a story and no more.
A standfirst is for everyone, also where its writer took a sentence of the story for it.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urljoin, urlsplit

import pytest

from tests.client import Answer, Client
from tests.e2e.conftest import Story, is_open, is_walled, read_to_the_limit, registered
from tests.e2e.sentences import Sentences, Words, sentences_of, strings_in, words_of
from tests.server import Server

LARGEST_OPENING = 0.34
ENCODINGS = ("br", "gzip", "identity")
AT_ONCE = 4
SOAK = os.environ.get("BROADSHEET_SOAK") == "1"


def prose(page: str) -> str:
    """The body of the story on its page."""
    found = re.search(r'<div class="prose[^>]*>(.*?)<div class="prose-end">', page, re.DOTALL)
    assert found is not None
    return found[1]


@dataclass(frozen=True)
class Split:
    """A story at its wall: what everyone may read of it, and the sentences that nobody may before they register."""

    free: str
    withheld: list[str]


def split_at_wall(story: Story, walled_page: str) -> Split:
    """The opening is the blocks at the top whose sentences the walled page shows."""
    shown = Sentences()
    blocks = [sentences_of(block) for block in story.body]
    for sentence in (sentence for block in blocks for sentence in block):
        shown.add(sentence)
    in_opening = shown.in_text(prose(walled_page))
    opening = 0
    while opening < len(blocks) and set(blocks[opening]) <= in_opening:
        opening += 1
    free = " ".join(text for block in story.body[:opening] for text in strings_in(block["value"]))
    whole = " ".join(text for block in story.body for text in strings_in(block["value"]))
    assert len(plain_words(free)) <= LARGEST_OPENING * len(plain_words(whole)), f"{story.path} gives too much away"
    return Split(f"{story.standfirst} {free}", [sentence for block in blocks[opening:] for sentence in block])


def plain_words(text: str) -> Words:
    return words_of(html.unescape(re.sub(r"<[^>]*>", "", text)))


@dataclass
class Walled:
    """Two readers at their limit, so that every story is before the wall for one of them."""

    readers: tuple[Client, Client]
    opened: frozenset[str]  # by the first of them

    def before(self, path: str) -> Client:
        return self.readers[path in self.opened]


@pytest.fixture(scope="module")
def walled(edition: Server, stories: list[Story]) -> Walled:
    first, second = read_to_the_limit(edition, stories[:11]), read_to_the_limit(edition, stories[20:31])
    return Walled((first, second), frozenset(story.path for story in stories[:10]))


@pytest.fixture(scope="module")
def withheld(stories: list[Story], walled: Walled) -> dict[str, list[str]]:
    """By address of the story; without the sentences that a standfirst or an opening says to everyone as well."""

    def at_wall(story: Story) -> Split:
        page = walled.before(story.path).get(story.path)
        assert is_walled(page)
        return split_at_wall(story, page.text)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        splits = dict(zip((story.path for story in stories), pool.map(at_wall, stories), strict=True))
    all_of_them = Sentences()
    for split in splits.values():
        for sentence in split.withheld:
            all_of_them.add(sentence)
    free = set().union(*(all_of_them.in_text(split.free) for split in splits.values()))
    found = {path: [one for one in split.withheld if one not in free] for path, split in splits.items()}
    assert all(found.values()), "every story withholds something"
    assert sum(map(len, found.values())) > 2000
    assert len(free) < 20, "a standfirst is rarely a sentence of its story"
    return found


@pytest.fixture(scope="module")
def looked_for(withheld: dict[str, list[str]]) -> Sentences:
    sentences = Sentences()
    for of_story in withheld.values():
        for sentence in of_story:
            sentences.add(sentence)
    return sentences


@pytest.fixture(scope="module")
def leaks(looked_for: Sentences) -> object:
    """What of it stands in an answer: in its status line's headers, and in its body without the encoding it came in."""
    in_text = cache(looked_for.in_text)  # the encodings of a page are the same text

    def in_answer(answer: Answer) -> set[str]:
        return in_text(answer.content.decode("utf-8", "replace")) | in_text("\n".join(map(": ".join, answer.headers)))

    return in_answer


def test_the_search_finds_every_sentence_in_the_open_page(
    edition: Server, stories: list[Story], withheld: dict[str, list[str]], leaks: object
) -> None:
    """Without this, a search that finds nothing anywhere would prove nothing."""
    reader = registered(edition)
    encodings = dict(zip((story.path for story in stories), ENCODINGS * len(stories), strict=False))

    def missed(story: Story) -> set[str]:
        answer = reader.get(story.path, {"Accept-Encoding": encodings[story.path]})
        assert is_open(answer)
        return set(withheld[story.path]) - leaks(answer)  # type: ignore[operator]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set().union(*pool.map(missed, stories)) == set()


def test_no_answer_about_a_walled_story_has_any_of_it(
    edition: Server, stories: list[Story], walled: Walled, leaks: object
) -> None:
    open_reader = registered(edition)
    asked_in_all_ways = stories if SOAK else stories[::10]

    def found(story: Story) -> list[tuple[str, set[str]]]:
        reader, path = walled.before(story.path), story.path
        open_tag = open_reader.head(path).header("ETag") or ""
        by_encoding = {encoding: reader.get(path, {"Accept-Encoding": encoding}) for encoding in ENCODINGS}
        assert all((answer.header("Content-Encoding") or "identity") == name for name, answer in by_encoding.items())
        assert all(is_walled(answer) for answer in by_encoding.values())
        head = reader.head(path, {"Accept-Encoding": "identity"})
        assert head.header("Content-Length") == str(len(by_encoding["identity"].body)), "the length of the walled page"
        asks = {
            **by_encoding,
            "HEAD": head,
            "range": reader.get(path, {"Range": "bytes=2000-", "Accept-Encoding": "identity"}),
            "if the open copy is current": reader.get(path, {"If-None-Match": open_tag}),
            **(asked_otherwise(reader, path, open_tag) if story in asked_in_all_ways else {}),
        }
        assert "304" not in {str(asks[name].status) for name in asks if name.startswith("if ")}
        assert open_tag not in {answer.header("ETag") for answer in asks.values()}
        return [(f"{path}, {name}", leaks(answer)) for name, answer in asks.items()]  # type: ignore[operator]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        everything = [pair for of_story in pool.map(found, stories) for pair in of_story]
    assert [pair for pair in everything if pair[1]] == []
    assert len(everything) > 6 * len(stories)


def asked_otherwise(reader: Client, path: str, open_tag: str) -> dict[str, Answer]:
    stranger = Client(reader.base_url)
    return {
        "if it is any copy": reader.get(path, {"If-None-Match": f'W/{open_tag}, "x"'}),
        "range of the open copy": reader.get(path, {"Range": "bytes=0-", "If-Range": open_tag}),
        "not changed": reader.get(path, {"If-Modified-Since": "Fri, 31 Dec 2027 00:00:00 GMT"}),
        "prefetch": reader.get(path, {"Sec-Purpose": "prefetch;prerender"}),
        "stranger ahead": stranger.get(path, {"Purpose": "prefetch"}),
        "stranger asks HEAD": stranger.head(path),
        "no slash": reader.get(path.rstrip("/"), follow=False),
        "query": reader.get(f"{path}?output=amp&_escaped_fragment_="),
        "below": reader.get(f"{path}history/"),
        "form": reader.post(path, {"x": "1"}),
    }


def test_nothing_of_it_is_anywhere_else(edition: Server, stories: list[Story], walled: Walled, leaks: object) -> None:
    """Every address that the sitemap or a link of any page names, and those that a curious reader would try."""
    articles = {story.path for story in stories}
    reader = walled.readers[0]
    tried = ["/", "/sitemap.xml", "/robots.txt", "/feed/", "/feed.json", "/feed.atom", "/news-sitemap.xml", "/nowhere/"]
    tried += ["/sitemap/pages.xml", "/.well-known/security.txt"]
    tried += ["/admin/", "/api/", "/api/v2/pages/", "/healthz", "/readyz", "/account/", "/account/reads/", "/search/"]
    tried += [f"/search/?q={quote(story.headline)}" for story in stories[::6]]
    tried += [f"/{story.section}/page/2/" for story in stories]
    seen: set[str] = set()
    pages = [walled.before(story.path).get(story.path) for story in stories]
    waiting = sorted({*tried, *(link for page in pages for link in links_of(page, edition))} - articles)
    found: list[tuple[str, set[str]]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while waiting:
            seen.update(waiting)
            answers = list(pool.map(reader.get, waiting))
            found += [(answer.url, leaks(answer)) for answer in answers]  # type: ignore[operator]
            links = {link for answer in answers for link in links_of(answer, edition)} - articles
            waiting = sorted(links - seen)
    assert [pair for pair in found if pair[1]] == []
    feeds = [[path for path in seen if path.endswith(end)] for end in ("/feed/", "/feed.atom", "/feed.json")]
    kinds = *feeds, [path for path in seen if path.startswith("/sitemap/")], [path for path in seen if "/page/" in path]
    assert len(seen) > 150 and all(len(kind) > 10 for kind in kinds), "the walk has reached feeds and further pages"


def test_search_does_not_tell_what_stands_behind_the_wall(
    stories: list[Story], walled: Walled, withheld: dict[str, list[str]]
) -> None:
    for story in stories[::9]:
        longest = max(withheld[story.path], key=len)
        answer = walled.readers[0].get(f"/search/?q={quote(' '.join(words_of(longest)[:8]))}")
        assert f'href="{story.path}"' not in answer.text, longest


def links_of(answer: Answer, server: Server) -> Iterable[str]:
    """Addresses on this host, without files."""
    if (answer.header("Content-Type") or "").partition(";")[0].endswith(("html", "xml")):
        for link in re.findall(r'(?:href|src|action)="([^"]*)"|<(?:loc|link)>([^<]*)<', answer.text):
            parts = urlsplit(urljoin(answer.url, html.unescape("".join(link))))
            if parts.netloc == urlsplit(server.url).netloc and not parts.path.startswith(("/static/", "/media/")):
                yield f"{parts.path}?{parts.query}" if parts.query else parts.path


def test_structured_data_of_a_walled_page_says_that_it_is_not_free(stories: list[Story], walled: Walled) -> None:
    page = walled.before(stories[0].path).get(stories[0].path).text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    said = json.loads(found[1])
    assert "articleBody" not in json.dumps(said)
