"""Answer a question: the articles that have all of its words; failing that, those that have nearly the same.

Nothing is kept between questions. What is compared and shown comes from the index and so from what everybody may read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db import models

from broadsheet import clock
from broadsheet.newsroom.house import menu
from broadsheet.newsroom.listings import PER_PAGE, Pager
from broadsheet.newsroom.models import Article, Person, Publication, Section, Topic
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.models.search_entries import SearchEntry
from broadsheet.newsroom.prepared import prepared
from broadsheet.newsroom.searching import backends
from broadsheet.newsroom.searching.backends import Group, Match, Where
from broadsheet.newsroom.searching.highlight import Pieces, as_written, extract, has_found, marked
from broadsheet.newsroom.searching.query import Query, Term
from broadsheet.newsroom.searching.words import forms, is_prefix, spelling_keys, typos_between

MOST_PAGES = backends.MOST_RANKED // PER_PAGE
MOST_CHOICES = 15  # of topics, and of people, to narrow a search by
MOST_COUNTED = 2_000  # articles; more than that are narrowed by section or date first
MOST_CORRECTIONS = 5  # of one word
MOST_CANDIDATES = 12  # looked up for one word
FEW = 3  # articles: fewer, and a word spelled a little differently may have been meant
MUCH_MORE = 10  # times as many articles has a word that is worth suggesting instead


@dataclass(frozen=True)
class Asked:
    """A search as its address says it. `by_date`: newest first; otherwise what fits best."""

    query: Query
    section: Section | None = None
    topic: Topic | None = None
    person: Person | None = None
    since: date | None = None
    until: date | None = None
    by_date: bool = False
    number: int = 1

    @property
    def is_filtered(self) -> bool:
        return any(given is not None for given in (self.section, self.topic, self.person, self.since, self.until))

    @property
    def is_anything(self) -> bool:
        """Whether there is something to look for; filters alone are enough."""
        return not self.query.is_empty or (self.is_filtered and not self.query.asked)

    @property
    def is_too_short(self) -> bool:
        """Single letters: every article has them. A letter of a script that writes words in one is a word."""
        terms = self.query.terms
        return bool(terms) and all(len("".join(term.words)) < 2 and term.words[0] < "\u0e00" for term in terms)

    def address(self, **changes: Any) -> str:
        """Of this search, changed; without `number` the first page of it."""
        asked = replace(self, **{"number": 1, **changes})
        return "/search/" + (f"?{urlencode(pairs)}" if (pairs := list(asked._pairs())) else "")

    def _pairs(self) -> Iterator[tuple[str, str]]:
        given: Mapping[str, str | None] = {
            "q": self.query.asked,
            "section": self.section.slug if self.section else None,
            "topic": self.topic.slug if self.topic else None,
            "person": self.person.slug if self.person else None,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
            "sort": "date" if self.by_date else None,
            "page": str(self.number) if self.number > 1 else None,
        }
        yield from ((name, value) for name, value in given.items() if value)


@dataclass(frozen=True)
class Hit:
    """One article, with what was found in it set apart."""

    article: Article
    headline: Pieces
    standfirst: Pieces
    extract: Pieces  # of its open text; empty where headline and standfirst say enough
    names: Sequence[Pieces]  # topics and people that were found


@dataclass(frozen=True)
class Choice:
    """A filter a reader may set, and how many articles it leaves."""

    name: str
    slug: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True)
class Results:
    hits: Sequence[Hit] = ()
    total: int = 0
    pager: Pager = field(default_factory=lambda: Pager(1))
    sections: Sequence[Choice] = ()
    topics: Sequence[Choice] = ()
    people: Sequence[Choice] = ()
    corrected: str = ""  # what was looked for instead, as nothing has the words as they were written
    suggestion: Link | None = None  # another spelling that may have been meant
    ways_out: Sequence[Link] = ()  # where nothing was found: searches that find something


def find(asked: Asked) -> Results:
    """One page of what was asked for. A page beyond the last is the last."""
    if not asked.is_anything:
        return Results()
    with backends.asking():
        return _find(asked)


def _find(asked: Asked) -> Results:
    match, where, corrected = _match(asked.query), _where(asked), False
    by_section = backends.count_by_section(match, replace(where, section_id=None))
    total = _total(by_section, asked.section)
    if match and not total:
        other = _forgiving(asked.query, where)
        if other is None:
            return Results(sections=_sections(by_section, asked), ways_out=_ways_out(asked, match))
        match, corrected = other, True
        by_section = backends.count_by_section(match, replace(where, section_id=None))
        total = _total(by_section, asked.section)
    number = max(1, min(asked.number, -(-total // PER_PAGE), MOST_PAGES))
    hits = _hits(match, where, asked.by_date or match is None, number)
    better = _written(match, asked.query, hits[0]) if corrected and match and hits else {}
    return Results(
        hits,
        total,
        _pager(asked, number, total),
        _sections(by_section, asked),
        _topics(match, where, asked) if total <= MOST_COUNTED else (),
        _people(match, where, asked) if total <= MOST_COUNTED else (),
        corrected=asked.query.with_words(better) if better else "",
        suggestion=_suggestion(asked) if match and not corrected and total < FEW else None,
    )


# ── what is looked for


def _match(query: Query) -> Match | None:
    if query.is_empty:
        return None
    return Match(tuple(_group(term) for term in query.terms), tuple(term.words for term in query.excluded))


def _group(term: Term, instead: Iterable[str] = ()) -> Group:
    """A bare word in all its forms, and whatever may stand for it; a phrase as it is."""
    if term.is_exact or len(term.words) > 1:
        return Group((term.words,))
    (word,) = term.words
    phrases = tuple((form,) for form in dict.fromkeys([*forms(word), *instead]))
    return Group(phrases, (word,) if is_prefix(word) else ())


def _where(asked: Asked) -> Where:
    zone = Publication.ours().time_zone if asked.since or asked.until else UTC

    def begins(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())

    return Where(
        asked.section.pk if asked.section else None,
        asked.topic.pk if asked.topic else None,
        asked.person.pk if asked.person else None,
        begins(asked.since) if asked.since else None,
        begins(asked.until + timedelta(days=1)) if asked.until else None,
    )


def _total(by_section: Mapping[int, int], section: Section | None) -> int:
    return sum(by_section.values()) if section is None else by_section.get(section.pk, 0)


# ── typos


def _forgiving(query: Query, where: Where) -> Match | None:
    """The question with words that are nearly the same; first for words that no article has, then for all. None: no article
    has those either."""
    unknown = [term for term in query.terms if term.can_be_corrected and not _is_known(term)]
    every = [term for term in query.terms if term.can_be_corrected]
    for doubted in (unknown, every) if unknown != every else (unknown,):
        corrections = {term: _corrections(term.words[0]) for term in doubted}
        if not any(corrections.values()):
            continue
        groups = tuple(_group(term, corrections.get(term, ())) for term in query.terms)
        match = Match(groups, tuple(term.words for term in query.excluded))
        if backends.ids(match, where, 0, by_date=True, first=0, most=1):
            return match
    return None


def _is_known(term: Term) -> bool:
    return bool(backends.ids(Match((_group(term),)), Where(), 0, by_date=True, first=0, most=1))


def _corrections(word: str) -> list[str]:
    """Words of articles that are a typo away, the nearest first, then the most used."""
    most = 1 if len(word) <= 5 else 2
    typos = {other: typos_between(word, other, most) for other in backends.words_spelled_like(spelling_keys(word))}

    def nearness(other: str) -> tuple[int, bool]:
        return typos[other], other[0] != word[0]  # few people miss the first letter

    near = sorted((other for other in typos if 0 < typos[other] <= most), key=nearness)[:MOST_CANDIDATES]
    used = {other: count for other in near if (count := backends.backend().documents(other))}
    return sorted(used, key=lambda other: (nearness(other), -used[other]))[:MOST_CORRECTIONS]


def _written(match: Match, query: Query, best: Hit) -> dict[str, str]:
    """For each word that was corrected, the word the best article has instead, as that article writes it."""
    better = {}
    texts = _texts(best)
    there = {token for text in texts for token in text.split()}
    for term, group in zip(query.terms, match.groups, strict=True):
        if term.is_exact or len(term.words) > 1:
            continue
        own = marked(" ".join(there), Match((_group(term),)))
        if has_found(own):
            continue
        pieces = [piece.text for text in texts for piece in marked(text, Match((group,))) if piece.is_found]
        if pieces:
            better[term.asked] = pieces[0]
    return better


def _texts(hit: Hit) -> list[str]:
    entry = SearchEntry.objects.get(pk=hit.article.pk)
    return [
        hit.article.title,
        hit.article.kicker,
        hit.article.standfirst,
        hit.article.dateline,
        entry.names,
        entry.opening,
    ]


def _suggestion(asked: Asked) -> Link | None:
    """Another spelling of a rare word that far more articles have."""
    for term in asked.query.terms:
        if not term.can_be_corrected:
            continue
        word = term.words[0]
        count = max(1, *(backends.backend().documents(form) for form in forms(word)))
        for other in _corrections(word)[:1]:
            if typos_between(word, other, 1) == 1 and backends.backend().documents(other) >= MUCH_MORE * count:
                match = Match((Group(((other,),)),))
                first = _hits(match, Where(), False, 1)
                text = asked.query.with_words({term.asked: as_written(_texts(first[0]), other) if first else other})
                return Link(text, asked.address(query=replace(asked.query, asked=text)))
    return None


def _ways_out(asked: Asked, match: Match) -> list[Link]:
    """The same without filters, and each word alone, where that finds something."""
    found = []
    if asked.is_filtered:
        everywhere = Asked(asked.query, by_date=asked.by_date)
        if sum(backends.count_by_section(match, Where()).values()):
            found.append(Link("", everywhere.address()))
    terms = asked.query.terms if len(asked.query.terms) > 1 else ()
    for term in sorted(terms, key=lambda term: -len(term.asked))[:4]:
        if _is_known(term):
            text = f'"{term.asked}"' if term.is_exact else term.asked
            found.append(Link(text, asked.address(query=Query(text), section=None, topic=None, person=None)))
    return found


# ── what is shown


def _hits(match: Match | None, where: Where, by_date: bool, number: int) -> list[Hit]:
    now_s, first = int(clock.timestamp()), (number - 1) * PER_PAGE
    ids = backends.ids(match, where, now_s, by_date=by_date, first=first, most=PER_PAGE)
    if not ids:
        return []
    articles = {article.pk: article for article in _articles(ids)}
    entries = {entry.pk: entry for entry in _entries(ids)}
    return [_hit(articles[pk], entries[pk], match) for pk in ids if pk in articles and pk in entries]


@prepared(models.BigIntegerField())
def _articles(ids: list[int]) -> ArticleQuerySet:
    return Article.objects.filter(live=True, id__in=ids).order_by().select_related("section").only(*_DRAWN)


@prepared(models.BigIntegerField())
def _entries(ids: list[int]) -> models.QuerySet[SearchEntry]:
    return SearchEntry.objects.filter(article__id__in=ids).only("names", "opening")


_DRAWN = (
    "title",
    "url_path",
    "first_published_at",
    "kicker",
    "standfirst",
    "dateline",
    "section__title",
    "section__url_path",
)


def _hit(article: Article, entry: SearchEntry, match: Match | None) -> Hit:
    headline, standfirst = marked(article.title, match), marked(article.standfirst, match)
    names = [pieces for line in entry.names.splitlines() if has_found(pieces := marked(line, match))]
    return Hit(
        article,
        headline,
        standfirst,
        () if has_found(standfirst) else extract(entry.opening, match),
        list(islice(names, MOST_CORRECTIONS)),
    )


def _sections(by_section: Mapping[int, int], asked: Asked) -> list[Choice]:
    chosen = asked.section
    return [
        Choice(section.name, section.slug, by_section.get(section.pk, 0), section == chosen)
        for section in menu()
        if by_section.get(section.pk) or section == chosen
    ]


def _topics(match: Match | None, where: Where, asked: Asked) -> list[Choice]:
    return _choices(Topic, backends.count_by_topic(match, replace(where, topic_id=None), MOST_CHOICES), asked.topic)


def _people(match: Match | None, where: Where, asked: Asked) -> list[Choice]:
    return _choices(Person, backends.count_by_person(match, replace(where, person_id=None), MOST_CHOICES), asked.person)


def _choices(
    model: type[Topic] | type[Person], counts: Mapping[int, int], chosen: Topic | Person | None
) -> list[Choice]:
    rows = model._default_manager.in_bulk({*counts, *([chosen.pk] if chosen else [])})
    found = [Choice(row.name, row.slug, counts.get(pk, 0), row == chosen) for pk, row in rows.items()]
    return sorted(found, key=lambda choice: (-choice.count, choice.name))


def _pager(asked: Asked, number: int, total: int) -> Pager:
    has_next = number * PER_PAGE < total and number < MOST_PAGES
    return Pager(
        number,
        previous_url=asked.address(number=number - 1) if number > 1 else "",
        next_url=asked.address(number=number + 1) if has_next else "",
    )
