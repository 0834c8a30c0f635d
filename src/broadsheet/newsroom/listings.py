"""What stands in lists: chosen from the published articles, never kept beside them. For the front page, see `front.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import Http404

from broadsheet import clock
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article, Publication
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.renditions import read_files
from broadsheet.newsroom.stories import cards, read_sections

LEAD_AMONG = 8  # the newest story with a picture leads, unless it is older than this many without
PER_PAGE = 20


@dataclass(frozen=True)
class Pager:
    number: int
    previous_url: str = ""
    next_url: str = ""


def page_of(articles: ArticleQuerySet, number: int, url: str) -> tuple[list[Article], Pager]:
    """One page of a list that lives at `url`. Raises Http404 beyond its end; the first page may be empty."""
    first = (number - 1) * PER_PAGE
    ids = articles.newest_ids(PER_PAGE + 1, skip=first)
    found = cards(ids)
    if not found and number > 1:
        raise Http404(f"{url} has no page {number}.")
    pager = Pager(
        number,
        previous_url=_page_url(url, number - 1) if number > 1 else "",
        next_url=_page_url(url, number + 1) if len(found) > PER_PAGE else "",
    )
    read_sections(found)
    read_files(article.picture for article in found)
    return found[:PER_PAGE], pager


def section_lead(articles: Sequence[Article]) -> Article | None:
    """The newest with a picture, unless it is behind too many without."""
    pictured = (article for article in articles[:LEAD_AMONG] if article.picture_id)
    return next(pictured, articles[0] if articles else None)


def _page_url(url: str, number: int) -> str:
    return url if number == 1 else f"{url}page/{number}/"


def today(publication: Publication) -> datetime:
    """Now, where the publication is. What shows its date reads differently from midnight on."""
    now = clock.now().astimezone(publication.time_zone)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    tags.note_until(midnight)
    return now


def without(articles: Iterable[Article], one: Article | None) -> list[Article]:
    return [article for article in articles if one is None or article.pk != one.pk]
