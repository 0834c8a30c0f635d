"""A morning in the newsroom, on whatever database this process was started with. Run by `test_postgres.py`."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from wagtail.search.backends import get_search_backend

from broadsheet.newsroom import versions
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Article, Byline, ChangeClass, Purge
from tests.factories import PARAGRAPHS, a_person, a_picture, a_section, a_topic, an_article

REWRITES = [
    "UPDATE newsroom_publishedversion SET change = 'typo'",
    "UPDATE newsroom_publishedversion SET content = '{}'",
    "UPDATE newsroom_publishedversion SET seal = '', erasures = erasures + 1",
    "DELETE FROM newsroom_publishedversion",
    "TRUNCATE newsroom_publishedversion",
]


def main() -> None:
    assert connection.vendor == "postgresql"
    person, topic = a_person("Foil Correspondent"), a_topic("Hydrofoils")
    article = an_article(
        headline="Marmalade", picture=a_picture(), topics=[topic], bylines=[Byline(person=person)], slug="marmalade"
    )
    others = [an_article(article.section) for _ in range(3)]
    the_record(article)
    the_pages(article)
    the_search(article)
    taken_down(others[0])
    assert not Purge.objects.exists()
    print("the edition is out")


def the_record(article: Article) -> None:
    article.standfirst = "Corrected."
    publish(article, change=ChangeClass.CORRECTION, note="It was jam.")
    for statement in REWRITES:
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    first = versions.PublishedVersion.objects.filter(article_id=article.pk).earliest("number")
    versions.erase(first, ["bylines"])
    assert versions.verify_chain(article) == []
    assert versions.latest(article.pk).number == 2


def the_pages(article: Article) -> None:
    client = Client(HTTP_HOST="testserver")
    for path in ("/", article.section.url, "/topics/topic-2/", "/people/reporter-1/", "/feed/", "/news-sitemap.xml"):
        answer = client.get(path, headers={"X-Broadsheet-Page": "a"})
        assert (answer.status_code, answer["X-Broadsheet-Stored"]) == (200, "1"), path
        assert "marmalade" in answer.content.decode(), path
    walled = client.get(article.url, headers={"X-Broadsheet-Page": "w"}).content.decode()
    assert PARAGRAPHS[0] in walled
    assert PARAGRAPHS[5] not in walled
    old = article.url
    article = Article.objects.get(pk=article.pk)
    article.move(a_section(), pos="last-child")
    assert client.get(old, headers={"X-Broadsheet-Page": "a"}).status_code == 301


def the_search(article: Article) -> None:
    index = get_search_backend().get_index_for_model(Article)
    index.add_items(Article, list(Article.objects.all()))
    client = Client(HTTP_HOST="testserver")
    for query in ("marmalade", "hydrofoils", "correspondent", "Foil%20Correspondent", "%27%22!%26|", "a:*"):
        answer = client.get(f"/search/?q={query}")
        assert answer.status_code == 200, query
    assert "/marmalade/" in client.get("/search/?q=correspondent").content.decode()


def taken_down(article: Article) -> None:
    address = article.url
    unpublish(article, notice="Withdrawn.")
    assert Client(HTTP_HOST="testserver").get(address).status_code == 410
    article.delete()
    assert versions.verify_chain(article.pk or 0) == []
