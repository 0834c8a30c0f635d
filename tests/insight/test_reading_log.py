"""The reading log on its way from segments to Parquet: every event once, whenever the process is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from broadsheet.core.meter import Reason
from broadsheet.gate.log import REASON_CODES, Flag, ReadingLog, open_segments, sealed_segments
from broadsheet.insight import parquet
from broadsheet.insight.counts import tallies
from broadsheet.insight.parquet import MOST_FILES, SCHEMA, months, store_sealed, stored
from broadsheet.insight.tally import Span

TURN = datetime(2019, 11, 1, tzinfo=UTC)
ALWAYS = Span(datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))


def views_by_article(folder: Path, span: Span) -> Counter[int]:
    return Counter({article: one.reads for article, one in tallies(folder, span).items() if one.reads})


def write(
    log: ReadingLog, article: int, at: datetime, verdict: str = "a", flags: Flag = Flag.NEW, count: int = 1
) -> None:
    at_ms = round(at.timestamp() * 1000)
    log.write(at_ms, article, 7, ord(verdict), REASON_CODES[Reason.WITHIN], count, int(flags))


def segments(folder: Path, number: int, events: int, around: datetime = TURN) -> list[int]:
    """Sealed segments with events around a moment; each has an article of its own, so that none can hide."""
    log = ReadingLog(folder, b"k" * 32)
    articles = iter(range(1, number * events + 1))
    for _ in range(number):
        for step in range(events):
            write(log, next(articles), around + timedelta(minutes=step - events // 2))
        log.close()
    return list(range(1, number * events + 1))


def rows(folder: Path) -> Iterator[dict[str, object]]:
    for month in months(folder / "parquet"):
        for one in stored(folder / "parquet", month):
            yield from pq.read_table(one.file).to_pylist()


def test_an_event_keeps_all_it_says(tmp_path: Path) -> None:
    log = ReadingLog(tmp_path, b"k" * 32)
    write(log, 42, TURN, verdict="w", flags=Flag.AGAIN | Flag.NOTICE, count=9)
    log.close()
    store_sealed(tmp_path)
    assert list(rows(tmp_path)) == [
        {
            "at": TURN,
            "article": 42,
            "reader": 7,
            "verdict": "w",
            "reason": "within the allowance",
            "count": 9,
            "new": False,
            "first": False,
            "again": True,
            "notice": True,
            "crawler": False,
            "revalidated": False,
        }
    ]
    (file,) = (tmp_path / "parquet").glob("*/*.parquet")
    assert pq.read_schema(file).remove_metadata() == SCHEMA


def test_months_are_kept_apart_and_segments_go(tmp_path: Path) -> None:
    articles = segments(tmp_path, number=3, events=10)
    assert store_sealed(tmp_path).events == 30
    assert months(tmp_path / "parquet") == ["2019-10", "2019-11"]
    for month in ("2019-10", "2019-11"):
        (one,) = stored(tmp_path / "parquet", month)
        assert {row["at"].strftime("%Y-%m") for row in pq.read_table(one.file).to_pylist()} == {month}
    assert sorted(row["article"] for row in rows(tmp_path)) == articles
    assert sealed_segments(tmp_path) == []


def test_a_segment_in_use_is_left_alone_and_counted_all_the_same(tmp_path: Path) -> None:
    log = ReadingLog(tmp_path, b"k" * 32)
    write(log, 1, TURN)
    store_sealed(tmp_path)
    assert len(open_segments(tmp_path)) == 1
    assert views_by_article(tmp_path, ALWAYS) == {1: 1}
    log.close()
    assert views_by_article(tmp_path, ALWAYS) == {1: 1}
    store_sealed(tmp_path)
    assert views_by_article(tmp_path, ALWAYS) == {1: 1}


def test_what_is_not_a_segment_is_set_aside_and_the_rest_is_stored(tmp_path: Path) -> None:
    articles = segments(tmp_path, number=1, events=4)
    (tmp_path / "000000000000001-1-aaaaaa.sealed").write_bytes(b"something else")
    done = store_sealed(tmp_path)
    assert (done.segments, done.unreadable) == (1, 1)
    assert (tmp_path / "000000000000001-1-aaaaaa.unreadable").exists()
    assert sorted(row["article"] for row in rows(tmp_path)) == articles


def test_many_small_files_become_one(tmp_path: Path) -> None:
    day = TURN + timedelta(days=10)
    for number in range(MOST_FILES + 1):
        log = ReadingLog(tmp_path, b"k" * 32)
        write(log, number + 1, day)
        log.close()
        store_sealed(tmp_path)
    assert len(stored(tmp_path / "parquet", "2019-11")) == 1
    assert len(list((tmp_path / "parquet").glob("*/*"))) == 1
    assert sorted(row["article"] for row in rows(tmp_path)) == list(range(1, MOST_FILES + 2))


# The child kills itself with SIGKILL before its n-th change to the file system, so that every gap between two is tried.
CHILD = """
import logging, os, pathlib, signal, sys
left = int(sys.argv[2])
def dying(change):
    def changed(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*arguments, **named)
    return changed
for name in ("replace", "rename", "unlink"):
    setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))
os.fsync = dying(os.fsync)
from broadsheet.insight import parquet
parquet.MOST_FILES, parquet.BATCH = 2, 2
parquet.store_sealed(pathlib.Path(sys.argv[1]))
"""


def test_killed_before_each_change_to_the_disk_no_event_is_lost_or_doubled(tmp_path: Path) -> None:
    """Five runs' worth of segments over a month's turn; run n dies before its n-th change, and a later run finishes."""
    killed = 0
    for dies_at in range(1, 100):
        folder = tmp_path / str(dies_at)
        articles = segments(folder, number=7, events=6)
        child = subprocess.run([sys.executable, "-c", CHILD, folder, str(dies_at)], check=False)
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL
        killed += 1
        assert views_by_article(folder, ALWAYS) == Counter(articles), f"between, after {dies_at - 1} changes"
        store_sealed(folder)
        assert sorted(row["article"] for row in rows(folder)) == articles
        assert views_by_article(folder, ALWAYS) == Counter(articles)
        assert not list(folder.glob("*.sealed"))
        assert not list(folder.glob("parquet/*/*.draft"))
    assert killed > 20


def test_killed_at_random_times_no_event_is_lost_or_doubled(tmp_path: Path) -> None:
    articles = segments(tmp_path, number=60, events=400)
    chance = random.Random(4)
    for _ in range(6):
        child = subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, "0"], stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 0.6))
        child.kill()
        child.wait()
    store_sealed(tmp_path)
    assert sorted(row["article"] for row in rows(tmp_path)) == articles


def test_counts_leave_out_walls_machines_and_what_the_browser_had(tmp_path: Path) -> None:
    log = ReadingLog(tmp_path, b"k" * 32)
    for verdict, flags in [
        ("a", Flag.NEW),
        ("r", Flag.AGAIN),
        ("w", Flag(0)),
        ("x", Flag(0)),
        ("a", Flag.CRAWLER),
        ("a", Flag.REVALIDATED | Flag.AGAIN),
    ]:
        write(log, 5, TURN, verdict, flags)
    before = views_by_article(tmp_path, ALWAYS)
    log.close()
    store_sealed(tmp_path)
    assert before == views_by_article(tmp_path, ALWAYS) == {5: 2}


@pytest.mark.parametrize("is_stored", [False, True])
def test_counts_keep_to_their_span(tmp_path: Path, is_stored: bool) -> None:
    log = ReadingLog(tmp_path, b"k" * 32)
    for hour in range(-30, 30):
        write(log, 1 if hour < 0 else 2, TURN + timedelta(hours=hour))
    log.close()
    if is_stored:
        store_sealed(tmp_path)
    assert views_by_article(tmp_path, Span(TURN - timedelta(hours=10), TURN)) == {1: 10}
    assert views_by_article(tmp_path, Span(TURN, TURN + timedelta(hours=10))) == {2: 10}
    assert views_by_article(tmp_path, Span(TURN - timedelta(hours=5), TURN + timedelta(hours=5))) == {1: 5, 2: 5}


def test_the_command_stores_the_log_of_the_data_folder(tmp_path: Path) -> None:
    articles = segments(tmp_path / "log", number=2, events=5)
    environment = {"BROADSHEET_DATA": str(tmp_path), "SECRET_KEY": "k" * 40}
    subprocess.run([sys.executable, "-m", parquet.__name__], env=environment, check=True)
    assert sorted(row["article"] for row in rows(tmp_path / "log")) == articles
