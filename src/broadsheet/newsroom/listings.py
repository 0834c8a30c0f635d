"""What stands on the front page and in lists: chosen from the published articles, never kept beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import Http404

from broadsheet import clock
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article, Publication, Section
from broadsheet.newsroom.models.articles import ArticleQuerySet

SECONDARY = 4
BRIEFS = 4
ROW = 6
LEAD_AMONG = 8  # the newest story with a picture leads, unless it is older than this many without
PER_PAGE = 20


@dataclass(frozen=True)
class Row:
    section: Section
    articles: Sequence[Article]


@dataclass(frozen=True)
class Front:
    lead: Article | None
    secondary: Sequence[Article]
    briefs: Sequence[Article]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Pager:
    number: int
    previous_url: str = ""
    next_url: str = ""


def front(menu: Sequence[Section]) -> Front:
    """The newest stories by rank, then each section's; no story twice."""
    newest = _newest_of_each_section()
    lead = _lead(newest)
    others = [article for article in newest if article is not lead]
    secondary, briefs = others[:SECONDARY], others[SECONDARY : SECONDARY + BRIEFS]
    used = {article.pk for article in (lead, *secondary, *briefs) if article}
    rows = []
    for section in menu:
        left = [article for article in newest if article.section_id == section.pk and article.pk not in used]
        if left:
            rows.append(Row(section, left[:ROW]))
    return Front(lead, secondary, briefs, rows)


def _newest_of_each_section() -> list[Article]:
    """Newest first, and enough of each section to fill its row whatever stands above: in one query."""
    enough = 1 + SECONDARY + BRIEFS + ROW
    rank = Window(
        RowNumber(), partition_by="section_id", order_by=[F("first_published_at").desc(nulls_last=True), F("pk").desc()]
    )
    ids = Article.objects.latest().annotate(rank=rank).filter(rank__lte=enough).values_list("pk", flat=True)
    return list(Article.objects.latest().for_list().filter(pk__in=list(ids)))


def _lead(newest: Sequence[Article]) -> Article | None:
    pictured = (article for article in newest[:LEAD_AMONG] if article.picture_id)
    return next(pictured, newest[0] if newest else None)


def page_of(articles: ArticleQuerySet, number: int, url: str) -> tuple[list[Article], Pager]:
    """One page of a list that lives at `url`. Raises Http404 beyond its end; the first page may be empty."""
    first = (number - 1) * PER_PAGE
    found = list(articles.for_list()[first : first + PER_PAGE + 1])
    if not found and number > 1:
        raise Http404(f"{url} has no page {number}.")
    pager = Pager(
        number,
        previous_url=_page_url(url, number - 1) if number > 1 else "",
        next_url=_page_url(url, number + 1) if len(found) > PER_PAGE else "",
    )
    return found[:PER_PAGE], pager


def section_lead(articles: Sequence[Article]) -> Article | None:
    return _lead(articles)


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
