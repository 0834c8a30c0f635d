"""What pages share: read once, kept until something is purged; and questions put into SQL once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from broadsheet import clock
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article, Publication
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.prepared import prepared
from broadsheet.newsroom.purge import page_store
from tests.factories import a_picture, a_section, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dressed() -> Publication:
    """A publication with everything that a page can ask of it."""
    publication = Publication.objects.first() or Publication()
    publication.name, publication.icon = "The Morning Paper", a_picture()
    publication.logo = a_picture(dark=a_picture())
    publication.save()
    return publication


def test_the_second_page_asks_the_database_for_nothing_that_all_pages_say(gate: Gate, dressed: Publication) -> None:
    first, second = an_article(), an_article()
    gate.page("/")
    gate.page(first.url)

    with CaptureQueriesContext(connection) as captured:
        page = gate.page(second.url).content.decode()

    assert second.section is not None
    assert second.section.name in page
    asked = [
        query["sql"] for query in captured if "newsroom_publication" in query["sql"] or "plainpage" in query["sql"]
    ]
    assert asked == []


def test_a_page_given_what_another_read_goes_with_the_same_changes(gate: Gate, dressed: Publication) -> None:
    article = an_article()
    assert dressed.logo is not None
    for change in (dressed.logo.dark.save, dressed.logo.save, dressed.icon.save, article.section.save, dressed.save):
        paths = ["/", article.url, article.section.url]
        for path in paths:
            gate.page(path)
            assert gate.kept(path) is not None, path
        change()
        assert [path for path in paths if gate.kept(path) is not None] == [], change


def test_a_change_is_on_the_next_page(gate: Gate, dressed: Publication) -> None:
    article = an_article(headline="Harbour")
    gate.page(article.url)
    dressed.name, dressed.logo = "The Evening Paper", None
    dressed.save()
    a_section("Waterfront", "waterfront")
    page = gate.page(article.url).content.decode()
    assert "The Evening Paper" in page
    assert "Waterfront" in page


def test_the_language_of_answers_changes_with_the_publication_s(gate: Gate, dressed: Publication) -> None:
    assert "Log in" in gate.client.get("/login/").content.decode()
    dressed.language = "he"
    dressed.save()
    assert "Log in" not in gate.client.get("/login/").content.decode()


def test_in_a_transaction_what_was_just_written_is_read(dressed: Publication) -> None:
    with tags.recording():
        Publication.ours()
        with transaction.atomic():
            dressed.name = "The Late Edition"
            dressed.save()
            assert Publication.ours().name == "The Late Edition"


def test_outside_of_pages_the_database_is_asked_each_time(dressed: Publication) -> None:
    assert Publication.ours() is not Publication.ours()


def test_what_another_process_purged_is_read_anew(dressed: Publication) -> None:
    with tags.recording():
        Publication.ours()
        Publication.objects.update(name="Written elsewhere")
        page_store().purge([tags.SETTINGS])
        assert Publication.ours().name == "Written elsewhere"


@prepared(models.BigIntegerField(), models.DateTimeField(), models.TextField())
def told(ids: list[int], before: Any, slug: str) -> ArticleQuerySet:
    found = Article.objects.filter(id__in=ids, first_published_at__lt=before)
    return found.exclude(slug=slug).select_related("section").order_by("-id")


def test_a_prepared_question_finds_what_its_queryset_finds() -> None:
    section = a_section()
    stories = [an_article(section) for _ in range(4)]
    ids, soon = [story.pk for story in stories], clock.now() + timedelta(days=1)
    for some, slug in ((ids, stories[1].slug), (ids[:2], "none"), (ids[2:], stories[2].slug), (ids, "'; --")):
        found = told(some, soon, slug)
        assert [story.pk for story in found] == [pk for pk in reversed(some) if stories[ids.index(pk)].slug != slug]
        assert {story.section for story in found} == {section}
    assert told(ids, clock.now() - timedelta(days=999), "none") == []


def test_a_prepared_question_is_asked_by_many_threads_at_once() -> None:
    stories = [an_article() for _ in range(3)]
    soon = clock.now() + timedelta(days=1)

    def ask(pk: int) -> list[int]:
        try:
            return [story.pk for _ in range(20) for story in told([pk], soon, "none")]
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(ask, [story.pk for story in stories]))
    assert answers == [[story.pk] * 20 for story in stories]
