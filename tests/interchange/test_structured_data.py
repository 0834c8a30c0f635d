"""JSON-LD of every kind of page: who, what, when, whether it is free, and nothing that is withheld."""

from __future__ import annotations

import json
import re
from typing import Any

from broadsheet.interchange.share_cards.tasks import draw_card
from broadsheet.newsroom.models import Byline, Publication
from tests.factories import PARAGRAPHS, a_person, a_picture, a_section, a_topic, an_article
from tests.interchange.conftest import Gate


def told(gate: Gate, path: str, verdict: str = "a") -> dict[str, dict[str, Any]]:
    """By its (first) type."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', gate.text(path, verdict), re.DOTALL)
    parts = [json.loads(one) for one in found]
    assert all(part["@context"] == "https://schema.org" for part in parts)
    return {part["@type"] if isinstance(part["@type"], str) else part["@type"][0]: part for part in parts}


def test_an_article_says_who_when_and_that_it_is_metered_open_and_walled_alike(gate: Gate) -> None:
    reporter, translator = a_person("First Reporter"), a_person("A Translator")
    article = an_article(
        picture=a_picture(),
        topics=[a_topic("Ferries")],
        bylines=[Byline(person=reporter), Byline(person=translator, role="translated by")],
        source_url="https://example.org/original",
        licence_name="CC BY 2.5",
        licence_url="https://creativecommons.org/licenses/by/2.5/",
    )
    draw_card.call(article.pk)
    open_page, walled = told(gate, article.url, "a"), told(gate, article.url, "w")
    assert open_page == walled
    said = open_page["NewsArticle"]
    assert said["isAccessibleForFree"] is False
    assert said["hasPart"] == {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".prose"}
    assert 'class="prose' in gate.text(article.url, "w")
    assert said["author"] == [{"@type": "Person", "name": "First Reporter", "url": f"http://testserver{reporter.url}"}]
    assert said["translator"][0]["name"] == "A Translator"
    assert said["publisher"]["@type"] == "NewsMediaOrganization"
    assert said["license"] and said["isBasedOn"] == "https://example.org/original"
    assert said["keywords"] == ["Ferries"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", said["datePublished"])
    assert [image["width"] for image in said["image"]] == [1200, 1200]
    assert said["image"][0]["creditText"] == "Harbour archive"
    assert "/media/cards/" in said["image"][1]["url"]
    steps = walled["BreadcrumbList"]["itemListElement"]
    assert [step["item"] for step in steps] == [
        f"http://testserver{path}" for path in ("/", article.section.url, article.url)
    ]
    assert "articleBody" not in json.dumps(walled)
    assert not [text for text in PARAGRAPHS if text in json.dumps(walled)]


def test_a_free_article_has_no_metered_part(gate: Gate) -> None:
    said = told(gate, an_article(always_free=True).url)["NewsArticle"]
    assert said["isAccessibleForFree"] is True
    assert "hasPart" not in said


def test_dates_have_the_offset_of_the_newsroom(gate: Gate) -> None:
    publication = Publication.ours()
    publication.zone = "Asia/Kolkata"
    publication.save()
    assert told(gate, an_article().url)["NewsArticle"]["datePublished"].endswith("+05:30")


def test_a_headline_is_told_in_110_characters_and_whole_beside_it(gate: Gate) -> None:
    headline = "The council votes for another winter of crossings, " * 3
    said = told(gate, an_article(headline=headline.strip()).url)["NewsArticle"]
    assert len(said["headline"]) <= 110 and said["headline"].endswith("…")
    assert said["alternativeHeadline"] == headline.strip()


def test_the_front_page_says_who_publishes_and_by_which_rules_once_they_are_published(gate: Gate) -> None:
    said = told(gate, "/")
    assert said["WebSite"]["publisher"] == {"@id": said["NewsMediaOrganization"]["@id"]}
    assert "ethicsPolicy" not in said["NewsMediaOrganization"]


def test_lists_and_people_say_what_they_are(gate: Gate) -> None:
    section, topic = a_section("Harbour"), a_topic("Ferries")
    person = a_person("First Reporter", role="harbour reporter", bio="Writes of boats.")
    article = an_article(section, topics=[topic], bylines=[Byline(person=person)])
    for path in (section.url, topic.url):
        said = told(gate, path)
        (item,) = said["CollectionPage"]["mainEntity"]["itemListElement"]
        assert item == {"@type": "ListItem", "position": 1, "url": f"http://testserver{article.url}"}
        assert len(said["BreadcrumbList"]["itemListElement"]) == 2
    profile = told(gate, person.url)["ProfilePage"]
    assert profile["mainEntity"]["@type"] == "Person"
    assert profile["mainEntity"]["jobTitle"] == "harbour reporter"
    assert profile["hasPart"][0]["headline"] == article.headline


def test_no_name_breaks_out_of_its_element(gate: Gate) -> None:
    name = "</script><script>alert(1)</script><!--"
    section, person = a_section(name), a_person(name, bio=name)
    publication = Publication.ours()
    publication.name = name
    publication.save()
    an_article(section, headline=name, bylines=[Byline(person=person)])
    for path in ("/", section.url, person.url):
        assert "<script>alert" not in gate.text(path)
        assert told(gate, path)
