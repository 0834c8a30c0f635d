"""The month turns in the middle of a reader's visit, at midnight where the publication is."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadsheet import clock
from tests.e2e.conftest import copy_of, count_of, is_open, is_walled, stories_of
from tests.server import Server

ZONE = "Pacific/Auckland"  # eleven hours and more from UTC, so that another midnight cannot be taken for this one
MIDNIGHT = datetime(2027, 3, 1, tzinfo=ZoneInfo(ZONE))
NEEDED_S = 8  # to read ten articles and more before midnight
LONGEST_LEAD_S = 160


class Late:
    """A server whose clock stands shortly before the turn."""

    def __init__(self, server: Server) -> None:
        self.server = server
        # The clock starts when the server's processes do: it handed them this.
        environments = [Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in server.pids()[1:]]
        (self._offset_s,) = {
            float(line.partition(b"=")[2])
            for lines in environments
            for line in lines
            if line.startswith(clock.OFFSET_VARIABLE.encode())
        }

    @property
    def seconds_left(self) -> float:
        return MIDNIGHT.timestamp() - (time.time() + self._offset_s)

    def sleep_past_midnight(self) -> None:
        time.sleep(max(0.0, self.seconds_left) + 0.3)


@pytest.fixture(scope="module")
def late(edition: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Late]:
    """Started again with more time to spare where the machine was too busy to be ready before midnight."""
    lead_s = 15.0
    while True:
        server = at(MIDNIGHT - timedelta(seconds=lead_s), edition, tmp_path_factory.mktemp("late") / "data")
        server.start()
        late = Late(server)
        if late.seconds_left > NEEDED_S:
            break
        server.stop()
        lead_s *= 2
        assert lead_s <= LONGEST_LEAD_S, "the server takes minutes to start"
    yield late
    server.stop()


def at(moment: datetime, edition: Server, data: Path) -> Server:
    server = copy_of(edition, data, {"BROADSHEET_NOW": moment.isoformat(), "BROADSHEET_WORKERS": "2"})
    with closing(sqlite3.connect(data / "broadsheet.sqlite3")) as database, database:
        database.execute("UPDATE newsroom_publication SET zone = ?", [ZONE])
    return server


def test_the_count_begins_again_at_midnight_where_the_publication_is(late: Late) -> None:
    stories = stories_of(late.server)
    reader, newcomer = late.server.client(), late.server.client()
    for story in stories[:10]:
        assert is_open(reader.get(story.path))
    assert is_walled(reader.get(stories[10].path))
    assert "have read 10 articles" in reader.get(stories[0].path).text
    for story in stories[:2]:
        assert is_open(newcomer.get(story.path))
    assert "The count begins again on 1 March 2027." in reader.get("/account/reads/").text
    walled = reader.get(stories[10].path)
    assert late.seconds_left > 0, "all of this was before midnight"

    late.sleep_past_midnight()
    opened = reader.get(stories[10].path, {"If-None-Match": walled.header("ETag") or ""})
    assert is_open(opened), "the wall that stood before midnight has gone"
    assert 'class="notice"' not in opened.text
    assert count_of(reader) == 1
    assert "The count begins again on 1 April 2027." in reader.get("/account/reads/").text
    assert 'class="notice"' not in reader.get(stories[0].path).text, "read in February, and the second in March"
    assert "You have read 3 articles this month." in reader.get(stories[1].path).text
    for story in stories[2:9]:
        assert is_open(reader.get(story.path))
    assert is_walled(reader.get(stories[9].path)), "ten are ten in March too"
    assert 'class="notice"' not in newcomer.get(stories[2].path).text, "two in February are none in March"
    assert count_of(newcomer) == 1
