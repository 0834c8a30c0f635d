"""The meter ledger: what each reader has read in the present window, on the server, where tabs and old cookies change
nothing. Beside it, in the same environment: passes of those signed in, limits, the policy, crawlers.

It must be kept: unlike the page store it is never thrown away. Commits are not synced one by one; `sync()` runs once a
second, so a power cut loses at most the last second, and the death of a process nothing.

    reads      b'r' + reader id (12), or b'a' + account (8) → entry
    passes     pass id (16) → class, account, expiry
    signed_in  account → its pass ids (dupsort); those of browsers without an account are not among them
    limits · crawlers · policy · meta
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zoneinfo import ZoneInfo

import lmdb

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import (
    MOST_ARTICLES,
    Article,
    Decision,
    Policy,
    Read,
    ReaderClass,
    WindowKind,
    terms,
)
from broadsheet.gate.generation import Generation
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.gate.steps import RANKS, Step, Steps
from broadsheet.gate.store import Db, OncePerProcess, StoreFailed, Txn, open_environment

log = logging.getLogger(__name__)

MAP_BYTES = 16 << 30  # a limit, not what it takes: a reader's entry takes some 200 bytes
DAY_S = 86_400

# A clock set back is followed only this far; beyond it, the clock was wrong before and right now.
LONGEST_SETBACK_S = 40 * DAY_S

# Entry: format, window kind, days of a rolling window, when its list was wiped (0: never); then as many articles as there are,
# oldest read first, in columns: so that one look at the first moment tells whether all of them count, and one unpacking gives
# all articles.
HEADER = Struct("<BBHI")
ROW_BYTES = 16  # article u64, at u32, until u32
_PAIR = Struct("<BBHIQQIIII")  # an entry of two
_FORMAT = 1
_KINDS = list(WindowKind)
_PASS = Struct("<BQI")
_CLASSES = list(ReaderClass)
_U64 = Struct(">Q")
_U32, _ARTICLE = Struct("<I"), Struct("<Q")
_POLICY = b"policy"
_MARK = b"window opened"
_BATCH = 500


class LedgerWindow(NamedTuple):
    """A policy's window around one moment, in whole seconds. `closes_s` is when a calendar window ends."""

    kind: int
    days: int
    opens_s: int
    closes_s: int

    @property
    def is_rolling(self) -> bool:
        return self.days > 0

    def holds(self, at: int, until: int, now_s: float) -> bool:
        """`core.meter.in_force`, in seconds."""
        if self.days:
            return now_s - at < self.days * DAY_S
        return at >= self.opens_s or (until > 0 and now_s < until)

    def oldest_s(self, now_s: float) -> float:
        """A row read at or after this counts, whatever else is true of it."""
        return now_s - self.days * DAY_S + 1 if self.days else self.opens_s

    def seconds_left(self, now_s: float) -> int:
        """How long what is counted now goes on counting."""
        return self.days * DAY_S if self.days else max(1, int(self.closes_s - now_s))


def ledger_window(policy: Policy, now: datetime) -> LedgerWindow:
    """The window that `now` lies in. For a calendar window the result is good until its `closes_s`."""
    kind = _KINDS.index(policy.window.kind)
    if policy.window.kind is WindowKind.ROLLING:
        return LedgerWindow(kind, policy.window.days, 0, 0)
    span = policy.window.span(now, ZoneInfo(policy.zone))
    return LedgerWindow(kind, 0, int(span.opens.timestamp()), int(span.closes.timestamp()))


class Entry:
    """One reader's counted articles, oldest first."""

    __slots__ = ("kind", "rows", "wiped_s")

    def __init__(self, kind: int, rows: list[tuple[int, int, int]], wiped_s: int = 0) -> None:
        self.kind = kind
        self.rows = rows
        self.wiped_s = wiped_s

    @classmethod
    def unpack(cls, packed: bytes | None, window: LedgerWindow) -> Entry:
        """Rows written under another kind of window keep their moment, but not the close of a window of that kind."""
        if packed is None:
            return cls(window.kind, [])
        _, kind, _, wiped_s = HEADER.unpack_from(packed)
        count = (len(packed) - HEADER.size) // ROW_BYTES
        articles, ats, untils = (column.unpack_from(packed, start) for column, start in columns(count))
        if kind != window.kind:
            untils = (0,) * count
        return cls(kind, list(zip(articles, ats, untils, strict=True)), wiped_s)

    def pack(self, window: LedgerWindow) -> bytes:
        rows = sorted(self.rows, key=lambda row: row[1])[-MOST_ARTICLES:]
        articles, ats, untils = zip(*rows, strict=True) if rows else ((), (), ())
        head = HEADER.pack(_FORMAT, window.kind, window.days, self.wiped_s)
        (article, _), (at, _), (until, _) = columns(len(rows))
        return head + article.pack(*articles) + at.pack(*ats) + until.pack(*untils)

    def keep_counting(self, window: LedgerWindow, now_s: float) -> None:
        """Drop what has left its window."""
        self.rows = [row for row in self.rows if window.holds(row[1], row[2], now_s)]

    def add(self, article: int, at: int, until: int) -> None:
        """The earliest read of an article is the one that counts."""
        for index, row in enumerate(self.rows):
            if row[0] == article:
                if at < row[1]:
                    self.rows[index] = (article, at, until)
                return
        self.rows.append((article, at, until))


@lru_cache(maxsize=MOST_ARTICLES + 1)
def columns(count: int) -> tuple[tuple[Struct, int], tuple[Struct, int], tuple[Struct, int]]:
    """Where the three columns of an entry with `count` rows are, and how to unpack each."""
    return (
        (Struct(f"<{count}Q"), HEADER.size),
        (Struct(f"<{count}I"), HEADER.size + 8 * count),
        (Struct(f"<{count}I"), HEADER.size + 12 * count),
    )


@lru_cache(maxsize=MOST_ARTICLES + 1)
def _beginning(size: int) -> Struct:
    """Of an entry of this size: all articles and the moment of the oldest, which follows them."""
    return Struct(f"<{(size - HEADER.size) // ROW_BYTES}QI")


def all_counting(packed: bytes | None, window: LedgerWindow, now_s: float) -> Sequence[int]:
    """The articles of an entry all of whose rows count, as one look tells; of any other, nothing: unpack it."""
    if packed is None or packed[1] != window.kind:
        return ()
    size = len(packed)
    if size == HEADER.size:
        return ()
    *articles, oldest = _beginning(size).unpack_from(packed, HEADER.size)
    return () if oldest < (window.opens_s or window.oldest_s(now_s)) else articles  # no call where it is a calendar


def _appended(packed: bytes, count: int, article: int, at: int, until: int) -> bytes:
    """An entry with one more row, put last; a clock that went back makes it no older than the one before it."""
    ats = HEADER.size + 8 * count
    untils = ats + 4 * count
    at = max(at, _U32.unpack_from(packed, untils - 4)[0])
    row = _ARTICLE.pack(article), _U32.pack(at), _U32.pack(until)
    return b"".join((packed[:ats], row[0], packed[ats:untils], row[1], packed[untils:], row[2]))


class View:
    """One view of an article, to be counted. `first`: article and moment of the reader's cookie. `step`: the answer.

    Whoever has looked already may say what to expect: `seen`, an entry all of whose rows count, the cookie's article
    among them, and the step that follows from it, which counts.
    """

    __slots__ = ("article", "expected", "first", "key", "now_s", "seen", "step", "steps", "window")

    def __init__(
        self,
        key: bytes,
        article: int,
        steps: Steps,
        first: tuple[int, int] | None,
        window: LedgerWindow,
        now_s: float,
        seen: bytes | None = None,
        expected: Step | None = None,
    ) -> None:
        self.key = key
        self.article = article
        self.steps = steps
        self.first = first
        self.window = window
        self.now_s = now_s
        self.seen = seen
        self.expected = expected
        self.step: Step | None = None


def _count(packed: bytes | None, view: View) -> bytes | None:
    """Decide about a view; the entry as it must be written now, or None where it stays as it is."""
    window, now_s, first = view.window, view.now_s, view.first
    if packed is not None and packed == view.seen:  # nobody has written since
        view.step = view.expected
        return _appended(packed, (len(packed) - HEADER.size) // ROW_BYTES, view.article, int(now_s), window.closes_s)
    articles = all_counting(packed, window, now_s)
    if packed is not None and articles and (first is None or first[0] in articles):
        count = len(articles)
        step = view.step = view.steps.before(count) if view.article in articles else view.steps.new(count)
        return _appended(packed, count, view.article, int(now_s), window.closes_s) if step.counts else None
    if packed is None and first is not None and first[0] != view.article and first[1] >= window.oldest_s(now_s):
        # By far the most entries begin so: with the article of the cookie and this one.
        step = view.step = view.steps.new(1)
        if not step.counts:
            return None
        at, until = max(int(now_s), first[1]), window.closes_s
        return _PAIR.pack(_FORMAT, window.kind, window.days, 0, first[0], view.article, first[1], at, until, until)
    return _counted_anew(packed, view)


def _counted_anew(packed: bytes | None, view: View) -> bytes | None:
    """`_count` for every entry."""
    window, now_s = view.window, view.now_s
    entry = _begun(Entry.unpack(packed, window), view.first, window)
    entry.keep_counting(window, now_s)
    count = len(entry.rows)
    is_known = any(row[0] == view.article for row in entry.rows)
    step = view.step = view.steps.before(count) if is_known else view.steps.new(count)
    if not step.counts:
        return None
    entry.rows.append((view.article, int(now_s), window.closes_s))
    return entry.pack(window)


NO_ACCOUNT = 0  # of the pass of a browser that gave: what it reads is counted under its own cookie


class Pass(NamedTuple):
    reader: ReaderClass
    account: int
    expires_s: int


@dataclass(frozen=True)
class LedgerSwept:
    entries: int
    passes: int
    limits: int
    done: bool  # False: more may be waiting; call again


def reader_key(reader_id: bytes) -> bytes:
    return b"r" + reader_id


def account_key(account: int) -> bytes:
    return b"a" + _U64.pack(account)


class Ledger:
    """Where it cannot write (disk full, map full) it decides all the same and says so in the log, once a minute."""

    def __init__(self, folder: Path) -> None:
        self.environment = _opened(folder)
        open_db = self.environment.open_db
        self.reads_db = open_db(b"reads")
        self.passes_db = open_db(b"passes")
        self.signed_in_db = open_db(b"signed_in", dupsort=True)
        self.limits_db = open_db(b"limits")
        self.crawlers_db = open_db(b"crawlers")
        self.policy_db = open_db(b"policy")
        self.meta_db = open_db(b"meta")
        self.policy_generation = Generation(folder / "policy_generation")
        self.is_dirty = False
        self._snapshot: tuple[int, PolicySnapshot | None] = (-1, None)
        self._complained_at = float("-inf")
        self._swept_to = b""

    # ── the policy

    def policy(self) -> PolicySnapshot | None:
        """The one in force; None until one is published."""
        generation = self.policy_generation.value
        if self._snapshot[0] != generation:
            with self.environment.begin(self.policy_db) as txn:
                kept = txn.get(_POLICY)
            self._snapshot = generation, (PolicySnapshot.from_json(kept) if kept else None)
        return self._snapshot[1]

    def publish_policy(self, snapshot: PolicySnapshot) -> PolicySnapshot:
        """Put a policy in force, on all workers when this returns; the snapshot with its version.

        Raises ImpossiblePolicy, and StoreFailed where it cannot be written.
        """
        snapshot.policy.check()
        with self.policy_generation.raising():
            with self.environment.begin(write=True) as txn:
                kept = txn.get(_POLICY, db=self.policy_db)
                version = max(PolicySnapshot.from_json(kept).version if kept else 0, self.policy_generation.value) + 1
                numbered = replace(snapshot, version=version)
                txn.put(_POLICY, numbered.to_json().encode(), db=self.policy_db)
            self.environment.sync(True)
            self.policy_generation.set(version)
        return numbered

    def moment(self, policy: Policy, now: datetime) -> datetime:
        """`now`, or the opening of the newest window ever counted in if the clock was set back before it.

        Without this, a clock that passes midnight twice would begin the count twice.
        """
        if policy.window.kind is WindowKind.ROLLING:
            return now
        with self.environment.begin(self.meta_db) as txn:
            mark = _mark(txn.get(_MARK))
        if 0 < mark - now.timestamp() <= LONGEST_SETBACK_S:
            return datetime.fromtimestamp(mark, UTC)
        return now

    def mark_window(self, window: LedgerWindow, now_s: float) -> None:
        """Remember that this window has opened. Called by the gate when it meets a new one."""
        if window.is_rolling:
            return

        def write(txn: Txn) -> None:
            mark = _mark(txn.get(_MARK, db=self.meta_db))
            if mark < window.opens_s or mark - now_s > LONGEST_SETBACK_S:
                txn.put(_MARK, _U64.pack(window.opens_s), db=self.meta_db)

        self._write("the opening of a window", write)

    # ── counting

    def reads(self, key: bytes) -> list[Read]:
        """What was written for this reader, oldest first; `core.meter.counted` says which of it counts now."""
        window = self._window()
        return [
            Read(article, _moment(at), _moment(until) if until else None)
            for article, at, until in Entry.unpack(self.entry(key), window).rows
        ]

    def entry(self, key: bytes) -> bytes | None:
        """The entry as stored. See `columns`."""
        txn = self.environment.begin(self.reads_db)
        packed = txn.get(key)
        txn.abort()  # a quarter quicker than `with`; on an error it ends with its last reference
        return packed

    def count(
        self, key: bytes, article: Article, reader: ReaderClass, first: Read | None, policy: Policy, now: datetime
    ) -> Decision:
        """Decide, and write the article down if it counts, in one transaction: parallel tabs cannot pass each other.

        `first`: the one article of the reader's cookie; an entry begins with it.
        """
        agreed = terms(policy, article, reader, now)
        if agreed.settled is not None:
            return agreed.settled
        now = self.moment(policy, now)
        view = View(
            key,
            article.id,
            Steps(agreed.ladder, RANKS.index(reader)),
            None if first is None else (first.article, int(first.at.timestamp())),
            ledger_window(policy, now),
            now.timestamp(),
        )
        self.count_all([view])
        assert view.step is not None
        return view.step.decision

    def count_all(self, views: Sequence[View]) -> None:
        """`count`, for a gate that knows terms and window already, and for all who wait: one commit. Fills in `step`."""

        def write(txn: Txn) -> None:
            for view in views:
                packed = _count(txn.get(view.key, db=self.reads_db), view)
                if packed is not None:
                    txn.put(view.key, packed, db=self.reads_db)

        if not self._write("a read", write):
            for view in views:
                _count(self._entry_or_none(view.key), view)

    def join(self, account: int, reader_id: bytes, now: datetime, first: Read | None = None) -> int:
        """The account's reads become the union of its own and the browser's, each article as of its earliest read.

        Never a sum, and doing it again changes nothing. The browser keeps its own count. How many articles count now.
        """
        begun = None if first is None else (first.article, int(first.at.timestamp()))
        return self._join(account_key(account), reader_key(reader_id), begun, now)

    def merge(self, account: int, other: int, now: datetime) -> int:
        """`join`, of another account: its entry stays until that account is forgotten."""
        return self._join(account_key(account), account_key(other), None, now)

    def _join(self, key: bytes, other: bytes, first: tuple[int, int] | None, now: datetime) -> int:
        window = self._window(now)
        now_s = now.timestamp()
        joined = 0

        def write(txn: Txn) -> None:
            nonlocal joined
            kept = txn.get(key, db=self.reads_db)
            entry = Entry.unpack(kept, window)
            for row in _begun(Entry.unpack(txn.get(other, db=self.reads_db), window), first, window).rows:
                entry.add(*row)
            entry.keep_counting(window, now_s)
            joined = len(entry.rows)
            if entry.rows or kept is not None:
                txn.put(key, entry.pack(window), db=self.reads_db)

        self._write("a joined count", write)
        return joined

    def forget(self, key: bytes) -> None:
        """Delete what this reader has read (an account deleted, a wish for erasure)."""
        self._write("an erasure", lambda txn: txn.delete(key, db=self.reads_db))

    def hide(self, key: bytes, now: datetime) -> None:
        """The reader wiped the list: what is in it now is no longer shown, and goes on counting."""

        def write(txn: Txn) -> None:
            if (kept := txn.get(key, db=self.reads_db)) is not None:
                form, kind, days, _ = HEADER.unpack_from(kept)
                count = (len(kept) - HEADER.size) // ROW_BYTES
                ats, start = columns(count)[1]
                # The clock may have been set back since: all that is there is meant.
                wiped_s = max(int(now.timestamp()), *ats.unpack_from(kept, start), 0)
                txn.put(key, HEADER.pack(form, kind, days, wiped_s) + kept[HEADER.size :], db=self.reads_db)

        self._write("a wiped list", write)

    def wiped_at(self, key: bytes) -> datetime | None:
        """Reads up to this moment are not shown."""
        kept = self.entry(key)
        wiped_s = HEADER.unpack_from(kept)[3] if kept is not None else 0
        return _moment(wiped_s) if wiped_s else None

    # ── passes

    def give_pass(self, reader: ReaderClass, account: int, expires: datetime) -> bytes:
        """A new pass for someone who has signed in, or for a browser (NO_ACCOUNT).

        Raises StoreFailed where it cannot be written.
        """
        id_ = secrets.token_bytes(16)
        with self.environment.begin(write=True) as txn:
            txn.put(id_, _PASS.pack(_CLASSES.index(reader), account, int(expires.timestamp())), db=self.passes_db)
            if account != NO_ACCOUNT:
                txn.put(_U64.pack(account), id_, db=self.signed_in_db)
        self.is_dirty = True
        return id_

    def pass_of(self, id_: bytes, now_s: float | None = None) -> Pass | None:
        """None if there is none, or its time has passed."""
        with self.environment.begin(self.passes_db) as txn:
            kept = txn.get(id_)
        if kept is None:
            return None
        class_, account, expires_s = _PASS.unpack(kept)
        if now_s is not None and expires_s <= now_s:
            return None
        return Pass(_CLASSES[class_], account, expires_s)

    def drop_pass(self, id_: bytes) -> None:
        with self.environment.begin(write=True) as txn:
            _drop_pass(self, txn, id_)
        self.is_dirty = True

    def drop_passes_of(self, account: int, keep: Iterable[bytes] = ()) -> int:
        """End all passes of an account but those to keep; how many ended."""
        kept = set(keep)
        with self.environment.begin(write=True) as txn:
            ids = [id_ for id_ in _passes_of(self, txn, account) if id_ not in kept]
            for id_ in ids:
                _drop_pass(self, txn, id_)
        self.is_dirty = True
        return len(ids)

    def reclass(self, account: int, reader: ReaderClass) -> None:
        """The account's class has changed: so do its passes."""
        with self.environment.begin(write=True) as txn:
            for id_ in _passes_of(self, txn, account):
                if (kept := txn.get(id_, db=self.passes_db)) is not None:
                    _, _, expires_s = _PASS.unpack(kept)
                    txn.put(id_, _PASS.pack(_CLASSES.index(reader), account, expires_s), db=self.passes_db)
        self.is_dirty = True

    # ── upkeep

    def sync(self) -> None:
        """Make what was committed survive a power cut. Once a second is enough; may take long: off the event loop."""
        self.is_dirty = False
        self.environment.sync(True)

    def sweep(self, now: datetime) -> LedgerSwept:
        """Forget closed windows, passes and limits whose time is over; a bounded batch, going on where it stopped."""
        window = self._window(now)
        now_s = now.timestamp()
        entries, done = self._closed(window, now_s)
        passes = self._past(self.passes_db, lambda value: _PASS.unpack(value)[2] <= now_s)
        limits = self._past(self.limits_db, lambda value: LIMIT.unpack(value)[1] <= now_s)

        def write(txn: Txn) -> None:
            for key in entries:
                if _is_closed(txn.get(key, db=self.reads_db), window, now_s):
                    txn.delete(key, db=self.reads_db)
            for id_ in passes:
                _drop_pass(self, txn, id_)
            for key in limits:
                kept = txn.get(key, db=self.limits_db)
                if kept is not None and LIMIT.unpack(kept)[1] <= now_s:
                    txn.delete(key, db=self.limits_db)

        if entries or passes or limits:
            self._write("a sweep", write)
        done = done and len(passes) < _BATCH and len(limits) < _BATCH
        return LedgerSwept(len(entries), len(passes), len(limits), done)

    def check_readers(self) -> None:
        """Free the slots of processes that were killed while reading."""
        self.environment.reader_check()

    # ── inside

    def _window(self, now: datetime | None = None) -> LedgerWindow:
        snapshot = self.policy()
        policy = snapshot.policy if snapshot else Policy()
        return ledger_window(policy, self.moment(policy, now or clock.now()))

    def _write(self, what: str, change: Callable[[Txn], object]) -> bool:
        """Whether it was written."""
        try:
            with self.environment.begin(write=True) as txn:
                change(txn)
        except StoreFailed as fault:
            self.complain(what, fault)
            return False
        self.is_dirty = True
        return True

    def complain(self, what: str, fault: Exception) -> None:
        if time.monotonic() - self._complained_at >= 60:
            self._complained_at = time.monotonic()
            log.error("The meter ledger could not write %s; readers are served all the same. %s", what, fault)

    def _entry_or_none(self, key: bytes) -> bytes | None:
        with suppress(StoreFailed):
            return self.entry(key)
        return None

    def _closed(self, window: LedgerWindow, now_s: float) -> tuple[list[bytes], bool]:
        """Keys of closed entries among the next few thousand, and whether the end was reached."""
        found: list[bytes] = []
        with self.environment.begin(self.reads_db) as txn, txn.cursor() as cursor:
            more = cursor.set_range(self._swept_to)
            for _ in range(20_000):
                if not more or len(found) >= _BATCH:
                    break
                self._swept_to = cursor.key()
                if _is_closed(cursor.value(), window, now_s):
                    found.append(self._swept_to)
                more = cursor.next()
        if not more:
            self._swept_to = b""
        return found, not more

    def _past(self, db: Db, is_past: Callable[[bytes], bool]) -> list[bytes]:
        found: list[bytes] = []
        with self.environment.begin(db) as txn, txn.cursor() as cursor:
            for key, value in cursor:
                if is_past(value):
                    found.append(key)
                    if len(found) >= _BATCH:
                        break
        return found


LIMIT = Struct("<II")  # how often, until when (seconds)


def _begun(entry: Entry, first: tuple[int, int] | None, window: LedgerWindow) -> Entry:
    """With the article of the reader's cookie, which was never written down, as the first view writes nothing.

    Its window is the one that was open when it was read; had that been another than today's, today's rule is asked.
    """
    if first is not None:
        article, at = first
        entry.add(article, at, window.closes_s if at >= window.opens_s else 0)
    return entry


def _is_closed(packed: bytes | None, window: LedgerWindow, now_s: float) -> bool:
    if packed is None:
        return False
    return not any(window.holds(at, until, now_s) for _, at, until in Entry.unpack(packed, window).rows)


def _passes_of(ledger: Ledger, txn: Txn, account: int) -> list[bytes]:
    with txn.cursor(ledger.signed_in_db) as cursor:
        return list(cursor.iternext_dup()) if cursor.set_key(_U64.pack(account)) else []


def _drop_pass(ledger: Ledger, txn: Txn, id_: bytes) -> None:
    kept = txn.pop(id_, db=ledger.passes_db)
    if kept is not None:
        txn.delete(_U64.pack(_PASS.unpack(kept)[1]), id_, db=ledger.signed_in_db)


def _mark(kept: bytes | None) -> int:
    return _U64.unpack(kept)[0] if kept else 0


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _opened(folder: Path) -> lmdb.Environment:
    """A ledger that a power cut has ruined is put aside, never deleted: someone may still want to look."""
    try:
        return open_environment(folder, MAP_BYTES, dbs=12)
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.PanicError) as fault:
        aside = folder.with_name(f"{folder.name}.unusable-{int(time.time())}")
        log.error("The meter ledger is unusable and was moved to %s; all counts begin anew. %s", aside.name, fault)
        with suppress(FileNotFoundError):  # another process did it just now
            folder.rename(aside)
        return open_environment(folder, MAP_BYTES, dbs=12)


_ledgers = OncePerProcess()


def open_ledger(folder: Path | None = None) -> Ledger:
    """This process's meter ledger. Never call it before a fork: LMDB forbids carrying it over."""
    return _ledgers.get(folder or config().ledger, Ledger)
