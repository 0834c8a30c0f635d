"""Where a reader goes from a story: others on its topics, and those that follow it in its section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article
from broadsheet.newsroom.models.articles import ArticleQuerySet

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
    related = _related(story).newest_ids(RELATED)
    # As many again as could be left out for standing among the related.
    following = _following(story).newest_ids(NEXT + RELATED, until=story.first_published_at)
    following = [pk for pk in following if pk not in related][:NEXT]
    found = Article.objects.only(*_DRAWN).in_bulk([*related, *following])
    return Onward(_in_order(related, found), _in_order(following, found))


def _related(story: Article) -> ArticleQuerySet:
    """The newest that share a topic. Notes the lists of all its topics: what is published on one may belong here."""
    topics = [topic.pk for topic in story.topics.all()]
    tags.note(*(f"list:topic:{pk}" for pk in topics))
    return Article.objects.published().filter(topics__in=topics).exclude(pk=story.pk).distinct()


def _following(story: Article) -> ArticleQuerySet:
    """The section as the reader would leaf through it: from this story to older ones.

    News changes nothing here, so the page need not note the section's list, which would throw away the pages of a whole
    section for each story published in it; a story shown here that changes or goes is noted by itself.
    """
    moment = story.first_published_at
    if moment is None or story.section_id is None:
        return Article.objects.none()
    older = Q(first_published_at__lt=moment) | Q(first_published_at=moment, pk__lt=story.pk)
    return Article.objects.published().filter(older, section_id=story.section_id)


def _in_order(ids: Iterable[int], found: dict[int, Article]) -> list[Article]:
    return [found[pk] for pk in ids if pk in found]
