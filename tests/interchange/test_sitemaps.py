"""What crawlers are told: sitemaps, the news of two days, robots.txt, security.txt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from broadsheet import clock
from broadsheet.interchange import sitemaps
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Byline, Publication
from broadsheet.newsroom.models.versions import ChangeClass
from broadsheet.newsroom.purge import page_store
from tests.factories import a_person, a_section, a_topic, an_article
from tests.interchange.conftest import Gate

SITEMAP = f"{{{sitemaps.SITEMAP}}}"
NEWS = f"{{{sitemaps.NEWS}}}"


def entries(gate: Gate, path: str) -> dict[str, str | None]:
    """Addresses and when they changed."""
    root = ElementTree.fromstring(gate.text(path))
    found = {one.findtext(f"{SITEMAP}loc"): one.findtext(f"{SITEMAP}lastmod") for one in root}
    return {address.removeprefix("http://testserver"): changed for address, changed in found.items()}


def test_the_index_leads_to_every_story_by_its_month(gate: Gate) -> None:
    section = a_section()
    october = an_article(section, first_published_at=datetime(2019, 10, 31, 23, 59, tzinfo=UTC))
    november = an_article(section, first_published_at=datetime(2019, 11, 1, tzinfo=UTC))
    december = an_article(section, first_published_at=datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC))
    index = entries(gate, "/sitemap.xml")
    months = ["/sitemap/2019-12.xml", "/sitemap/2019-11.xml", "/sitemap/2019-10.xml"]
    assert list(index) == ["/sitemap/pages.xml", *months]
    for month, article in zip(months, (december, november, october), strict=True):
        assert entries(gate, month) == {article.url: article.published_at.isoformat(timespec="seconds")}
        assert index[month] == article.published_at.isoformat(timespec="seconds")
    for nothing in ("/sitemap/2019-09.xml", "/sitemap/2019-13.xml", "/sitemap/2019-10-2.xml", "/sitemap/0000-01.xml"):
        assert gate.page(nothing).status_code == 404


def test_a_month_of_more_addresses_than_a_file_may_hold_has_several(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "MOST_ADDRESSES", 2)
    section = a_section()
    stories = [an_article(section, first_published_at=datetime(2019, 10, day, tzinfo=UTC)) for day in range(1, 6)]
    parts = [address for address in entries(gate, "/sitemap.xml") if "2019-10" in address]
    assert parts == ["/sitemap/2019-10.xml", "/sitemap/2019-10-2.xml", "/sitemap/2019-10-3.xml"]
    assert [address for part in parts for address in entries(gate, part)] == [story.url for story in stories]


def test_lastmod_is_the_editorial_date(gate: Gate) -> None:
    article = an_article(first_published_at=datetime(2019, 10, 1, tzinfo=UTC))
    article.standfirst = "With a comma, now."
    publish(article, change=ChangeClass.TYPO)
    assert entries(gate, "/sitemap/2019-10.xml")[article.url] == "2019-10-01T00:00:00+00:00"
    article.standfirst = "There is news."
    publish(article, change=ChangeClass.UPDATE)
    changed = entries(gate, "/sitemap/2019-10.xml")[article.url]
    assert changed == article.modified_at.isoformat(timespec="seconds") != "2019-10-01T00:00:00+00:00"
    assert entries(gate, "/sitemap.xml")["/sitemap/2019-10.xml"] == changed


def test_the_pages_are_those_that_have_something_to_show(gate: Gate) -> None:
    topic, person = a_topic(), a_person()
    idle_topic, idle_person = a_topic(), a_person()
    article = an_article(topics=[topic], bylines=[Byline(person=person)])
    found = entries(gate, "/sitemap/pages.xml")
    changed = article.published_at.isoformat(timespec="seconds")
    assert found["/"] == found[article.section.url] == found[topic.url] == found[person.url] == changed
    assert not {idle_topic.url, idle_person.url} & set(found)


def test_what_is_taken_down_leaves_every_sitemap(gate: Gate) -> None:
    article = an_article()
    month = f"/sitemap/{article.published_at:%Y-%m}.xml"
    assert article.url in gate.text(month) and article.url in gate.text("/news-sitemap.xml")
    unpublish(article, notice="By order of a court.")
    assert gate.page(month).status_code == 404
    assert article.url not in gate.text("/news-sitemap.xml")


def test_the_news_sitemap_holds_two_days_and_no_more(gate: Gate) -> None:
    publication = Publication.ours()
    publication.name, publication.language = "Ferry & Harbour", "pt-BR"
    publication.save()
    now = clock.now()
    fresh = an_article(headline="New <engine>", first_published_at=now - timedelta(hours=47))
    old = an_article(first_published_at=now - timedelta(hours=49))
    root = ElementTree.fromstring(gate.text("/news-sitemap.xml"))
    (url,) = root
    assert old.url not in gate.text("/news-sitemap.xml")
    assert url.findtext(f"{SITEMAP}loc") == f"http://testserver{fresh.url}"
    (news,) = url.findall(f"{NEWS}news")
    assert news.findtext(f"{NEWS}publication/{NEWS}name") == "Ferry & Harbour"
    assert news.findtext(f"{NEWS}publication/{NEWS}language") == "pt"
    assert news.findtext(f"{NEWS}title") == "New <engine>"
    assert datetime.fromisoformat(news.findtext(f"{NEWS}publication_date")) == fresh.published_at.replace(microsecond=0)
    kept = page_store().page("/news-sitemap.xml", "a", "g")
    assert kept.until_s == pytest.approx((fresh.published_at + timedelta(days=2)).timestamp(), abs=1)


def test_robots_txt_closes_what_is_no_page_and_names_the_sitemaps(gate: Gate) -> None:
    lines = gate.text("/robots.txt").splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /admin/", "Disallow: /login/", "Disallow: /search/"} < set(lines)
    assert "Disallow: /" not in lines
    named = [line.removeprefix("Sitemap: http://testserver") for line in lines if line.startswith("Sitemap: ")]
    assert [ElementTree.fromstring(gate.text(path)).tag for path in named] == [
        f"{SITEMAP}sitemapindex",
        f"{SITEMAP}urlset",
    ]


def test_security_txt_names_the_contact_and_is_absent_without_one(gate: Gate) -> None:
    path = "/.well-known/security.txt"
    assert gate.page(path).status_code == 404
    publication = Publication.ours()
    publication.contact = "desk@example.org"
    publication.save()
    told = dict(line.split(": ", 1) for line in gate.text(path).splitlines())
    assert told["Contact"] == "mailto:desk@example.org"
    assert told["Canonical"] == "http://testserver/.well-known/security.txt"
    expires = datetime.fromisoformat(told["Expires"])
    assert timedelta(days=149) < expires - clock.now() < timedelta(days=365)
    kept = page_store().page(path, "a", "g")
    assert kept.until_s < expires.timestamp()
    publication.contact = ""
    publication.save()
    assert gate.page(path).status_code == 404
