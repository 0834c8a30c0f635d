"""Where a reader goes from a story: others on its topics, and those that follow it in its section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.prepared import prepared

RELATED = 4
NEXT = 3

# Words only: below a story that was read, pictures would cost more than they tell.
_DRAWN = ("title", "url_path", "kicker", "kind", "standfirst", "first_published_at", "section")


@dataclass(frozen=True)
class Onward:
    related: Sequence[Article]
    next_stories: Sequence[Article]


def onward(story: Article) -> Onward:
    """Never the story itself, and none twice. Two small queries find them, one fetches what is drawn."""
    related = _related(story)
    following = [pk for pk in _following(story) if pk not in related][:NEXT]
    wanted = [*related, *following]
    found = {one.pk: one for one in _drawn(wanted)} if wanted else {}
    return Onward(_in_order(related, found), _in_order(following, found))


def _related(story: Article) -> list[int]:
    """The newest that share a topic. Notes the lists of all its topics: what is published on one may belong here."""
    topics = [topic.pk for topic in story.topics.all()]
    tags.note(*(f"list:topic:{pk}" for pk in topics))
    return _newest(RELATED, _near_sharing, _sharing, topics, story.pk) if topics else []


def _following(story: Article) -> list[int]:
    """The section as the reader would leaf through it: from this story to older ones. As many more than are drawn as may
    be left out for standing among the related.

    News changes nothing here, so the page need not note the section's list, which would throw away the pages of a whole
    section for each story published in it; a story shown here that changes or goes is noted by itself.
    """
    if story.first_published_at is None or story.section_id is None:
        return []
    return _newest(NEXT + RELATED, _near_older, _older, story.section_id, story.first_published_at, story.pk)


def _newest(number: int, near: Callable[..., list[Any]], every: Callable[..., list[Any]], *asked: Any) -> list[int]:
    """Their ids; among the latest of all first, as `ArticleQuerySet.newest_ids` does."""
    found = near(*asked)
    if len(found) < number:
        found = every(*asked)
    return [pk for pk, _moment in found]


_NUMBER, _MOMENT = models.BigIntegerField(), models.DateTimeField()


@prepared(_NUMBER, _NUMBER)
def _near_sharing(topics: list[int], story: int) -> models.QuerySet[Any, Any]:
    return _all_sharing(topics, story).near().newest(RELATED)


@prepared(_NUMBER, _NUMBER)
def _sharing(topics: list[int], story: int) -> models.QuerySet[Any, Any]:
    return _all_sharing(topics, story).newest(RELATED)


def _all_sharing(topics: list[int], story: int) -> ArticleQuerySet:
    return Article.objects.published().filter(topics__id__in=topics).exclude(id=story).distinct()


@prepared(_NUMBER, _MOMENT, _NUMBER)
def _near_older(section: int, moment: datetime, story: int) -> models.QuerySet[Any, Any]:
    return _all_older(section, moment, story).near(until=moment).newest(NEXT + RELATED)


@prepared(_NUMBER, _MOMENT, _NUMBER)
def _older(section: int, moment: datetime, story: int) -> models.QuerySet[Any, Any]:
    return _all_older(section, moment, story).newest(NEXT + RELATED)


def _all_older(section: int, moment: datetime, story: int) -> ArticleQuerySet:
    older = Q(first_published_at__lt=moment) | Q(first_published_at=moment, id__lt=story)
    return Article.objects.published().filter(older, section_id=section)


@prepared(_NUMBER)
def _drawn(ids: list[int]) -> ArticleQuerySet:
    return Article.objects.filter(id__in=ids).order_by().only(*_DRAWN)


def _in_order(ids: Iterable[int], found: dict[int, Article]) -> list[Article]:
    return [found[pk] for pk in ids if pk in found]
