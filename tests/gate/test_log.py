import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from broadsheet.core.meter import Reason
from broadsheet.gate import log
from broadsheet.gate.log import REASON_CODES, Flag, ReadingLog, read_segment, seal_abandoned, sealed_segments

WITHIN = REASON_CODES[Reason.WITHIN]


def write(reading_log: ReadingLog, article: int) -> None:
    reading_log.write(1_570_000_000_000 + article, article, 99, ord("a"), WITHIN, 3, Flag.NEW | Flag.NOTICE)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    reading_log = ReadingLog(tmp_path, bytes(32))
    for article in (1, 2, 3):
        write(reading_log, article)
    reading_log.close()
    (segment,) = sealed_segments(tmp_path)
    events = list(read_segment(segment))
    assert [event.article for event in events] == [1, 2, 3]
    event = events[-1]
    assert (event.at_ms, event.reader, event.verdict, event.reason, event.count, event.flags) == (
        1_570_000_000_003, 99, "a", Reason.WITHIN, 3, Flag.NEW | Flag.NOTICE,
    )  # fmt: skip


def test_a_full_segment_is_sealed_and_the_next_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEGMENT_RECORDS", 10)
    reading_log = ReadingLog(tmp_path, bytes(32))
    for article in range(25):
        write(reading_log, article)
    assert [len(list(read_segment(file))) for file in sealed_segments(tmp_path)] == [10, 10]
    reading_log.close()
    assert sum(len(list(read_segment(file))) for file in sealed_segments(tmp_path)) == 25


def test_readers_are_told_apart_within_a_month_and_not_beyond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading_log = ReadingLog(tmp_path, bytes(32))
    monkeypatch.setattr("broadsheet.clock.offset_s", 0)
    reading_log.tick()
    one = reading_log.reader_hash(b"r" * 13)
    assert one == reading_log.reader_hash(b"r" * 13) != reading_log.reader_hash(b"s" * 13)
    monkeypatch.setattr("broadsheet.clock.offset_s", 32 * 86400)
    reading_log.tick()
    assert reading_log.reader_hash(b"r" * 13) != one


WRITER = """
import sys
from pathlib import Path
from broadsheet.gate.log import ReadingLog
log = ReadingLog(Path(sys.argv[1]), bytes(32))
article = 0
while True:
    article += 1
    log.write(article, article, 1, ord("a"), 0, 0, 0)
    if article % 1000 == 0:
        sys.stdout.write(f"{article}\\n"); sys.stdout.flush()
"""


def test_a_killed_writer_loses_nothing_and_its_segment_is_sealed(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(30):
        acknowledged = int(writer.stdout.readline())
    assert seal_abandoned(tmp_path) == [], "it still writes"
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    seal_abandoned(tmp_path)
    articles = [event.article for file in sealed_segments(tmp_path) for event in read_segment(file)]
    assert articles == list(range(1, len(articles) + 1))
    assert len(articles) >= acknowledged


def test_without_room_views_go_unlogged_and_nobody_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    reading_log = ReadingLog(tmp_path, bytes(32))
    write(reading_log, 1)
    monkeypatch.undo()
    write(reading_log, 2)
    assert list(tmp_path.iterdir()) == [], "tried again only after a while"
    monkeypatch.setattr(time, "monotonic", lambda: float("inf"))
    write(reading_log, 3)
    assert len(list(tmp_path.iterdir())) == 1
