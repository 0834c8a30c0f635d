"""Stories as pages ask for them: one by its address, with what its own page needs or only what the meter asks; many by
their ids, as cards of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import models

from broadsheet.newsroom.models import Article, Byline, Section, Topic
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.prepared import prepared

_NUMBER, _TEXT = models.BigIntegerField(), models.TextField()


def for_page(section: str, slug: str) -> Article | None:
    found: list[Article] = _for_page(section, slug)
    for story in found:
        story.bylines.set(_bylines(story.pk))  # in memory, as all that modelcluster sets
    return _with_topics(found)


def for_meter(section: str, slug: str) -> Article | None:
    return _with_topics(_for_meter(section, slug))


def cards(ids: Collection[int]) -> list[Article]:
    """Newest first; those of them that are public. Their sections are read only where they are asked for."""
    return _cards(sorted(ids)) if ids else []


def read_sections(articles: Iterable[Article]) -> None:
    """Of all these in one query: joined, each story would be given a section of its own."""
    articles = list(articles)
    ids = sorted({article.section_id for article in articles if article.section_id is not None})
    sections = {section.pk: section for section in _sections(ids)} if ids else {}
    for article in articles:
        if article.section_id in sections:
            article.section = sections[article.section_id]


def _with_topics(found: list[Article]) -> Article | None:
    for story in found:
        story.topics.set(_topics(story.pk))
    return found[0] if found else None


@prepared(_TEXT, _TEXT)
def _for_page(section: str, slug: str) -> ArticleQuerySet:
    return Article.objects.at(section, slug).for_page()[:1]


@prepared(_TEXT, _TEXT)
def _for_meter(section: str, slug: str) -> ArticleQuerySet:
    return Article.objects.at(section, slug).for_meter()[:1]


@prepared(_NUMBER)
def _topics(story: int) -> models.QuerySet[Topic]:
    return Topic.objects.filter(articles__id=story)


@prepared(_NUMBER)
def _bylines(story: int) -> models.QuerySet[Byline]:
    return Byline.objects.filter(article__id=story).select_related("person")


@prepared(_NUMBER)
def _cards(ids: list[int]) -> ArticleQuerySet:
    return Article.objects.published().for_list().filter(id__in=ids)


@prepared(_NUMBER)
def _sections(ids: list[int]) -> models.QuerySet[Section]:
    return Section.objects.filter(id__in=ids).order_by().only("title", "url_path")
