"""The page store: rendered pages, one per address, verdict class and encoding; what is known of each address; its tags.

May be thrown away at any time, also under running processes: every writer and, once a second, the gate look whether the
files are still the ones they opened. It is thrown away by itself after the machine has started anew, as its last writes
may then be lost, and a lost purge would bring an old page back.

    entries   address hash + 'd'            → description
              address hash + class + g|b    → page
    tags      tag → address hash + 'd' or class       (dupsort)
    tagged    the other way round, so that storing an entry again leaves no tag of the old one behind
    quick     address hash + class + b that are not yet compressed at their best
    purged    tag → generation and time of its last purge
    meta      counters
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import Any, NamedTuple, TypeVar

import lmdb

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import Article, Decision, ReaderClass
from broadsheet.gate import splice
from broadsheet.gate.generation import Generation
from broadsheet.gate.store import Db, OncePerProcess, StoreFailed, Txn, open_environment, sole_opener

log = logging.getLogger(__name__)

MAP_BYTES = 4 << 30
FULL_SHARE = 0.80  # of the map in use: the oldest pages go …
CLEARED_SHARE = 0.60  # … until this much is
GZIP_LEVEL = 6
QUICK_QUALITY = 5
BEST_QUALITY = 11
COMPLAIN_EVERY_S = 60
PURGES_KEPT_S = 3600  # a render that takes longer than this is refused
MOST_PURGED = 200_000  # entries a purge names one by one; beyond it, clearing the store is quicker

_HASH_BYTES = 16
_LONGEST_TAG = 200
_PAGE = Struct("<QQddIIBB16s")  # version, rendered at, stored, until, crc, length, flags, quality, release
_PAGE_TO_READ = Struct("<Q16xdIIBB16x")  # what readers of a page need of it
_PURGED = Struct("<QI")
_U64 = Struct("<Q")
_TAKES_TAIL = 1

# A description's own part: moments in microseconds since 1970; the ids of the topics follow
_UNTIL = Struct("=q")
_ARTICLE = Struct("=QQIBqq")  # id, section, words, flags, published, free until
_NEVER = -(1 << 63)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_TOPICS: frozenset[int] = frozenset()


class VerdictClass(StrEnum):
    """Who sees the same page: one letter, part of the key. At most eight."""

    OPEN_ANONYMOUS = "a"
    OPEN_REGISTERED = "r"
    OPEN_SUPPORTER = "s"
    OPEN_SUBSCRIBER = "b"
    OPEN_STAFF = "e"
    WALLED_ANONYMOUS = "w"
    WALLED_READER = "x"  # registered
    WALLED_SUPPORTER = "y"  # or subscriber: who gives already is not asked to

    @classmethod
    def of(cls, reader: ReaderClass, decision: Decision | None = None) -> VerdictClass:
        """The class of page for this reader; without a decision, for an address that is not metered."""
        if decision is not None and not decision.opens:
            return _WALLED_CLASS.get(reader, cls.WALLED_SUPPORTER)
        return _OPEN_CLASS[reader]

    @property
    def is_open(self) -> bool:
        return self in _READER_OF_OPEN

    @property
    def reader(self) -> ReaderClass:
        """For whom to render it; the walled class of all who give is drawn for supporters."""
        return _READER_OF[self]


_OPEN_CLASS = {
    ReaderClass.ANONYMOUS: VerdictClass.OPEN_ANONYMOUS,
    ReaderClass.REGISTERED: VerdictClass.OPEN_REGISTERED,
    ReaderClass.SUPPORTER: VerdictClass.OPEN_SUPPORTER,
    ReaderClass.SUBSCRIBER: VerdictClass.OPEN_SUBSCRIBER,
    ReaderClass.STAFF: VerdictClass.OPEN_STAFF,
}
_WALLED_CLASS = {
    ReaderClass.ANONYMOUS: VerdictClass.WALLED_ANONYMOUS,
    ReaderClass.REGISTERED: VerdictClass.WALLED_READER,
}
_READER_OF_OPEN = {verdict: reader for reader, verdict in _OPEN_CLASS.items()}
_READER_OF = {
    **_READER_OF_OPEN,
    **{verdict: reader for reader, verdict in _WALLED_CLASS.items()},
    VerdictClass.WALLED_SUPPORTER: ReaderClass.SUPPORTER,
}


@dataclass(frozen=True)
class Kind:
    """What addresses of one kind have in common; held once for all of them, as there may be a hundred thousand."""

    name: str  # article, front, section, feed …: for people who look into the store
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/html; charset=utf-8"),)
    takes_tail: bool = True
    release: str = ""
    status: int = 200
    forms: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)  # see `known.Form`


class Description(NamedTuple):
    """What the gate must know of an address before it can decide; `until`: the moment it would read differently."""

    kind: Kind
    article: Article | None = None  # None: not metered
    until: datetime | None = None

    def packed(self) -> bytes:
        """A line of JSON, what most addresses of a kind have in common; then what is this one's own, in numbers."""
        kind, article = self.kind, self.article
        name = None if article is None else article.kind
        line = json.dumps((kind.name, kind.headers, kind.takes_tail, kind.release, kind.status, name))
        own = _UNTIL.pack(_moment_out(self.until))
        if article is not None:
            moments = _moment_out(article.published), _moment_out(article.free_until)
            flags = article.always_free | article.members_only << 1
            own += _ARTICLE.pack(article.id, article.section, article.words, flags, *moments)
            own += b"".join(map(_U64.pack, sorted(article.topics)))
        return line.encode() + b"\n" + own

    @classmethod
    def unpack(cls, packed: bytes) -> Description:
        """Raises ValueError for what is not a description."""
        line, _, own = packed.partition(b"\n")
        try:
            kind, name = _common(line)
            (until,) = _UNTIL.unpack_from(own)
            article = None if name is None else _article_in(name, own)
        except (ValueError, TypeError, StructError) as fault:
            raise ValueError(f"This is not a description: {fault}") from fault
        return cls(kind, article, _moment_in(until))


@lru_cache(maxsize=256)
def _common(line: bytes) -> tuple[Kind, str | None]:
    """And the kind of article. Read once, not again for each of a hundred thousand."""
    name, headers, takes_tail, release, status, article = json.loads(line)
    return Kind(name, tuple((name, value) for name, value in headers), takes_tail, release, status), article


def _article_in(kind: str, own: bytes) -> Article:
    id_, section, words, flags, published, free_until = _ARTICLE.unpack_from(own, _UNTIL.size)
    topics = own[_UNTIL.size + _ARTICLE.size :]
    return Article(
        id_,
        section,
        frozenset(memoryview(topics).cast("Q")) if topics else _NO_TOPICS,
        kind,
        words,
        _moment_in(published),
        bool(flags & 1),
        bool(flags & 2),
        _moment_in(free_until),
    )


def _moment_out(moment: datetime | None) -> int:
    return _NEVER if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment_in(microseconds: int) -> datetime | None:
    return None if microseconds == _NEVER else _EPOCH + timedelta(microseconds=microseconds)


class Page(NamedTuple):
    """A stored page in one encoding. `body` is an open stream where `takes_tail`, whole otherwise."""

    version: int  # never given twice: part of the ETag
    body: bytes
    crc: int
    length: int
    takes_tail: bool
    until_s: float  # 0: always
    quality: int

    def closed_with(self, tail: bytes, encoding: str) -> bytes:
        """The bytes to send. `encoding`: g, b, or i for identity (then this is a page stored with gzip)."""
        if encoding == "i":
            return splice.inflated(self.body) + (tail if self.takes_tail else b"")
        if not self.takes_tail:
            return self.body
        if encoding == "b":
            return self.body + splice.brotli_tail(tail)
        return self.body + splice.gzip_tail(tail, self.crc, self.length)


@dataclass(frozen=True)
class Stats:
    entries: int
    tags: int
    generation: int
    used_bytes: int
    map_bytes: int


@dataclass(frozen=True)
class Swept:
    expired: int = 0
    oldest: int = 0
    purges_forgotten: int = 0


Made = TypeVar("Made")

# What to store under each key, given the version the store has chosen.
Packed = Callable[[int], dict[bytes, bytes]]


class _Open:
    """The files as they were opened; replaced as a whole when they are gone."""

    def __init__(self, folder: Path) -> None:
        self.environment = open_environment(folder, MAP_BYTES, dbs=8)
        self.entries = self.environment.open_db(b"entries")
        self.tags = self.environment.open_db(b"tags", dupsort=True)
        self.tagged = self.environment.open_db(b"tagged", dupsort=True)
        self.quick = self.environment.open_db(b"quick")
        self.purged = self.environment.open_db(b"purged")
        self.meta = self.environment.open_db(b"meta")
        self.generation = Generation(folder / "generation")
        self.identity = _identity(folder)


class PageStore:
    """Nothing here raises because the store is full, unwritable or gone: reads then miss, writes say False."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = threading.Lock()
        self._open: _Open | None = None
        self._last_generation = 0
        self._complained_at = float("-inf")
        self.look()

    # ── what the gate does on every request

    @property
    def generation_numbers(self) -> Sequence[int]:
        """A view whose first number is the generation, for the hot path; ask again after `look()`."""
        return self._open.generation.numbers if self._open else (0,)

    def generation(self) -> int:
        """Note it before reading anything for a render; hand it to `put_page` and `put_description`."""
        return self._open.generation.value if self._open else 0

    def description(self, path: str) -> Description | None:
        """None also where it is past its `until`."""
        try:
            described = self._get(path_hash(path) + b"d", _description_from)
        except ValueError:
            return None  # of another release, which may be serving beside this one for a moment
        if described is None or (described.until is not None and described.until <= clock.now()):
            return None
        return described

    def page(self, path: str, verdict: str, encoding: str) -> Page | None:
        """`encoding` g or b. None also where it is past its `until`."""
        return self.page_at(page_key(path, verdict, encoding))

    def page_at(self, key: bytes) -> Page | None:
        """The same, by its key."""
        page = self._get(key, _page_from)
        if page is None or (page.until_s and page.until_s <= clock.timestamp()):
            return None
        return page

    # ── what Django does

    def put_description(self, path: str, description: Description, *, tags: Iterable[str], rendered_at: int) -> bool:
        """False: not kept, as one of its tags was purged since generation `rendered_at`, or there is no room."""
        packed = _U64.pack(rendered_at) + description.packed()
        key = path_hash(path) + b"d"
        return self._put(key, lambda version: {key: packed}, tags, rendered_at)

    def put_page(
        self,
        path: str,
        verdict: str,
        html: bytes,
        *,
        tags: Iterable[str],
        rendered_at: int,
        until: datetime | None = None,
        takes_tail: bool = True,
        release: str = "",
    ) -> bool:
        """Keep a rendered page; where it takes a tail, `html` is all up to, not including, `</body></html>`.

        False: not kept, as one of its tags was purged since generation `rendered_at`, or there is no room.
        """
        key = path_hash(path) + verdict.encode()
        bodies = list(_compressed(html, takes_tail))
        moments = (rendered_at, time.time(), until.timestamp() if until else 0.0)
        flags = _TAKES_TAIL if takes_tail else 0

        def packed(version: int) -> dict[bytes, bytes]:
            return {
                key + encoding: _PAGE.pack(version, *moments, body.crc, body.length, flags, quality, _release(release))
                + body.stream
                for encoding, body, quality in bodies
            }

        return self._put(key, packed, tags, rendered_at)

    def purge(self, tags: Iterable[str]) -> int:
        """Remove everything that carries one of `tags`, on all workers when this returns; the new generation."""
        named = sorted({_tag(tag) for tag in tags})
        return self._raise(lambda open_, txn, generation: _purge(open_, txn, named, generation))

    def purge_all(self) -> int:
        """Remove everything; what is being rendered now will not be kept."""
        return self._raise(_clear)

    def drop_other_releases(self, release: str) -> int:
        """Remove what another release of the program rendered; how many addresses' pages and descriptions went."""
        mark, gone = _release(release), []
        for key, value, _ in self._entries():
            if key[-1:] == b"d":
                if _release_of(value) != release:
                    gone.append(key)
            elif _PAGE.unpack_from(value)[8] != mark:
                gone.append(key)
        self._remove(gone)
        return len(gone)

    def releases(self) -> set[str]:
        """Those by which the stored addresses were described."""
        return {_release_of(value) for key, value, _ in self._entries() if key[-1:] == b"d"}

    # ── what the worker does

    def recompress(self, limit: int = 50) -> int:
        """Give up to `limit` pages brotli at its best quality; how many got it. Slow: some 30 ms a page."""
        done = sum(self._compress_best(key) for key in self._quick(limit))
        if done:  # workers hold the quick ones
            self._raise(lambda open_, txn, generation: None)
        return done

    def sweep(self) -> Swept:
        """Remove what is past its time and, when the store is nearly full, the oldest; a bounded batch of each."""
        now_s = clock.timestamp()
        expired = list(islice((key for key, value, _ in self._entries() if _is_past(key, value, now_s)), 10_000))
        self._remove(expired)
        oldest = self._oldest() if self._share_used() > FULL_SHARE else []
        self._remove(oldest)
        return Swept(len(expired), len(oldest), self._forget_purges())

    def look(self) -> bool:
        """Open the store, or open it anew if its files are gone; whether that was needed."""
        if self._is_in_place():
            return False
        with self._opening, sole_opener(self._folder):
            if self._is_in_place():
                return False
            gone, self._open = self._open, None
            try:
                _discard_unusable(self._folder)
                self._open = _opened(self._folder)
            except (StoreFailed, OSError) as fault:
                self._complain(fault)
            self._go_on_from(gone)
            return True

    def mend(self) -> bool:
        """Raise the generation for someone who was killed between committing a change and raising it."""
        if (open_ := self._open) is None:
            return False
        with open_.environment.begin() as txn:
            committed = _number(txn, open_.meta, b"generation")
        if open_.generation.value >= committed:
            return False
        with open_.generation.raising():
            open_.generation.set(max(open_.generation.value, committed))
        return True

    def check_readers(self) -> None:
        """Free the slots of processes that were killed while reading."""
        if self._open is not None:
            self._open.environment.reader_check()

    def stats(self) -> Stats:
        if (open_ := self._open) is None:
            return Stats(0, 0, 0, 0, MAP_BYTES)
        with open_.environment.begin() as txn:
            entries, tags = txn.stat(open_.entries)["entries"], txn.stat(open_.tags)["entries"]
        used = int(self._share_used() * MAP_BYTES)
        return Stats(entries, tags, open_.generation.value, used, MAP_BYTES)

    # ── inside

    def _complain(self, fault: Exception) -> None:
        if time.monotonic() - self._complained_at >= COMPLAIN_EVERY_S:
            self._complained_at = time.monotonic()
            log.error("The page store cannot be used; pages are made anew for every reader. %s", fault)

    def _is_in_place(self) -> bool:
        return self._open is not None and self._open.identity == _identity(self._folder)

    def _get(self, key: bytes, made_from: Callable[[memoryview], Made]) -> Made | None:
        """What is made from the entry while it cannot change."""
        if (open_ := self._open) is None:
            return None
        try:
            with open_.environment.begin(open_.entries, buffers=True) as txn:
                found = txn.get(key)
                return None if found is None else made_from(found)
        except StoreFailed as fault:
            self._complain(fault)
            return None

    def _put(self, key: bytes, packed: Packed, tags: Iterable[str], rendered_at: int) -> bool:
        named = sorted({_tag(tag) for tag in tags})
        self.look()
        for last_try in (False, True):
            if (open_ := self._open) is None:
                return False
            try:
                with open_.environment.begin(write=True) as txn:
                    return _store(open_, txn, key, packed, named, rendered_at)
            except lmdb.MapFullError:
                if last_try:
                    return False
                log.warning("The page store is full and was cleared; its sweep did not keep up.")
                self._raise(_make_room)
            except StoreFailed as fault:
                self._complain(fault)
                return False
        return False

    def _raise(self, change: Callable[[_Open, Txn, int], None]) -> int:
        """Carry out `change` and raise the generation. A purge must not fail: without room, the store is discarded."""
        self.look()
        if (open_ := self._open) is None:
            return 0
        with open_.generation.raising():
            try:
                with open_.environment.begin(write=True) as txn:
                    generation = _count_up(txn, open_.meta, b"generation", floor=open_.generation.value)
                    change(open_, txn, generation)
                open_.generation.set(generation)
                return generation
            except StoreFailed as fault:
                log.error("The page store could not be changed and is thrown away. %s", fault)
        self._discard(open_)
        return self.generation()

    def _discard(self, open_: _Open) -> None:
        with sole_opener(self._folder):
            if open_.identity == _identity(self._folder):
                _remove_files(self._folder)
        self.look()

    def _go_on_from(self, gone: _Open | None) -> None:
        """Generations never go back, and whoever still holds the files that are gone is told to look again."""
        floor = self._last_generation
        if gone is not None:
            with gone.generation.raising():
                floor = max(floor, gone.generation.value + 1)
                gone.generation.set(floor)
        if (open_ := self._open) is None:
            return
        with suppress(StoreFailed), open_.generation.raising():
            with open_.environment.begin(write=True) as txn:
                committed = _count_up(txn, open_.meta, b"generation", floor=floor, by=0)
                if gone is not None:  # renders under way noted numbers of the other store
                    txn.put(b"floor", _U64.pack(committed), db=open_.meta)
            if open_.generation.value < committed:
                open_.generation.set(committed)
            self._last_generation = committed

    def _entries(self) -> Iterator[tuple[bytes, bytes, int]]:
        """All keys, with the description or the head of the page, and its size; of the bodies nothing is copied.

        In batches, so that no reader keeps old pages of the map in use for long.
        """
        after = b""
        while (open_ := self._open) is not None:
            batch = []
            with open_.environment.begin(open_.entries, buffers=True) as txn, txn.cursor() as cursor:
                if cursor.set_range(after):
                    for stored, value in islice(cursor, 1000):
                        key = bytes(stored)
                        head = value if key[-1:] == b"d" else value[: _PAGE.size]
                        batch.append((key, bytes(head), len(value)))
            if not batch:
                return
            yield from batch
            after = batch[-1][0] + b"\0"

    def _remove(self, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), 500):
            batch = {key if key[-1:] == b"d" else key[:-1] for key in keys[start : start + 500]}
            self._raise(partial(_remove_entries, keys=batch))

    def _quick(self, limit: int) -> list[bytes]:
        """Up to `limit` pages that are not yet compressed at their best."""
        if (open_ := self._open) is None:
            return []
        with open_.environment.begin(open_.quick) as txn, txn.cursor() as cursor:
            return list(islice(cursor.iternext(values=False), limit))

    def _compress_best(self, key: bytes) -> bool:
        """Replaces the page only if it is still the one that was read: a purge or a new render goes first."""
        if (open_ := self._open) is None:
            return False
        with open_.environment.begin(open_.entries) as txn:
            value, twin = txn.get(key), txn.get(key[:-1] + b"g")
        if value is None or twin is None:
            return False
        head = _PAGE.unpack_from(value)
        text = splice.inflated(twin[_PAGE.size :])
        takes_tail = bool(head[6] & _TAKES_TAIL)
        body = splice.open_brotli(text, BEST_QUALITY).stream if takes_tail else splice.whole_brotli(text, BEST_QUALITY)
        try:
            with open_.environment.begin(write=True) as txn:
                still = txn.get(key, db=open_.entries)
                if still is None or still[: _PAGE.size] != value[: _PAGE.size]:
                    return False
                version = _count_up(txn, open_.meta, b"version")
                txn.put(key, _PAGE.pack(version, *head[1:7], BEST_QUALITY, head[8]) + body, db=open_.entries)
                txn.delete(key, db=open_.quick)
                return True
        except StoreFailed:
            return False

    def _share_used(self) -> float:
        """Pages of the map in use, not counting those LMDB will use again."""
        if (open_ := self._open) is None:
            return 0.0
        with open_.environment.begin() as txn:
            used = 0
            for db in (open_.entries, open_.tags, open_.tagged, open_.quick, open_.purged, open_.meta):
                stat = txn.stat(db)
                used += stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        return used * stat["psize"] / MAP_BYTES

    def _oldest(self) -> list[bytes]:
        """Of the stored pages, those that make up the share to be cleared, by the time they were stored."""
        by_age = sorted(
            (_PAGE.unpack_from(head)[2], size, key) for key, head, size in self._entries() if key[-1:] != b"d"
        )
        excess = (self._share_used() - CLEARED_SHARE) * MAP_BYTES
        chosen = []
        for _, size, key in by_age:
            if excess <= 0:
                break
            chosen.append(key)
            excess -= size
        return chosen

    def _forget_purges(self) -> int:
        """Forget purges that no render can still be older than; a render older than that is refused by `floor`."""
        if (open_ := self._open) is None:
            return 0
        before = time.time() - PURGES_KEPT_S
        forgotten = 0
        with suppress(StoreFailed), open_.environment.begin(write=True) as txn:
            floor = _number(txn, open_.meta, b"floor")
            with txn.cursor(open_.purged) as cursor:
                more = cursor.first()
                while more and forgotten < 10_000:
                    generation, at = _PURGED.unpack(cursor.value())
                    if at < before:
                        floor = max(floor, generation)
                        cursor.delete()  # and go to the next
                        more = bool(cursor.key())
                        forgotten += 1
                    else:
                        more = cursor.next()
            txn.put(b"floor", _U64.pack(floor), db=open_.meta)
        return forgotten


@lru_cache(maxsize=64)  # an address's description and its page are read one after the other
def path_hash(path: str) -> bytes:
    """Addresses may be longer than an LMDB key."""
    return blake2b(path.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()


def page_key(path: str, verdict: str, encoding: str) -> bytes:
    return path_hash(path) + verdict.encode() + encoding.encode()


_stores = OncePerProcess()


def open_pages(folder: Path | None = None) -> PageStore:
    """This process's page store. Never call it before a fork: LMDB forbids carrying it over."""
    return _stores.get(folder or config().pages, PageStore)


# ── inside a transaction


def _store(open_: _Open, txn: Txn, key: bytes, packed: Packed, tags: list[bytes], rendered_at: int) -> bool:
    if rendered_at < _number(txn, open_.meta, b"floor"):
        return False
    for tag in tags:
        last = txn.get(tag, db=open_.purged)
        if last is not None and _PURGED.unpack(last)[0] > rendered_at:
            return False
    _forget_tags(open_, txn, key)
    version = _count_up(txn, open_.meta, b"version")
    for entry, value in packed(version).items():
        txn.put(entry, value, db=open_.entries)
        if entry.endswith(b"b"):
            txn.put(entry, b"", db=open_.quick)
    for tag in tags:
        txn.put(tag, key, db=open_.tags)
        txn.put(key, tag, db=open_.tagged)
    return True


def _purge(open_: _Open, txn: Txn, tags: list[bytes], generation: int) -> None:
    mark = _PURGED.pack(generation, int(time.time()))
    keys: set[bytes] = set()
    with txn.cursor(open_.tags) as cursor:
        for tag in tags:
            txn.put(tag, mark, db=open_.purged)
            if cursor.set_key(tag):
                keys.update(cursor.iternext_dup())
    if len(keys) > MOST_PURGED:
        _clear(open_, txn, generation)
    else:
        _remove_entries(open_, txn, generation, keys)


def _make_room(open_: _Open, txn: Txn, generation: int) -> None:
    """Let all pages go. No purge: what is being rendered now is as good as it was, and may be kept."""
    for db in (open_.entries, open_.tags, open_.tagged, open_.quick):
        txn.drop(db, delete=False)


def _clear(open_: _Open, txn: Txn, generation: int) -> None:
    _make_room(open_, txn, generation)
    txn.drop(open_.purged, delete=False)
    txn.put(b"floor", _U64.pack(generation), db=open_.meta)


def _remove_entries(open_: _Open, txn: Txn, generation: int, keys: Iterable[bytes]) -> None:
    for key in keys:
        if key[-1:] == b"d":
            txn.delete(key, db=open_.entries)
        else:
            txn.delete(key + b"g", db=open_.entries)
            txn.delete(key + b"b", db=open_.entries)
            txn.delete(key + b"b", db=open_.quick)
        _forget_tags(open_, txn, key)


def _forget_tags(open_: _Open, txn: Txn, key: bytes) -> None:
    with txn.cursor(open_.tagged) as cursor:
        tags = list(cursor.iternext_dup()) if cursor.set_key(key) else []
    for tag in tags:
        txn.delete(tag, key, db=open_.tags)
    if tags:
        txn.delete(key, db=open_.tagged)


def _number(txn: Txn, meta: Db, name: bytes) -> int:
    kept = txn.get(name, db=meta)
    return _U64.unpack(kept)[0] if kept else 0


def _count_up(txn: Txn, meta: Db, name: bytes, floor: int = 0, by: int = 1) -> int:
    number = max(_number(txn, meta, name), floor) + by
    txn.put(name, _U64.pack(number), db=meta)
    return number


# ── bytes


def _description_from(entry: memoryview) -> Description:
    return Description.unpack(bytes(entry[_U64.size :]))


def _page_from(entry: memoryview) -> Page:
    version, until_s, crc, length, flags, quality = _PAGE_TO_READ.unpack_from(entry)
    body = bytes(entry[_PAGE.size :])
    # As Page(…), without a call of Python
    return tuple.__new__(Page, (version, body, crc, length, flags & _TAKES_TAIL == _TAKES_TAIL, until_s, quality))


def _compressed(html: bytes, takes_tail: bool) -> Iterator[tuple[bytes, splice.Opened, int]]:
    gzip = splice.open_gzip(html)
    if takes_tail:
        yield b"g", gzip, GZIP_LEVEL
        yield b"b", splice.open_brotli(html, QUICK_QUALITY), QUICK_QUALITY
    else:
        yield b"g", gzip._replace(stream=splice.whole_gzip(html)), GZIP_LEVEL
        yield b"b", gzip._replace(stream=splice.whole_brotli(html, QUICK_QUALITY)), QUICK_QUALITY


def _tag(tag: str) -> bytes:
    named = tag.encode()
    return named if len(named) <= _LONGEST_TAG else b"#" + blake2b(named, digest_size=32).digest()


def _release(release: str) -> bytes:
    return blake2b(release.encode(), digest_size=16).digest()


def _release_of(description: bytes) -> str:
    """Empty for one that cannot be read: another release's."""
    try:
        return Description.unpack(description[_U64.size :]).kind.release
    except ValueError:
        return ""


def _is_past(key: bytes, value: bytes, now_s: float) -> bool:
    if key[-1:] == b"d":
        try:
            until = Description.unpack(value[_U64.size :]).until
        except ValueError:
            return True  # of another release; who made it makes it again
        return until is not None and until.timestamp() <= now_s
    until_s = _PAGE.unpack_from(value)[3]
    return bool(until_s) and until_s <= now_s


# ── files


def _identity(folder: Path) -> tuple[int, int] | None:
    """Tells the files of one making of the store from those of the next; None if there are none."""
    try:
        status = (folder / "data.mdb").stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _opened(folder: Path) -> _Open:
    try:
        return _Open(folder)
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.PanicError) as fault:
        log.warning("The page store is unusable and is thrown away. %s", fault)
        _remove_files(folder)
        return _Open(folder)


def _discard_unusable(folder: Path) -> None:
    """Throw the store away if the machine has started since it was made; or what is left where parts are missing."""
    if _identity(folder) is None:
        _remove_files(folder)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return  # no way to know here; LMDB's own checks remain
    mark = folder / "boot"
    if not mark.exists() or mark.read_text() != boot:
        _remove_files(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.write_text(boot)


def _remove_files(folder: Path) -> None:
    # All of them: a new data file beside the old lock file would share its table of readers.
    for name in ("data.mdb", "lock.mdb", "generation"):
        (folder / name).unlink(missing_ok=True)
