"""What a reader finds at each address."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks import default_task_backend

from broadsheet import clock
from broadsheet.newsroom import listings
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.front import compose
from broadsheet.newsroom.models import Article, Byline, ChangeClass, Section
from broadsheet.newsroom.onward import NEXT, RELATED
from tests.factories import PARAGRAPHS, a_draft, a_person, a_picture, a_section, a_topic, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db

WITHHELD = PARAGRAPHS[2:]


def headlines(html: str) -> list[str]:
    return re.findall(r"<h\d>\s*<a href=\"(/[^\"]+)\">", html)


# ── front, section, topic, person


def test_the_front_page_has_the_newest_with_a_picture_first_and_no_story_twice(gate: Gate) -> None:
    sections = [a_section() for _ in range(3)]
    for number in range(24):
        an_article(sections[number % 3], first_published_at=clock.now() - timedelta(days=100 - number))
    pictured = an_article(sections[0], picture=a_picture(), first_published_at=clock.now() - timedelta(days=77))

    shown = headlines(gate.html("/"))

    assert shown[0] == pictured.url
    assert len(shown) == len(set(shown))
    assert {article.url for row in compose(clock.now()).rows for article in row.articles} < set(shown)
    assert len(shown) == 9 + sum(len(row.articles) for row in compose(clock.now()).rows)


def test_an_empty_publication_has_a_front_page(gate: Gate) -> None:
    assert gate.page("/").status_code == 200


def test_lists_are_paged_by_path_and_end_with_a_404(gate: Gate) -> None:
    section, topic, person = a_section(), a_topic(), a_person()
    for number in range(listings.PER_PAGE + 3):
        an_article(
            section,
            topics=[topic],
            bylines=[Byline(person=person)],
            first_published_at=clock.now() - timedelta(days=number),
        )
    for of in (section, topic, person):
        first, second = headlines(gate.html(of.url)), headlines(gate.html(f"{of.url}page/2/"))
        assert (len(first), len(second)) == (listings.PER_PAGE, 3)
        assert not set(first) & set(second)
        assert f'href="{of.url}page/2/"' in gate.html(of.url)
        assert gate.page(f"{of.url}page/3/").status_code == 404
        assert gate.page(f"{of.url}page/0/").status_code == 404
        answer = gate.page(f"{of.url}page/1/")
        assert (answer.status_code, answer["Location"]) == (301, of.url)


def test_somebody_with_two_parts_in_a_story_is_listed_with_it_once(gate: Gate) -> None:
    person = a_person()
    article = an_article(bylines=[Byline(person=person, role="by"), Byline(person=person, role="photographs by")])
    assert headlines(gate.html(person.url)) == [article.url]


def test_a_draft_is_nowhere(gate: Gate) -> None:
    section, topic, person = a_section(), a_topic(), a_person()
    draft = a_draft(section, topics=[topic], bylines=[Byline(person=person)], headline="Not yet")
    for path in ("/", section.url, topic.url, person.url, "/feed/", f"{section.url}feed/", "/sitemap.xml"):
        assert "Not yet" not in gate.html(path)
        assert draft.slug not in gate.html(path)
    assert gate.page(draft.url).status_code == 404


# ── the article, open and walled


@pytest.mark.parametrize("verdict", ["a", "r", "s", "b", "e"])
def test_an_open_article_is_whole(gate: Gate, verdict: str) -> None:
    html = gate.html(an_article().url, verdict)
    assert all(paragraph in html for paragraph in PARAGRAPHS)


@pytest.mark.parametrize("verdict", ["w", "x", "y", None])
def test_a_walled_article_has_its_opening_and_not_a_sentence_more(gate: Gate, verdict: str | None) -> None:
    article = an_article(picture=a_picture())
    html = gate.html(article.url, verdict) if verdict else gate.client.get(article.url).content.decode()
    assert article.headline in html
    assert article.standfirst in html
    assert "ferry" in html
    assert PARAGRAPHS[0] in html
    for paragraph in WITHHELD:
        assert paragraph not in html
        assert paragraph[:40] not in html
    assert re.search(r"goes on for \d+ words", html)


def test_what_is_withheld_is_in_no_list_no_feed_and_no_search(gate: Gate) -> None:
    section = a_section()
    an_article(section, body=[("paragraph", f"<p>{text}</p>") for text in (*PARAGRAPHS, "The zyzzyva was seen.")])
    for path in ("/", section.url, "/feed/", f"{section.url}feed/", "/sitemap.xml"):
        html = gate.html(path)
        assert not [text for text in PARAGRAPHS if text in html]
    assert "zyzzyva" not in gate.client.get("/search/?q=zyzzyva").content.decode().replace("“zyzzyva”", "").replace(
        'value="zyzzyva"', ""
    ).replace("<title>zyzzyva", "")


@pytest.mark.parametrize(
    ("lengths", "shown"),
    [
        ([20, 20, 20, 20, 20, 20, 20, 20, 20, 20], 2),  # two paragraphs, a fifth
        ([5, 5, 90, 100], 2),
        ([30, 70], 1),  # the first may be a third
        ([50, 50], 0),  # but not half
        ([100], 0),  # never the whole
        ([10, 200, 200], 1),
        ([], 0),
    ],
)
def test_the_opening_is_whole_blocks_and_about_a_fifth(lengths: list[int], shown: int) -> None:
    article = Article(body=[("paragraph", f"<p>{'word ' * length}</p>") for length in lengths])
    opening = article.opening
    assert len(opening.blocks) == shown
    assert opening.words_left == sum(lengths[shown:])


def test_an_opening_does_not_end_with_a_subheading() -> None:
    long = ("paragraph", f"<p>{'word ' * 100}</p>")
    article = Article(body=[("paragraph", "<p>few words</p>"), ("subheading", "What comes next"), long, long])
    assert [block.block_type for block in article.opening.blocks] == ["paragraph"]


def test_a_page_is_described_with_what_the_meter_must_know(gate: Gate) -> None:
    topic = a_topic()
    article = an_article(topics=[topic], members_only=True, kind="analysis")
    answer = gate.describe(article.url)
    assert (answer.status_code, answer["X-Broadsheet-Described"], answer.content) == (204, "1", b"")
    described = page_store_description(article.url)
    assert described.article.id == article.pk
    assert described.article.topics == {topic.pk}
    assert described.article.section == article.section_id
    assert described.article.members_only
    assert described.article.words == article.words > 100
    assert ("cache-control", "private, no-cache") in described.kind.headers
    assert any(name == "content-security-policy" for name, _ in described.kind.headers)


def page_store_description(path: str):
    from broadsheet.newsroom.purge import page_store

    return page_store().description(path)


def test_the_public_interest_switch_ends_by_itself(gate: Gate) -> None:
    soon = clock.now() + timedelta(hours=1)
    article = an_article(free_until=soon)
    gate.describe(article.url)
    assert page_store_description(article.url).until == soon
    assert page_store_description(article.url).article.free_until == soon


# ── moved, gone, never there


def test_a_changed_address_leads_to_the_new_one_also_after_a_second_change(gate: Gate) -> None:
    article = an_article(slug="first")
    old = article.url
    for slug in ("second", "third"):
        article.slug = slug
        publish(article, change=ChangeClass.STYLE)
    for address in (old, old.replace("first", "second")):
        answer = gate.page(address)
        assert (answer.status_code, answer["Location"]) == (301, article.url)
    assert gate.page(article.url).status_code == 200


def test_a_section_that_is_renamed_takes_its_stories_along(gate: Gate) -> None:
    section = a_section(slug="foreign")
    article = an_article(section, slug="a-story")
    gate.html("/")
    section = Section.objects.get(pk=section.pk)
    section.slug = "world"
    section.save()
    for old, new in (("/foreign/", "/world/"), ("/foreign/a-story/", "/world/a-story/")):
        answer = gate.page(old)
        assert (answer.status_code, answer["Location"]) == (301, new)
    assert PARAGRAPHS[5] in gate.html("/world/a-story/")
    article.refresh_from_db()
    assert article.url == "/world/a-story/"


def test_a_story_moved_to_another_section_is_recorded_and_found(gate: Gate) -> None:
    old, new = a_section(), a_section()
    article = an_article(old)
    address = article.url
    article.move(new, pos="last-child")
    article = Article.objects.get(pk=article.pk)
    assert article.section == new
    answer = gate.page(address)
    assert (answer.status_code, answer["Location"]) == (301, article.url)
    assert headlines(gate.html(new.url)) == [article.url]
    assert headlines(gate.html(old.url)) == []


def test_what_was_taken_down_answers_410_with_the_notice(gate: Gate) -> None:
    article = an_article(headline="The ferry sinks")
    unpublish(article, notice="Withdrawn: it did not sink.")
    for answer in (gate.describe(article.url), gate.page(article.url), gate.client.get(article.url)):
        assert answer.status_code == 410
        assert "Withdrawn: it did not sink." in answer.content.decode()
        assert PARAGRAPHS[0] not in answer.content.decode()


@pytest.mark.parametrize("path", ["/nowhere/", "/nowhere/at-all/", "/topics/none/", "/people/nobody/", "/a/b/c/"])
def test_an_address_that_never_was_is_a_plain_404(gate: Gate, path: str) -> None:
    answer = gate.page(path)
    assert answer.status_code == 404
    assert "X-Broadsheet-Stored" not in answer
    assert b"</html>" in answer.content


def test_nobody_s_class_of_readers_is_refused(gate: Gate) -> None:
    assert gate.page("/", "z").status_code == 400


def test_pages_set_no_cookie(gate: Gate) -> None:
    article = an_article()
    for path in ("/", article.section.url, article.url, "/feed/", "/search/?q=ferry"):
        assert not gate.client.get(path).cookies


# ── feeds and search


def test_a_feed_announces_stories_by_their_standfirst_with_an_id_that_stays(gate: Gate) -> None:
    person, topic = a_person("First Reporter"), a_topic("Ferries")
    article = an_article(picture=a_picture(), topics=[topic], bylines=[Byline(person=person)], headline="A & B <i>")
    for path in ("/feed/", f"{article.section.url}feed/", f"{topic.url}feed/", f"{person.url}feed/"):
        root = ElementTree.fromstring(gate.html(path))
        (item,) = root.iter("item")
        assert item.findtext("title") == "A & B <i>"
        assert item.findtext("description") == article.standfirst
        assert item.findtext("{http://purl.org/dc/elements/1.1/}creator") == "First Reporter"
        assert item.find("{http://search.yahoo.com/mrss/}content/{http://search.yahoo.com/mrss/}credit") is not None
        assert item.find("{http://purl.org/rss/1.0/modules/content/}encoded") is None
    before = root.findtext(".//guid")
    article.slug, article.title = "elsewhere", "Changed"
    publish(article, change=ChangeClass.UPDATE)
    from broadsheet.newsroom.purge import page_store

    page_store().purge_all()
    assert ElementTree.fromstring(gate.html("/feed/")).findtext(".//guid") == before


def test_a_feed_gives_free_stories_whole(gate: Gate) -> None:
    an_article(always_free=True)
    item = next(ElementTree.fromstring(gate.html("/feed/")).iter("item"))
    whole = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")
    assert all(paragraph in whole for paragraph in PARAGRAPHS)


def indexed() -> None:
    """What the worker does with the queue."""
    from wagtail.search.backends import get_search_backend

    index = get_search_backend().get_index_for_model(Article)
    index.add_items(Article, list(Article.objects.all()))


def test_search_finds_headlines_standfirsts_topics_and_people(gate: Gate) -> None:
    person, topic = a_person("Foil Correspondent"), a_topic("Hydrofoils")
    article = an_article(
        headline="Marmalade", standfirst="About quinces.", topics=[topic], bylines=[Byline(person=person)]
    )
    indexed()
    for word in ("marmalade", "quinces", "hydrofoils", "correspondent"):
        assert headlines(gate.client.get(f"/search/?q={word}").content.decode()) == [article.url], word


def test_search_looks_into_the_body_of_free_stories_only(gate: Gate) -> None:
    body = [("paragraph", "<p>The zyzzyva was seen.</p>")]
    free = an_article(body=body, always_free=True)
    an_article(body=body)
    indexed()
    assert headlines(gate.client.get("/search/?q=zyzzyva").content.decode()) == [free.url]


def test_search_shows_no_draft_and_nothing_taken_down(gate: Gate) -> None:
    a_draft(headline="Marmalade one")
    gone = an_article(headline="Marmalade two")
    indexed()
    unpublish(gone)
    assert headlines(gate.client.get("/search/?q=marmalade").content.decode()) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a",
        "%22",
        "%00%00",
        '"unclosed',
        "AND",
        "NEAR(",
        "*",
        "a" * 5000,
        "-",
        "' OR 1=1",
        "ferry&page=999999999",
        "ferry&page=x",
    ],
)
def test_search_answers_any_input(gate: Gate, query: str) -> None:
    an_article()
    indexed()
    answer = gate.client.get(f"/search/?q={query}")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


# ── cost


def queries(client: Client, path: str, verdict: str = "a") -> int:
    from broadsheet.newsroom.purge import page_store

    page_store().purge_all()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path, headers={"X-Broadsheet-Page": verdict}).status_code == 200
    return len(captured)


def test_a_page_costs_the_same_number_of_queries_whatever_stands_on_it(gate: Gate) -> None:
    section, topic, person = a_section(), a_topic(), a_person()

    def another(**fields: object) -> Article:
        return an_article(
            section, topics=[topic, a_topic()], bylines=[Byline(person=person), Byline(person=a_person())],
            picture=a_picture(), **fields,
        )  # fmt: skip

    first = another()
    for _ in range(
        NEXT + RELATED
    ):  # what is near a story is asked for only where there is something, and once if it is enough
        another()
    gate.client.get("/")  # the JPEGs are made at first sight
    paths = ["/", section.url, topic.url, person.url, first.url, "/feed/", f"{topic.url}feed/"]
    for path in paths:
        gate.client.get(path)
    few = {path: queries(gate.client, path) for path in paths}
    for _ in range(6):
        another()
    a_section()
    for path in paths:
        gate.client.get(path)
    many = {path: queries(gate.client, path) for path in paths}
    assert many == few
    assert max(few.values()) <= 14, few


def test_the_worker_s_queue_is_asked_for_nothing_while_a_page_is_drawn(gate: Gate) -> None:
    assert default_task_backend is not None
    article = an_article(picture=a_picture())
    with CaptureQueriesContext(connection) as captured:
        gate.page(article.url)
    assert not [
        query for query in captured.captured_queries if "django_tasks" in query["sql"] and "INSERT" in query["sql"]
    ]
