"""Feeds in three formats: what their specifications demand, what stays, and what they must not tell."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest
from django.core.files.base import ContentFile
from wagtail.documents import get_document_model

from broadsheet import clock
from broadsheet.config import config
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, Byline, Publication
from broadsheet.newsroom.models.versions import ChangeClass
from tests.factories import PARAGRAPHS, a_person, a_picture, a_section, a_topic, an_article
from tests.interchange.conftest import Gate

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
ENDINGS = ("feed/", "feed.atom", "feed.json")


@pytest.fixture
def article(db: None) -> Article:
    return an_article(
        headline="A & B <i>",
        picture=a_picture(),
        topics=[a_topic("Ferries")],
        bylines=[Byline(person=a_person("First Reporter")), Byline(person=a_person("A Draughtsman"), role="map by")],
        source_name="Wikinews",
        source_url="https://example.org/original",
        licence_name="CC BY 2.5",
    )


def of_all(article: Article) -> list[str]:
    topic, person = article.topics.get(), article.bylines.first().person
    return ["/", article.section.url, topic.url, person.url]


def ids(gate: Gate) -> list[str | None]:
    return [
        ElementTree.fromstring(gate.text("/feed/")).findtext(".//guid"),
        ElementTree.fromstring(gate.text("/feed.atom")).findtext(f"{ATOM}entry/{ATOM}id"),
        json.loads(gate.text("/feed.json"))["items"][0]["id"],
    ]


@pytest.mark.django_db(transaction=True)
def test_every_list_has_a_feed_in_three_formats_which_is_kept_and_purged(gate: Gate, article: Article) -> None:
    addresses = [f"{home}{ending}" for home in of_all(article) for ending in ENDINGS]
    for address in addresses:
        assert article.url in gate.text(address)
        assert gate.is_kept(address)
    article.title = "Changed"
    publish(article, change=ChangeClass.TYPO)
    for address in addresses:
        assert not gate.is_kept(address), address
        assert "Changed" in gate.text(address)


def test_feeds_are_found_from_the_pages_they_are_of(gate: Gate, article: Article) -> None:
    for home in of_all(article):
        page = gate.text(home)
        for ending in ENDINGS:
            assert f'href="{home}{ending}"' in page


def test_rss_says_what_its_specification_demands(gate: Gate, article: Article) -> None:
    answer = gate.page("/feed/")
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    assert all(channel.findtext(name) for name in ("title", "link", "description", "language", "lastBuildDate"))
    assert channel.find(f"{ATOM}link").get("href") == "http://testserver/feed/"
    (item,) = channel.iter("item")
    assert item.findtext("title") == "A & B <i>"
    assert item.findtext("link") == f"http://testserver{article.url}"
    assert item.find("guid").get("isPermaLink") == "false"
    assert parsedate_to_datetime(item.findtext("pubDate")) == article.published_at.replace(microsecond=0)
    assert [one.text for one in item.iter("category")] == [article.section.name, "Ferries"]
    assert [one.text for one in item.iter("{http://purl.org/dc/elements/1.1/}creator")] == ["First Reporter"]
    enclosure, media = item.find("enclosure"), item.find(f"{MEDIA}content")
    assert int(enclosure.get("length")) == int(media.get("fileSize")) > 1000
    assert enclosure.get("type") == "image/jpeg" and enclosure.get("url").startswith("http://testserver/media/")
    assert media.findtext(f"{MEDIA}credit") == "Harbour archive"


def test_atom_says_what_its_specification_demands(gate: Gate, article: Article) -> None:
    answer = gate.page("/feed.atom")
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {"self": "http://testserver/feed.atom", "alternate": "http://testserver/"}
    assert root.findtext(f"{ATOM}author/{ATOM}name") == Publication.ours().name
    (entry,) = root.findall(f"{ATOM}entry")
    for of in (root, entry):  # RFC 4287, 4.1.1 and 4.1.2: exactly one of each
        for name in ("id", "title", "updated"):
            assert len(of.findall(f"{ATOM}{name}")) == 1
        assert datetime.fromisoformat(of.findtext(f"{ATOM}updated")).tzinfo is not None
    assert entry.findtext(f"{ATOM}rights") == "Wikinews, CC BY 2.5"
    assert [category.get("term") for category in entry.findall(f"{ATOM}category")] == [article.section.name, "Ferries"]
    links = {link.get("rel"): link for link in entry.findall(f"{ATOM}link")}
    assert set(links) == {"alternate", "via", "enclosure"}
    assert int(links["enclosure"].get("length")) > 1000


def test_json_feed_says_what_its_specification_demands(gate: Gate, article: Article) -> None:
    answer = gate.page("/feed.json")
    assert answer["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(answer.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "http://testserver/feed.json"
    (item,) = feed["items"]
    assert item["title"] == "A & B <i>"
    assert item["content_text"] == article.standfirst
    assert "content_html" not in item
    assert [author["name"] for author in item["authors"]] == ["First Reporter"]
    assert item["attachments"][0]["mime_type"] == "image/jpeg"
    assert item["_broadsheet"]["is_accessible_for_free"] is False


def test_an_id_stays_when_headline_address_and_section_change(gate: Gate, article: Article) -> None:
    before = ids(gate)
    assert len(set(before)) == 1 and before[0].startswith("urn:uuid:")
    article.slug, article.title = "elsewhere", "Changed"
    publish(article, change=ChangeClass.UPDATE)
    assert ids(gate) == before
    assert "/elsewhere/" in gate.text("/feed.atom")


def test_an_update_moves_the_date_of_an_entry_and_a_comma_does_not(gate: Gate, article: Article) -> None:
    def updated() -> str | None:
        return ElementTree.fromstring(gate.text("/feed.atom")).findtext(f"{ATOM}entry/{ATOM}updated")

    first = updated()
    article.standfirst = "With a comma, now."
    publish(article, change=ChangeClass.TYPO)
    assert updated() == first
    article.standfirst = "There is news."
    publish(article, change=ChangeClass.UPDATE)
    assert article.modified_at.isoformat(timespec="seconds") == updated()


def test_what_may_be_metered_is_announced_and_what_is_free_is_given_whole(gate: Gate) -> None:
    section = a_section()
    an_article(section, headline="Metered")
    an_article(section, headline="Free for a week", free_until=clock.now() + timedelta(days=7))
    for ending in ENDINGS:
        assert not [text for text in PARAGRAPHS if text in gate.text(f"{section.url}{ending}")]
    an_article(section, headline="Free", always_free=True)
    for ending in ENDINGS:
        whole = gate.text(f"{section.url}{ending}")
        assert all(text in whole for text in PARAGRAPHS)


def test_what_is_given_whole_has_its_pictures_files_and_tables(gate: Gate) -> None:
    picture = a_picture("The ferry", alt_text="A ferry & its crew", caption="At noon.", credit="Harbour archive")
    recording = get_document_model().objects.create(title="Call", file=ContentFile(b"ID3", "call.mp3"))
    section = a_section()
    an_article(
        section,
        always_free=True,
        picture=picture,
        body=[
            ("paragraph", '<p>See <a href="/about/">us</a>.</p>'),
            ("picture", {"picture": picture, "caption": "Here <now>"}),
            ("gallery", {"heading": "Places", "pictures": [{"picture": picture, "caption": ""}] * 2}),
            ("table", {"data": [["Town", "Votes"], ["Ghent", "12"]], "first_row_is_table_header": True}),
            ("audio", {"audio": recording, "title": "The call", "credit": "", "transcript": ""}),
            ("file", {"document": recording, "title": "The recording"}),
            ("embed", {"url": "https://vimeo.com/76979871", "title": "The way", "thumbnail": None}),
            ("pull_quote", {"text": "Said twice.", "speaker": ""}),
        ],
    )
    html = json.loads(gate.text(f"{section.url}feed.json"))["items"][0]["content_html"]
    base = config().base_url
    assert f'<a href="{base}/about/">us</a>' in html
    assert html.count(f'<img src="{base}/media/') == 3
    assert 'alt="A ferry &amp; its crew"' in html
    assert "Here &lt;now&gt; Harbour archive</figcaption>" in html
    assert "At noon. Harbour archive" in html
    assert "<h3>Places</h3>" in html
    assert re.search(r"<th[^>]*>Votes</th>.*<td[^>]*>12</td>", html, re.DOTALL)
    assert f'<audio controls src="{base}/' in html
    assert ">The recording</a>" in html
    assert '<a href="https://vimeo.com/76979871">The way</a>' in html
    assert "Said twice." not in html
    assert '="/' not in html


def test_an_empty_feed_and_characters_that_xml_cannot_hold(gate: Gate) -> None:
    section = a_section()
    assert ElementTree.fromstring(gate.text(f"{section.url}feed.atom")).findtext(f"{ATOM}updated")
    assert json.loads(gate.text(f"{section.url}feed.json"))["items"] == []
    an_article(section, headline="Before\x0b\x1f\ufffe after")
    for ending in ("feed/", "feed.atom"):
        assert "Before after" in "".join(ElementTree.fromstring(gate.text(f"{section.url}{ending}")).itertext())


def test_there_is_no_feed_of_what_is_not(gate: Gate) -> None:
    for path in ("/nowhere/feed.atom", "/topics/nothing/feed.json", "/people/nobody/feed/", "/feed.atom/", "/feed.rss"):
        assert gate.page(path).status_code == 404, path
