"""The front page as readers see it: what an editor put in its places, and for every other place the best there is.

    front = compose(clock.now())
    front.lead.headline, [row.section.name for row in front.rows]

Nothing stands twice, `most_read` excepted. A story that was chosen and is no longer public leaves its place to the
automatic choice. The automatic choice is by date, with a head start of some hours for what makes a good front page: it
depends on the stories alone, never on the hour of the render, so that a stored front page is right until something changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from django.db import models

from broadsheet.newsroom import tags
from broadsheet.newsroom.house import menu
from broadsheet.newsroom.models import Article, Breaking, Composition, Kind, MostRead, Section
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.models.compositions import LEAD, OPINION, PLACES, ROW_PLACES, SECONDARY, Place, Plan, row_of
from broadsheet.newsroom.prepared import prepared
from broadsheet.newsroom.renditions import read_files
from broadsheet.newsroom.stories import cards

Rhythm = Literal["lead", "grid", "columns"]

BRIEFS = 4
MOST_READ = 5
WINDOW = 300  # newest stories looked at; more are asked of a section only where its row is not full by then
LEAD_AMONG = 8  # the best story with a picture leads, unless it is behind this many without
OF_ONE_SECTION = 2  # among the automatic secondary stories, while there are others
_NEVER = datetime(1, 1, 1, tzinfo=UTC)

# A head start over others of the same hour. Negative: it does not hurry, or there is little of it.
HEAD_STARTS: dict[str, timedelta] = {
    Kind.ANALYSIS: timedelta(hours=1),
    Kind.FEATURE: timedelta(hours=-2),
    Kind.REVIEW: timedelta(hours=-8),
    Kind.OBITUARY: timedelta(hours=-4),
}
PICTURED = timedelta(hours=3)
SHORT_WORDS, SHORT = 120, timedelta(hours=-4)
BARE = timedelta(hours=-2)  # without a standfirst


@dataclass(frozen=True)
class Row:
    """A section's stories. `rhythm`: `lead` (the first large, with its picture), `grid` (pictures), `columns` (words)."""

    section: Section
    articles: tuple[Article, ...]
    rhythm: Rhythm


@dataclass(frozen=True)
class Front:
    lead: Article | None
    secondary: tuple[Article, ...]  # at most 4
    briefs: tuple[Article, ...]  # at most 4
    opinion: tuple[Article, ...]  # at most 4
    rows: tuple[Row, ...]
    most_read: tuple[Article, ...]  # at most 5
    breaking: Article | None


class Candidate(NamedTuple):
    """What of a story decides where it may stand."""

    pk: int
    section_id: int
    kind: str
    picture_id: int | None
    worth: tuple[datetime, int]

    @classmethod
    def of(
        cls,
        pk: int,
        section_id: int,
        published_at: datetime | None,
        kind: str,
        picture_id: int | None,
        words: int,
        standfirst: str,
    ) -> Candidate:
        start = HEAD_STARTS.get(kind, timedelta())
        start += PICTURED if picture_id else timedelta()
        start += SHORT if words < SHORT_WORDS else timedelta()
        start += timedelta() if standfirst else BARE
        return cls(pk, section_id, kind, picture_id, ((published_at + start if published_at else _NEVER), pk))


# In the order of `Candidate.of`.
_DECIDES = ("pk", "section_id", "first_published_at", "kind", "picture_id", "words", "standfirst")


@dataclass(frozen=True)
class Filled:
    """Which article stands in which place: the skeleton of a front page, by ids."""

    places: Mapping[Place, int]
    briefs: tuple[int, ...]
    breaking: int | None
    most_read: tuple[int, ...]
    pictured: frozenset[int]

    def group(self, group: str) -> list[int]:
        return [pk for place, pk in sorted(self.places.items()) if place.group == group]


def compose(now: datetime, plan: Plan | None = None) -> Front:
    """The front page at `now`; with `plan`, as it would be with that one in force."""
    sections = menu()
    filled = fill(now, sections, plan)
    wanted = {*filled.places.values(), *filled.briefs, *filled.most_read}
    wanted |= {filled.breaking} if filled.breaking else set()
    # No card of the front page names its section, which is said by the row.
    found = {article.pk: article for article in cards(wanted)}
    read_files(article.picture for article in found.values())

    def these(ids: Iterable[int]) -> tuple[Article, ...]:
        return tuple(found[pk] for pk in ids if pk in found)  # one may have been taken down a moment ago

    lead = these(filled.group(LEAD))
    return Front(
        lead=lead[0] if lead else None,
        secondary=these(filled.group(SECONDARY)),
        briefs=these(filled.briefs),
        opinion=these(filled.group(OPINION)),
        rows=tuple(_rows(sections, filled, found)),
        most_read=these(filled.most_read),
        breaking=found.get(filled.breaking) if filled.breaking else None,
    )


def fill(now: datetime, menu: Sequence[Section], plan: Plan | None = None) -> Filled:
    if plan is None:
        in_force = Composition.objects.in_force(now)
        plan = in_force.plan if in_force else Plan()
    breaking = Breaking.at(now)
    most_read = list(MostRead.objects.values_list("article_id", flat=True))
    tags.note(tags.MOST_READ)
    tags.note(tags.ARTICLES)
    newest = [Candidate.of(*row) for row in _newest()]
    pool = {one.pk: one for one in newest}
    named = {*plan.chosen.values(), *most_read, *([breaking.article_id] if breaking else [])} - pool.keys()
    if named:
        pool |= {one.pk: one for one in _candidates(Article.objects.latest().filter(pk__in=named))}
    filling = _Filling(menu, newest, pool, saw_all=len(newest) < WINDOW)
    return filling.filled(plan, breaking.article_id if breaking else None, most_read)


@prepared()
def _newest() -> models.QuerySet[Any, Any]:
    """As tuples: three hundred articles are not made for the sake of fifty."""
    return Article.objects.published().values_list(*_DECIDES)[:WINDOW]


def _candidates(articles: ArticleQuerySet) -> Iterator[Candidate]:
    return (Candidate.of(*row) for row in articles.values_list(*_DECIDES))


class _Filling:
    """Places are taken in the order of the page, first by what was chosen, then by what is best of the rest."""

    def __init__(
        self, menu: Sequence[Section], newest: Sequence[Candidate], pool: dict[int, Candidate], *, saw_all: bool
    ) -> None:
        self._menu, self._newest, self._pool, self._saw_all = menu, newest, pool, saw_all
        self._places: dict[Place, int] = {}
        self._used: set[int] = set()

    def filled(self, plan: Plan, breaking: int | None, most_read: Sequence[int]) -> Filled:
        breaking = breaking if breaking in self._pool else None
        if breaking is not None:
            self._used.add(breaking)
        self._take_chosen(plan)
        self._take_best_news()
        self._take_opinion()
        briefs = tuple(one.pk for one in self._ranked(self._news())[:BRIEFS])
        self._used.update(briefs)
        for section in self._menu:
            self._take_row(section)
        return Filled(
            places=self._places,
            briefs=briefs,
            breaking=breaking,
            most_read=tuple(pk for pk in most_read if pk in self._pool)[:MOST_READ],
            pictured=frozenset(one.pk for one in self._pool.values() if one.picture_id),
        )

    def _take(self, place: Place, pk: int) -> None:
        self._places[place] = pk
        self._used.add(pk)

    def _take_chosen(self, plan: Plan) -> None:
        for place, pk in sorted(plan.chosen.items()):
            story = self._pool.get(pk)
            if story and pk not in self._used and place.section_id in (None, story.section_id):
                self._take(place, pk)

    def _take_best_news(self) -> None:
        ranked = self._ranked(self._news() or self._left())
        lead = Place(LEAD, 0)
        if lead not in self._places and ranked:
            best = next((one for one in ranked[:LEAD_AMONG] if one.picture_id), ranked[0])
            self._take(lead, best.pk)
            ranked.remove(best)
        for place in self._empty(SECONDARY):
            if ranked:
                best = next((one for one in ranked if self._in_secondary(one.section_id) < OF_ONE_SECTION), ranked[0])
                self._take(place, best.pk)
                ranked.remove(best)

    def _in_secondary(self, section_id: int) -> int:
        taken = (pk for place, pk in self._places.items() if place.group == SECONDARY)
        return sum(self._pool[pk].section_id == section_id for pk in taken)

    def _take_opinion(self) -> None:
        opinions = (one for one in self._left() if one.kind == Kind.OPINION)
        for place, one in zip(self._empty(OPINION), opinions, strict=False):
            self._take(place, one.pk)

    def _take_row(self, section: Section) -> None:
        empty = self._empty(row_of(section.pk))
        left = [one for one in self._left() if one.section_id == section.pk][: len(empty)]
        if len(left) < len(empty) and not self._saw_all:
            # Whatever of the newest stands above is among those left out.
            older = Article.objects.latest().filter(section_id=section.pk).exclude(pk__in=self._used)
            left = list(_candidates(Article.objects.latest().filter(pk__in=older.newest_ids(len(empty)))))
            self._pool.update((one.pk, one) for one in left)
        for place, one in zip(empty, left, strict=False):
            self._take(place, one.pk)

    def _empty(self, group: str) -> list[Place]:
        places = (Place(group, number) for number in range(PLACES.get(group, ROW_PLACES)))
        return [place for place in places if place not in self._places]

    def _left(self) -> list[Candidate]:
        return [one for one in self._newest if one.pk not in self._used]

    def _news(self) -> list[Candidate]:
        """Opinion has a strip of its own: it leads only where there is nothing else."""
        return [one for one in self._left() if one.kind != Kind.OPINION]

    def _ranked(self, those: Iterable[Candidate]) -> list[Candidate]:
        return sorted(those, key=lambda one: one.worth, reverse=True)


def _rows(menu: Sequence[Section], filled: Filled, found: Mapping[int, Article]) -> Iterator[Row]:
    before: Rhythm = "columns"
    for section in menu:
        articles = tuple(found[pk] for pk in filled.group(row_of(section.pk)) if pk in found)
        if articles:
            before = _rhythm(articles, before)
            yield Row(section, articles, before)


def _rhythm(articles: Sequence[Article], before: Rhythm) -> Rhythm:
    """What its pictures allow, and if possible not what the row above has."""
    pictures = sum(article.picture_id is not None for article in articles)
    allowed: list[Rhythm] = []
    if articles[0].picture_id and len(articles) >= 4:
        allowed.append("lead")
    if pictures >= 3:
        allowed.append("grid")
    allowed.append("columns")
    return next((rhythm for rhythm in allowed if rhythm != before), allowed[0])
