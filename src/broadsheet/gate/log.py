"""The reading log: one fixed record a view of an article, written into mapped memory without a system call.

Each process writes a segment of its own. A record ends with a mark that is written last, so that whoever reads a
segment whose writer was killed can tell complete records. Full or old segments are sealed by renaming them; those of
writers that are gone are sealed by `seal_abandoned`. Nothing in it names a reader: the hash is keyed and differs from
month to month.

    segment   header of 64 bytes, then records
    record    ms since 1970 u64 · article u32 · reader u64 · verdict class u8 · reason u8 · count u16 · flags u8 · mark
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntFlag
from hashlib import blake2b
from pathlib import Path
from struct import Struct

from broadsheet import clock
from broadsheet.core.meter import Reason

log = logging.getLogger(__name__)

RECORD = Struct("<QIQBBHBB")
RECORD_BYTES = 26
SEGMENT_RECORDS = 65_536
LONGEST_OPEN_S = 3600  # a segment is sealed after this even if it is not full

_HEADER = Struct("<8sHHIQI")  # magic, record size, pid low bits, capacity, made at (ms), pid
_HEADER_BYTES = 64
_MAGIC = b"BSREADS1"
_MARK = 0xA5
_REASONS = list(Reason)
REASON_CODES = {reason: code for code, reason in enumerate(_REASONS)}
_RETRY_S = 60
_MOST_HASHES = 8192


class Flag(IntFlag):
    """In an event. Whoever writes one adds plain numbers: enums are slow to combine."""

    NEW = 1  # counted by this view
    FIRST = 2  # … which was the reader's first: the cookie was made on it
    AGAIN = 4  # counted before
    NOTICE = 8
    CRAWLER = 16
    REVALIDATED = 32  # answered 304: the reader's browser had the page


@dataclass(frozen=True, slots=True)
class Event:
    at_ms: int
    article: int
    reader: int  # 0: nobody we could tell from others
    verdict: str  # letter of the verdict class
    reason: Reason
    count: int
    flags: Flag


class ReadingLog:
    """Writes one process's views. Without room on the disk it stays silent and tries again a minute later."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._keyed = blake2b(key=key, person=b"reading log", digest_size=8)
        self._segment: _Segment | None = None
        self._retry_at = 0.0
        self._month = b""
        self._hashes: dict[bytes, int] = {}

    def write(self, at_ms: int, article: int, reader: int, verdict: int, reason: int, count: int, flags: int) -> None:
        """`verdict`: ord of the class letter; `reason`: see REASON_CODES."""
        segment = self._segment
        if segment is None or segment.position >= segment.end:
            segment = self._next()
            if segment is None:
                return
        position = segment.position
        RECORD.pack_into(
            segment.map, position, at_ms, article & 0xFFFFFFFF, reader, verdict, reason, count, flags, _MARK
        )
        segment.position = position + RECORD_BYTES

    def reader_hash(self, key: bytes) -> int:
        """Who reads, told apart within a month. `key`: the reader's key in the ledger."""
        found = self._hashes.get(key)
        if found is None:
            if len(self._hashes) >= _MOST_HASHES:
                self._hashes.clear()
            keyed = self._keyed.copy()
            keyed.update(key + self._month)
            found = int.from_bytes(keyed.digest(), "little") or 1
            self._hashes[key] = found
        return found

    def tick(self) -> None:
        """Once a second: notice a new month, seal a segment that has been open for long."""
        month = datetime.fromtimestamp(clock.timestamp(), UTC).strftime("%Y-%m").encode()
        if month != self._month:
            self._month = month
            self._hashes.clear()
        segment = self._segment
        if segment and segment.position > _HEADER_BYTES and time.monotonic() - segment.opened_at >= LONGEST_OPEN_S:
            self.close()

    def close(self) -> None:
        """Seal the segment; the next view opens another."""
        if self._segment is not None:
            self._segment.seal()
            self._segment = None

    def _next(self) -> _Segment | None:
        self.close()
        if time.monotonic() < self._retry_at:
            return None
        try:
            self._segment = _Segment(self._folder)
        except OSError as fault:
            self._retry_at = time.monotonic() + _RETRY_S
            log.error("The reading log cannot be written; views are not logged. %s", fault)
        return self._segment


class _Segment:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made_ms = int(clock.timestamp() * 1000)
        self._file = folder / f"{made_ms:015d}-{os.getpid()}-{os.urandom(3).hex()}.open"
        size = _HEADER_BYTES + SEGMENT_RECORDS * RECORD_BYTES
        self._descriptor = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            # Held as long as we live: tells `seal_abandoned` whether someone still writes here.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            os.posix_fallocate(self._descriptor, 0, size)  # a hole in a mapped file on a full disk would kill us
            self.map = mmap.mmap(self._descriptor, size)
        except OSError:
            self._file.unlink()
            os.close(self._descriptor)
            raise
        _HEADER.pack_into(self.map, 0, _MAGIC, RECORD_BYTES, 0, SEGMENT_RECORDS, made_ms, os.getpid())
        self.position = _HEADER_BYTES
        self.end = size
        self.opened_at = time.monotonic()

    def seal(self) -> None:
        self.map.close()
        os.truncate(self._descriptor, self.position)
        with suppress(FileNotFoundError):  # someone emptied the folder
            self._file.rename(self._file.with_suffix(".sealed"))
        os.close(self._descriptor)


@dataclass(frozen=True)
class SegmentInfo:
    file: Path
    made: datetime
    writer: int


def read_segment(file: Path) -> Iterator[Event]:
    """The complete records of a segment, sealed or not, in the order written. Raises ValueError for another file."""
    with file.open("rb") as opened:
        packed = opened.read()
    segment_info(file, packed)
    for start in range(_HEADER_BYTES, len(packed) - RECORD_BYTES + 1, RECORD_BYTES):
        at_ms, article, reader, verdict, reason, count, flags, mark = RECORD.unpack_from(packed, start)
        if mark != _MARK:
            return
        yield Event(at_ms, article, reader, chr(verdict), _REASONS[reason], count, Flag(flags))


def complete_bytes(packed: bytes) -> int:
    """How much of a segment that is still written to can be kept: its head and its complete records."""
    return min(len(packed), _HEADER_BYTES + _complete_bytes(packed[_HEADER_BYTES:]))


def views_in(file: Path, position: int = 0) -> tuple[Counter[tuple[int, int]], int]:
    """Views of a segment from `position` on, counted by (verdict class as a number, flags); and where to go on next time.

    Some 65,000 records take a few milliseconds: no record is unpacked.
    """
    with file.open("rb") as opened:
        opened.seek(start := max(position, _HEADER_BYTES))
        packed = opened.read()
    end = _complete_bytes(packed)
    return Counter(zip(packed[20:end:RECORD_BYTES], packed[24:end:RECORD_BYTES], strict=True)), start + end


def _complete_bytes(records: bytes) -> int:
    marks = records[RECORD_BYTES - 1 :: RECORD_BYTES]
    return (len(marks) - len(marks.lstrip(bytes([_MARK])))) * RECORD_BYTES


def segment_info(file: Path, packed: bytes | None = None) -> SegmentInfo:
    if packed is None:
        with file.open("rb") as opened:
            packed = opened.read(_HEADER_BYTES)
    if len(packed) < _HEADER_BYTES or packed[:8] != _MAGIC:
        raise ValueError(f"{file} is not a segment of the reading log")
    _, size, _, _, made_ms, writer = _HEADER.unpack_from(packed)
    if size != RECORD_BYTES:
        raise ValueError(f"{file} has records of {size} bytes, not {RECORD_BYTES}")
    return SegmentInfo(file, datetime.fromtimestamp(made_ms / 1000, UTC), writer)


def sealed_segments(folder: Path) -> list[Path]:
    """Oldest first; nobody writes to them any more."""
    return sorted(folder.glob("*.sealed"))


def open_segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.open"))


def seal_abandoned(folder: Path) -> list[Path]:
    """Seal the segments whose writers are gone; the files they became."""
    sealed = []
    for file in open_segments(folder):
        with suppress(FileNotFoundError), file.open("r+b") as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            sealed.append(file.rename(file.with_suffix(".sealed")))
    return sealed
