"""The reading log at rest: sealed segments become Parquet files, by month, in `log/parquet/`. No Django, no database.

    log/parquet/2019-10/<digest>.parquet     one row a view of an article, in UTC months

    at           timestamp[ms, UTC]
    article      uint32     its id
    reader       uint64     keyed hash, other each month; 0: nobody who could be told from others
    verdict      string     letter of the verdict class (`gate/pages.py`)
    reason       string     why (`core.meter.Reason`)
    count        uint16     distinct articles of the reader's window, this one included if it counts
    new          bool       counted by this view
    first        bool       … which was the reader's first: the cookie was made on it
    again        bool       counted before
    notice       bool       shown with the notice
    crawler      bool       a verified search engine
    revalidated  bool       answered 304: the browser had the page

No event is lost or doubled, whenever the process is killed: each file says in its metadata which segments it holds. A
file is complete before it has its name; a segment is removed after every month it touches has a file that holds it; one
that is still there, though a file holds it, is not read again. Of merged files, those whose segments another file holds
too are ignored, and removed by the next run.

Run it as `python -m broadsheet.insight.parquet`: pyarrow takes memory that a process running for weeks should not keep.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from broadsheet.config import config
from broadsheet.gate.log import Event, Flag, read_segment, seal_abandoned, sealed_segments

log = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("at", pa.timestamp("ms", tz="UTC")),
        ("article", pa.uint32()),
        ("reader", pa.uint64()),
        ("verdict", pa.dictionary(pa.int8(), pa.string())),
        ("reason", pa.dictionary(pa.int8(), pa.string())),
        ("count", pa.uint16()),
        *((flag.name.lower(), pa.bool_()) for flag in Flag if flag.name),
    ]
)
SEGMENTS = b"segments"  # key in a file's metadata: the segments it holds, a JSON list of names
BATCH = 32  # segments in a file of one run
MOST_FILES = 24  # small ones, of a month, before they are merged
SMALL_BYTES = 64 << 20


@dataclass(frozen=True)
class Stored:
    """A finished file, and the segments it holds."""

    file: Path
    segments: frozenset[str]


@dataclass(frozen=True)
class Done:
    segments: int = 0
    events: int = 0
    merged: int = 0
    unreadable: int = 0


def store_sealed(folder: Path) -> Done:
    """Turn every sealed segment of `folder` (the `log/` of a data folder) into Parquet; another run waits for this."""
    with _alone(folder / "parquet") as parquet:
        _sweep(parquet)
        seal_abandoned(folder)
        sealed = sealed_segments(folder)
        segments = events = unreadable = 0
        for start in range(0, len(sealed), BATCH):
            tables = {segment: _read(segment) for segment in sealed[start : start + BATCH]}
            readable = {segment: table for segment, table in tables.items() if table is not None}
            events += _store(parquet, readable)
            segments += len(readable)
            unreadable += len(tables) - len(readable)
            for segment in readable:
                segment.unlink()
        return Done(segments, events, merged=_merge(parquet), unreadable=unreadable)


def stored(parquet: Path, month: str) -> list[Stored]:
    """The files that make up a month (`2019-10`); each event of it is in exactly one of them."""
    found = [Stored(file, _segments_of(file)) for file in sorted((parquet / month).glob("*.parquet"))]
    return [one for one in found if not _is_superseded(one, found)]


def months(parquet: Path) -> list[str]:
    return sorted(folder.name for folder in parquet.glob("????-??") if folder.is_dir())


def name_of(segment: Path) -> str:
    """What a file calls a segment it holds: the same whether the segment is open or sealed."""
    return segment.stem


def table_of(events: Sequence[Event]) -> pa.Table:
    columns: dict[str, Iterable[object]] = {
        "at": [event.at_ms for event in events],
        "article": [event.article for event in events],
        "reader": [event.reader for event in events],
        "verdict": [event.verdict for event in events],
        "reason": [event.reason.value for event in events],
        "count": [event.count for event in events],
        **{flag.name.lower(): [flag in event.flags for event in events] for flag in Flag if flag.name},
    }
    return pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()}, SCHEMA)


def _read(segment: Path) -> pa.Table | None:
    """A file that is not a segment is set aside, where a person finds it, instead of being tried for ever."""
    try:
        return table_of(list(read_segment(segment)))
    except (ValueError, IndexError) as fault:
        log.error("A segment of the reading log cannot be read and is set aside: %s. %s", segment.name, fault)
        segment.rename(segment.with_suffix(".unreadable"))
        return None


def _store(parquet: Path, tables: Mapping[Path, pa.Table]) -> int:
    """Write one file for each month that the segments touch, and return how many events that are."""
    written = 0
    for month in sorted({month for table in tables.values() for month in _months_of(table)}):
        held = {name for one in stored(parquet, month) for name in one.segments}
        parts = {
            name_of(segment): part
            for segment, table in tables.items()
            if name_of(segment) not in held and (part := _of_month(table, month)).num_rows
        }
        if parts:
            _write(parquet / month, frozenset(parts), parts.values())
            written += sum(part.num_rows for part in parts.values())
    return written


def _months_of(table: pa.Table) -> set[str]:
    return set(pc.strftime(table["at"], "%Y-%m").unique().to_pylist())


def _of_month(table: pa.Table, month: str) -> pa.Table:
    return table.filter(pc.equal(pc.strftime(table["at"], "%Y-%m"), month))


def _write(folder: Path, segments: frozenset[str], parts: Iterable[pa.Table]) -> Path:
    """A finished file or none: written beside, synced, then named. The same segments always have the same name."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256("\n".join(sorted(segments)).encode()).hexdigest()[:24]
    draft, file = folder / f"{digest}.draft", folder / f"{digest}.parquet"
    schema = SCHEMA.with_metadata({SEGMENTS: json.dumps(sorted(segments)).encode()})
    with draft.open("wb") as opened:
        with pq.ParquetWriter(opened, schema, compression="zstd") as writer:
            for part in parts:
                writer.write_table(part.cast(schema))
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    _sync(folder)
    return file


def _merge(parquet: Path) -> int:
    """Where a month has become many small files, make it one; how many files went into others."""
    merged = 0
    for month in months(parquet):
        files = [one for one in stored(parquet, month) if one.file.stat().st_size < SMALL_BYTES]
        if len(files) <= MOST_FILES:
            continue
        _write(parquet / month, frozenset().union(*(one.segments for one in files)), _row_groups(files))
        for one in files:
            one.file.unlink()
        merged += len(files)
    return merged


def _row_groups(files: Sequence[Stored]) -> Iterator[pa.Table]:
    for one in files:
        with pq.ParquetFile(one.file) as opened:
            for group in range(opened.num_row_groups):
                yield opened.read_row_group(group)


def _sweep(parquet: Path) -> None:
    """What a killed run left behind."""
    for draft in parquet.glob("*/*.draft"):
        draft.unlink()
    for month in months(parquet):
        found = {one.file for one in stored(parquet, month)}
        for file in (parquet / month).glob("*.parquet"):
            if file not in found:
                file.unlink()


def _segments_of(file: Path) -> frozenset[str]:
    return frozenset(json.loads(pq.read_schema(file).metadata[SEGMENTS]))


def _is_superseded(one: Stored, others: Iterable[Stored]) -> bool:
    return any(one.segments < other.segments for other in others)


@contextmanager
def _alone(parquet: Path) -> Iterator[Path]:
    parquet.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(parquet / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield parquet
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems refuse to sync a folder
        os.fsync(descriptor)
    os.close(descriptor)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    done = store_sealed(config().log)
    if done.segments or done.merged or done.unreadable:
        log.info("Reading log stored. %s", done)


if __name__ == "__main__":
    main()
