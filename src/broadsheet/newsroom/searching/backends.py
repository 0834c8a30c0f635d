"""Where the words are kept and matched: an FTS5 table in SQLite, a tsvector with its GIN index in PostgreSQL.

Both are given words that are folded already (`words.py`) and do no more than part them at spaces. Both are ordinary tables of
the publication's own database: what an act writes here appears, or is rolled back, together with the act.
"""

# ruff: noqa: S608  statements are put together from the names of our own tables; what readers write is always a parameter

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from broadsheet.newsroom.searching.words import is_spelled, spelling_keys

ENTRY = "newsroom_searchentry"
TEXT = "newsroom_searchtext"
VOCABULARY = "newsroom_searchvocabulary"
SPELLING = "newsroom_searchspelling"
AT_ONCE = 500  # parameters of one statement
MOST_RANKED = 1_000  # articles: as far as anybody leafs

# What a word weighs by where it stands: headline, summary, names, text.
WEIGHTS = (10.0, 4.0, 5.0, 1.0)
# News grows old: a story of today counts half as much again as its words, one of a year ago a quarter.
FRESHNESS, YEAR_S = 0.5, 31_557_600.0


@dataclass(frozen=True)
class Words:
    """The words of one article, folded, by weight."""

    headline: Sequence[str]
    summary: Sequence[str]
    names: Sequence[str]
    text: Sequence[str]

    @property
    def fields(self) -> tuple[Sequence[str], ...]:
        return self.headline, self.summary, self.names, self.text

    @property
    def all(self) -> set[str]:
        return {word for words in self.fields for word in words}


@dataclass(frozen=True)
class Group:
    """One of these has to be in an article: phrases of one word or more, or words that begin so."""

    phrases: tuple[tuple[str, ...], ...]
    beginnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """All groups, and none of the excluded phrases."""

    groups: tuple[Group, ...]
    excluded: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Where:
    """Filters; None: any. Seconds since 1970, `until_s` excluded."""

    section_id: int | None = None
    topic_id: int | None = None
    person_id: int | None = None
    since_s: int | None = None
    until_s: int | None = None


@dataclass
class Statement:
    """FROM and WHERE of a question, with their parameters."""

    source: str
    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def add(self, condition: str, *parameters: Any) -> None:
        self.conditions.append(condition)
        self.parameters += parameters

    @property
    def sql(self) -> str:
        return f"FROM {self.source} WHERE {' AND '.join(self.conditions) or '1 = 1'}"


class Backend(Protocol):
    """What differs between the two databases."""

    def lay(self, database: BaseDatabaseWrapper) -> None:
        """Make the tables; only the migration calls it."""
        ...

    def lift(self, database: BaseDatabaseWrapper) -> None: ...

    def put(self, words: Mapping[int, Words]) -> None:
        """Keep the words of articles, by id, whose entries are written. They go with the entry."""
        ...

    def put_spelling(self, rows: Sequence[tuple[str, str]]) -> None:
        """Keep pairs of a key and its word; those that are there already are passed over."""
        ...

    def wordless(self) -> set[int]:
        """Articles whose words were lost while their entries stayed, as by a table restored without the other."""
        ...

    def documents(self, word: str) -> int:
        """In how many articles this very word is."""
        ...

    def asking(self) -> AbstractContextManager[None]:
        """Around the statements of one question."""
        ...

    def begin(self, match: Match | None) -> Statement:
        """Entries as `e`, those that match."""
        ...

    def best(self, statement: Statement, match: Match, now_s: int) -> tuple[str, list[Any]]:
        """A statement for the articles of `statement`, what fits `match` best first; with its parameters."""
        ...


def backend(vendor: str = "") -> Backend:
    return Postgres() if (vendor or connection.vendor) == "postgresql" else Sqlite()


@contextmanager
def asking() -> Iterator[None]:
    """Around the statements of one question."""
    with backend().asking():
        yield


def ids(match: Match | None, where: Where, now_s: int, *, by_date: bool, first: int, most: int) -> list[int]:
    """Articles that match, in order; without a match all that the filters let through, newest first."""
    statement = _filtered(match, where)
    if match is None or by_date:
        sql, parameters = f"SELECT e.article_id {statement.sql} ORDER BY {_NEWEST_FIRST}", statement.parameters
    else:
        sql, parameters = backend().best(statement, match, now_s)
    return [row[0] for row in _rows(f"{sql} LIMIT %s OFFSET %s", [*parameters, most, first])]


def count_by_section(match: Match | None, where: Where) -> dict[int, int]:
    statement = _filtered(match, where)
    return dict(_rows(f"SELECT e.section_id, COUNT(*) {statement.sql} GROUP BY e.section_id", statement.parameters))


def count_by_topic(match: Match | None, where: Where, most: int) -> dict[int, int]:
    return _count_linked(match, where, "newsroom_article_topics", "topic_id", most)


def count_by_person(match: Match | None, where: Where, most: int) -> dict[int, int]:
    return _count_linked(match, where, "newsroom_byline", "person_id", most)


def words_spelled_like(keys: Iterable[str]) -> set[str]:
    """Words of articles that share one of these keys (`words.spelling_keys`)."""
    keys = list(keys)
    marks = ", ".join(["%s"] * len(keys))
    return {row[0] for row in _rows(f"SELECT DISTINCT word FROM {SPELLING} WHERE key IN ({marks})", keys)}


def learn_spelling(words: Iterable[str]) -> None:
    """Words a typo can be led back to. They stay when an article goes; whoever suggests one asks whether it is still there."""
    new = sorted(word for word in words if is_spelled(word))
    for start in range(0, len(new), AT_ONCE):
        some = new[start : start + AT_ONCE]
        marks = ", ".join(["%s"] * len(some))
        known = {row[0] for row in _rows(f"SELECT key FROM {SPELLING} WHERE key IN ({marks}) AND key = word", some)}
        rows = [(key, word) for word in some if word not in known for key in sorted(spelling_keys(word))]
        if rows:
            backend().put_spelling(rows)


def forget_spelling() -> None:
    _run(f"DELETE FROM {SPELLING}")


class Sqlite:
    """An FTS5 table of its own, row for row beside the entries. It keeps its text, as a row can only be taken out of an index
    without content by saying word for word what it held."""

    def lay(self, database: BaseDatabaseWrapper) -> None:
        with database.cursor() as cursor:
            # Everything but a space is part of a word: what parts words has been decided before.
            cursor.execute(
                f"CREATE VIRTUAL TABLE {TEXT} USING fts5(headline, summary, names, text, prefix='4',"
                """ tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'")"""
            )
            # However an entry goes, its words go with it.
            cursor.execute(
                f"CREATE TRIGGER {ENTRY}_gone AFTER DELETE ON {ENTRY}"
                f" BEGIN DELETE FROM {TEXT} WHERE rowid = OLD.article_id; END"
            )
            cursor.execute(f"CREATE VIRTUAL TABLE {VOCABULARY} USING fts5vocab({TEXT}, row)")
            cursor.execute(
                f"CREATE TABLE {SPELLING} (key text NOT NULL, word text NOT NULL, PRIMARY KEY (key, word)) WITHOUT ROWID"
            )

    def lift(self, database: BaseDatabaseWrapper) -> None:
        with database.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER IF EXISTS {ENTRY}_gone")
            for table in (VOCABULARY, TEXT, SPELLING):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")

    def put(self, words: Mapping[int, Words]) -> None:
        _run_many(f"DELETE FROM {TEXT} WHERE rowid = %s", [[article_id] for article_id in words])
        _run_many(
            f"INSERT INTO {TEXT} (rowid, headline, summary, names, text) VALUES (%s, %s, %s, %s, %s)",
            [[article_id, *(" ".join(part) for part in of.fields)] for article_id, of in words.items()],
        )

    def put_spelling(self, rows: Sequence[tuple[str, str]]) -> None:
        _run_many(f"INSERT INTO {SPELLING} (key, word) VALUES (%s, %s) ON CONFLICT DO NOTHING", rows)

    def wordless(self) -> set[int]:
        return {
            row[0]
            for row in _rows(f"SELECT article_id FROM {ENTRY} WHERE article_id NOT IN (SELECT id FROM {TEXT}_docsize)")
        }

    def documents(self, word: str) -> int:
        rows = _rows(f"SELECT doc FROM {VOCABULARY} WHERE term = %s", [word])
        return int(rows[0][0]) if rows else 0

    def asking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def begin(self, match: Match | None) -> Statement:
        if match is None:
            return Statement(f"{ENTRY} e")
        # CROSS: the words first, then their entries. The planner knows nothing of how rare a word is.
        # The narrow index: by itself it takes the rows, with all their texts.
        entries = f"{ENTRY} e INDEXED BY search_entry_narrow ON e.article_id = {TEXT}.rowid"
        statement = Statement(f"{TEXT} CROSS JOIN {entries}")
        statement.add(f"{TEXT} MATCH %s", self._expression(match))
        return statement

    def best(self, statement: Statement, match: Match, now_s: int) -> tuple[str, list[Any]]:
        weights = ", ".join(str(weight) for weight in WEIGHTS)
        # bm25 is negative, and more so for what fits better.
        rank = f"bm25({TEXT}, {weights}) * {_freshness()}"
        return (
            f"SELECT e.article_id {statement.sql} ORDER BY {rank}, {_NEWEST_FIRST}",
            [*statement.parameters, now_s],
        )

    def _expression(self, match: Match) -> str:
        """FTS5's own language. Words are letters, digits and marks, and quoted: no sign of a reader's reaches it."""
        wanted = " AND ".join(f"({self._group(group)})" for group in match.groups)
        excluded = " OR ".join(self._phrase(phrase) for phrase in match.excluded)
        return f"({wanted}) NOT ({excluded})" if excluded else wanted

    def _group(self, group: Group) -> str:
        phrases = [self._phrase(phrase) for phrase in group.phrases]
        return " OR ".join([*phrases, *(f'"{beginning}" *' for beginning in group.beginnings)])

    def _phrase(self, phrase: Sequence[str]) -> str:
        return f'"{" ".join(phrase)}"'


class Postgres:
    """A tsvector beside each entry, written as it is: PostgreSQL's own dictionaries and its parser have no say in it."""

    GAP = 100  # between two fields, so that no phrase reaches from one into the next
    # Words of the headline are kept a second time, with a sign before them: GIN knows of no weights.
    IN_HEADLINE = "="

    def lay(self, database: BaseDatabaseWrapper) -> None:
        with database.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {ENTRY} ADD COLUMN words tsvector NOT NULL DEFAULT ''")
            # Without fastupdate: a search would have to read the list of what was added lately, word by word.
            cursor.execute(f"CREATE INDEX {ENTRY}_words ON {ENTRY} USING gin (words) WITH (fastupdate = off)")
            cursor.execute(
                f'CREATE TABLE {SPELLING} (key text COLLATE "C" NOT NULL, word text COLLATE "C" NOT NULL,'
                " PRIMARY KEY (key, word))"
            )

    def lift(self, database: BaseDatabaseWrapper) -> None:
        with database.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {ENTRY} DROP COLUMN IF EXISTS words")
            cursor.execute(f"DROP TABLE IF EXISTS {SPELLING}")

    def put(self, words: Mapping[int, Words]) -> None:
        # What is as it was stays where it is: writing a row anew writes all that its words have in the GIN index.
        _run(
            f"UPDATE {ENTRY} e SET words = given.words::tsvector"
            " FROM unnest(%s::bigint[], %s::text[]) AS given (article_id, words)"
            " WHERE e.article_id = given.article_id AND e.words <> given.words::tsvector",
            [list(words), [self._vector(of) for of in words.values()]],
        )

    def put_spelling(self, rows: Sequence[tuple[str, str]]) -> None:
        keys, words = zip(*rows, strict=True)
        _run(
            f"INSERT INTO {SPELLING} (key, word) SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            [list(keys), list(words)],
        )

    def wordless(self) -> set[int]:
        return {row[0] for row in _rows(f"SELECT article_id FROM {ENTRY} WHERE words = ''")}

    def documents(self, word: str) -> int:
        return int(_rows(f"SELECT COUNT(*) FROM {ENTRY} WHERE words @@ %s::tsquery", [f"'{word}'"])[0][0])

    @contextmanager
    def asking(self) -> Iterator[None]:
        with transaction.atomic(), connection.cursor() as cursor:
            # The planner takes reading the words of a row for free, and for a common word would read all of them one by one
            # rather than look into their index. Without JIT: it would compile what seems dear for having no other way.
            cursor.execute("SELECT set_config('enable_seqscan', 'off', TRUE), set_config('jit', 'off', TRUE)")
            yield

    def begin(self, match: Match | None) -> Statement:
        statement = Statement(f"{ENTRY} e")
        if match is not None:
            statement.add("e.words @@ %s::tsquery", self._expression(match))
        return statement

    def best(self, statement: Statement, match: Match, now_s: int) -> tuple[str, list[Any]]:
        """What more articles have than a reader can leaf through is in nearly all of them, and ranking those takes reading
        their words one by one. Then only as many as can be leafed through are ranked: the newest with all of it in the
        headline, which is worth more than anything else, and after them the newest that match.
        """
        headline, summary, names, text = (weight / max(WEIGHTS) for weight in WEIGHTS)
        weights = f"'{{{text}, {summary}, {names}, {headline}}}'"
        newest = f"ORDER BY published_s DESC, article_id DESC LIMIT {MOST_RANKED}"
        matching = f"SELECT e.article_id, e.published_s {statement.sql}"
        # An array, as the planner would join all entries for this many rows. 1: a long article has more of every word.
        sql = f"""
            WITH matching AS MATERIALIZED ({matching}),
            headlined AS MATERIALIZED (
                {matching} AND e.words @@ %s::tsquery AND (SELECT COUNT(*) > {MOST_RANKED} FROM matching)),
            likely AS (
                (SELECT *, 1 AS place FROM headlined {newest}) UNION ALL (SELECT *, 2 AS place FROM matching {newest}))
            SELECT e.article_id FROM {ENTRY} e WHERE e.article_id = ANY (ARRAY(
                SELECT article_id FROM likely GROUP BY article_id, published_s
                ORDER BY MIN(place), published_s DESC, article_id DESC LIMIT {MOST_RANKED}))
            ORDER BY -ts_rank({weights}, e.words, %s::tsquery, 1) * {_freshness()}, {_NEWEST_FIRST}"""
        return (
            sql,
            [
                *statement.parameters,
                *statement.parameters,
                self._expression(Match(tuple(self._in_headline(group) for group in match.groups))),
                self._expression(Match(match.groups)),
                now_s,
            ],
        )

    def _in_headline(self, group: Group) -> Group:
        return Group(
            tuple(tuple(self.IN_HEADLINE + word for word in phrase) for phrase in group.phrases),
            tuple(self.IN_HEADLINE + beginning for beginning in group.beginnings),
        )

    def _vector(self, words: Words) -> str:
        # ts_rank's weights by letter are D, C, B, A.
        places: dict[str, list[str]] = {}
        place = 0
        for letter, part in zip("ACBD", (words.headline, words.summary, words.names, words.text), strict=True):
            for word in part:
                place += 1
                for kept in (word, self.IN_HEADLINE + word) if letter == "A" else (word,):
                    places.setdefault(kept, []).append(f"{min(place, 16_383)}{letter}")
            place += self.GAP
        return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())

    def _expression(self, match: Match) -> str:
        wanted = " & ".join(f"({self._group(group)})" for group in match.groups)
        excluded = " | ".join(self._phrase(phrase) for phrase in match.excluded)
        return f"{wanted} & !({excluded})" if excluded else wanted

    def _group(self, group: Group) -> str:
        phrases = [self._phrase(phrase) for phrase in group.phrases]
        return " | ".join([*phrases, *(f"'{beginning}':*" for beginning in group.beginnings)])

    def _phrase(self, phrase: Sequence[str]) -> str:
        words = " <-> ".join(f"'{word}'" for word in phrase)
        return f"({words})" if len(phrase) > 1 else words


_NEWEST_FIRST = "e.published_s DESC, e.article_id DESC"


def _freshness() -> str:
    return f"(1.0 + {FRESHNESS} / (1.0 + abs(%s - e.published_s) / {YEAR_S}))"


def _filtered(match: Match | None, where: Where) -> Statement:
    statement = backend().begin(match)
    if where.section_id is not None:
        statement.add("e.section_id = %s", where.section_id)
    if where.topic_id is not None:
        statement.add(f"e.article_id IN ({_LINKED['newsroom_article_topics', 'topic_id']})", where.topic_id)
    if where.person_id is not None:
        statement.add(f"e.article_id IN ({_LINKED['newsroom_byline', 'person_id']})", where.person_id)
    if where.since_s is not None:
        statement.add("e.published_s >= %s", where.since_s)
    if where.until_s is not None:
        statement.add("e.published_s < %s", where.until_s)
    return statement


_LINKED = {
    (table, column): f"SELECT article_id FROM {table} WHERE {column} = %s"
    for table, column in (("newsroom_article_topics", "topic_id"), ("newsroom_byline", "person_id"))
}


def _count_linked(match: Match | None, where: Where, table: str, column: str, most: int) -> dict[int, int]:
    statement = _filtered(match, where)
    statement.source += f" JOIN {table} linked ON linked.article_id = e.article_id"
    return dict(
        _rows(
            f"SELECT linked.{column}, COUNT(DISTINCT e.article_id) AS articles {statement.sql}"
            f" GROUP BY linked.{column} ORDER BY articles DESC, linked.{column} LIMIT %s",
            [*statement.parameters, most],
        )
    )


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _run(sql: str, parameters: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _run_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
