"""The newest stories of a list: the same ones, in the same order, wherever they are looked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadsheet import clock
from broadsheet.newsroom.models import Article, Section, Topic, articles
from broadsheet.newsroom.models.articles import ArticleQuerySet
from tests.factories import a_draft, a_section, a_topic, an_article

pytestmark = pytest.mark.django_db

HOURS = (0, 1, 1, 1, 2, 3, 5, 5, 8, 9, 9, 12)  # some were published in the same minute


@pytest.fixture
def made() -> tuple[Section, Topic]:
    """Stories of two sections by turns, each with two topics, and a draft that nobody should find."""
    sections, topic, now = [a_section(), a_section()], a_topic(), clock.now()
    for number, hours in enumerate(HOURS):
        topics = [topic, a_topic()] if number % 3 else [a_topic()]
        an_article(sections[number % 2], first_published_at=now - timedelta(hours=hours), topics=topics)
    a_draft(sections[0])
    return sections[0], topic


def sorted_whole(stories: ArticleQuerySet) -> list[int]:
    found = {story.pk: story for story in stories}.values()
    return [story.pk for story in sorted(found, key=lambda story: (story.first_published_at, story.pk), reverse=True)]


@pytest.mark.parametrize("near", [1, 3, 6, 500])
def test_the_newest_are_the_newest_however_few_are_looked_at_first(
    made: tuple[Section, Topic], near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    section, topic = made
    monkeypatch.setattr(articles, "NEAR", near)
    two_topics = Article.objects.published().filter(topics__in=Topic.objects.all()).distinct()
    for stories in (Article.objects.in_section(section), Article.objects.about(topic), two_topics):
        whole = sorted_whole(stories)
        assert len(whole) >= 6
        for skip in range(len(whole) + 1):
            for number in range(1, 5):
                assert stories.newest_ids(number, skip=skip) == whole[skip : skip + number]


@pytest.mark.parametrize("near", [1, 2, 500])
def test_those_before_a_moment_are_found_from_that_moment_on(
    made: tuple[Section, Topic], near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    section, _ = made
    monkeypatch.setattr(articles, "NEAR", near)
    whole = sorted_whole(Article.objects.in_section(section))
    for place, story in enumerate(Article.objects.in_bulk(whole)[pk] for pk in whole):
        older = Article.objects.in_section(section).filter(pk__in=whole[place + 1 :])
        assert older.newest_ids(2, until=story.first_published_at) == whole[place + 1 : place + 3]


def test_a_list_with_new_stories_is_not_sorted_whole(made: tuple[Section, Topic]) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert len(Article.objects.in_section(made[0]).newest_ids(3)) == 3
    assert len(asked) == 1
