"""Readers' search: the same searches on both databases, and the page."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from broadsheet.config import config
from broadsheet.newsroom.models import SearchEntry
from broadsheet.newsroom.searching import view
from broadsheet.newsroom.searching.words import spelling_keys, tokens, tokens_among, typos_between
from broadsheet.site.doctor import database, examine
from tests.factories import a_section, a_topic, an_article
from tests.newsroom.searches import SEARCHES
from tests.on_postgres import said_on_postgres

ROOT = Path(__file__).parents[2]


@pytest.mark.django_db
@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.__name__)
def test_on_sqlite(search: Callable[[], None]) -> None:
    search()


@pytest.mark.timeout(300)
def test_on_postgresql(postgres: str, tmp_path: Path) -> None:
    assert "all was found" in said_on_postgres(postgres, "searches", tmp_path, "tests.newsroom.searches")


@pytest.mark.parametrize(
    ("one", "other", "typos"),
    [("ferry", "ferry", 0), ("ferry", "fery", 1), ("ferry", "ferrry", 1), ("ferry", "fetry", 1), ("ferry", "frery", 1),
     ("ferry", "fry", 2), ("ferry", "marmalade", 3), ("", "ab", 2)],
)  # fmt: skip
def test_a_typo_is_one_letter_left_out_added_replaced_or_swapped(one: str, other: str, typos: int) -> None:
    assert typos_between(one, other) == typos_between(other, one) == typos
    if typos == 1:
        assert spelling_keys(one) & spelling_keys(other)


# ── the page


@pytest.fixture
def page(db: None) -> Callable[..., str]:
    client = Client(HTTP_HOST="testserver")

    def ask(**given: str) -> str:
        answer = client.get("/search/", given)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
        return answer.content.decode()

    return ask


def test_the_form_holds_the_whole_search_and_its_links_lead_back_to_it(page: Callable[..., str]) -> None:
    section, topic = a_section("Harbour", "harbour"), a_topic("Boats")
    for number in range(21):
        an_article(section, headline=f"Marmalade {number}", topics=[topic])
    asked = {"q": "marmalade", "section": "harbour", "topic": topic.slug, "from": "2020-01-01", "sort": "date"}
    text = page(**asked)
    assert '<option value="harbour" selected>Harbour (21)</option>' in text
    assert f'<option value="{topic.slug}" selected>Boats (21)</option>' in text
    assert 'value="2020-01-01"' in text
    assert '<option value="date" selected>' in text
    (following,) = re.findall(r'<a href="([^"]*)" rel="next">', text)
    query = html.unescape(following).partition("?")[2]
    assert query == f"q=marmalade&section=harbour&topic={topic.slug}&from=2020-01-01&sort=date&page=2"
    second = page(**asked, page="2")
    assert second.count("<mark>Marmalade</mark>") == 1
    assert "21 articles, page 2" in second


def test_what_was_found_is_marked_and_what_was_written_is_escaped(page: Callable[..., str]) -> None:
    an_article(headline="Marmalade <b>& quinces</b>", standfirst="Dear <i>marmalade</i>")
    text = page(q='marmalade "><script>')
    assert "<script>alert" not in text and '"><script>' not in text
    text = page(q="marmalade")
    assert "<mark>Marmalade</mark> &lt;b&gt;&amp; quinces&lt;/b&gt;" in text
    assert "Dear &lt;i&gt;<mark>marmalade</mark>&lt;/i&gt;" in text
    assert 'role="status"' in text and "1 article<" in text


def test_each_empty_page_says_what_to_do(page: Callable[..., str]) -> None:
    an_article(headline="Marmalade", standfirst="")
    assert "<ol" not in page() and "at least" not in page()
    assert "at least two letters" in page(q="a")
    assert "a word to look for" in page(q="*") and "a word to look for" in page(q="-marmalade")
    assert "only the first words" in page(q="marmalade " * 30)
    nothing = page(q="marmalade zyzzyva")
    assert "No article has those words" in nothing and '<a href="/search/?q=marmalade">marmalade</a>' in nothing
    assert "2024-03-31" in page(q="marmalade", **{"from": "tomorrow"})
    assert "2024-03-31" in page(q="marmalade", to="9999-12-31")
    assert "comes after the last" in page(q="marmalade", **{"from": "2024-02-01", "to": "2024-01-01"})
    assert "nothing here called “nowhere”" in page(q="marmalade", section="nowhere")
    assert "No article is from there and then" in page(to="1999-12-31")
    corrected = page(q="marmlade")
    assert "No article has “marmlade”" in corrected and "<b>Marmalade</b>" in corrected


def test_a_network_that_asks_without_end_is_told_to_wait(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "MOST_IN_A_MINUTE", 3)
    client = Client(HTTP_HOST="testserver", REMOTE_ADDR="192.0.2.77")
    assert [client.get("/search/?q=ferry").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/search/?q=ferry")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "Too many searches" in refused.content.decode()
    assert Client(HTTP_HOST="testserver", REMOTE_ADDR="198.51.100.7").get("/search/?q=ferry").status_code == 200


def test_the_doctor_sees_an_index_that_differs(db: None) -> None:
    def findings() -> list[str]:
        return [one.wrong for one in examine(config(), [database]) if "search" in one.wrong]

    kept, lost, old = (an_article(headline=f"Marmalade {number}") for number in range(3))
    assert findings() == []
    SearchEntry.objects.filter(pk=lost.pk).delete()
    SearchEntry.objects.filter(pk=old.pk).update(version=77)
    assert "1 articles are not in the index, 1 are in it as they were before, 0 should not" in findings()[0]
    assert kept.live


@pytest.mark.parametrize(
    "text",
    [
        "Trump’s “façade”, l’État; U.S. 3,000 don't Ærø—naïve",
        "Афиша: «Ёлка» и йод",
        'צה"ל, שלום ו"הארץ" ג׳ירפה',
        "Ἀθῆναι Αθήνα",
        "",
    ],
)
def test_a_text_of_plain_letters_has_the_words_it_has_beside_others(text: str) -> None:
    """Thai and a mark have it read with care."""
    careful = list(tokens(f"{text} ไทย e\u0301"))
    assert list(tokens(text)) == careful[:-4]
    assert tokens_among(text, lambda word: len(word) > 3) == [one for one in careful[:-4] if len(one.word) > 3]
