"""What the newsroom is told of its readers, from the reading log: the report, a story's days, what is read most."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import Reason
from broadsheet.gate.log import REASON_CODES, Flag, ReadingLog
from broadsheet.insight.counts import tallies
from broadsheet.insight.models import StoryDay
from broadsheet.insight.parquet import store_sealed
from broadsheet.insight.refresh import most_read, refresh
from broadsheet.insight.tally import Span, Tally
from broadsheet.newsroom.front import compose
from broadsheet.readers.models import User
from broadsheet.readers.signals import registered
from tests.factories import a_section, an_article, an_editor

REPORT = "/admin/reports/what-was-read/"
LARGE = 2**64 - 5  # hashes use all their bits


@pytest.fixture
def log() -> Iterator[ReadingLog]:
    """Of the data folder, as the gate writes it."""
    cache.clear()
    log = ReadingLog(config().log, b"k" * 32)
    yield log
    log.close()
    for file in [
        *config().log.glob("*.open"),
        *config().log.glob("*.sealed"),
        *config().log.glob("parquet/*/*.parquet"),
    ]:
        file.unlink()


def view(
    log: ReadingLog, article: int, reader: int, verdict: str = "a", flags: Flag = Flag.NEW, at: datetime | None = None
) -> None:
    at_ms = round((at or clock.now() - timedelta(minutes=1)).timestamp() * 1000)
    log.write(at_ms, article, reader, ord(verdict), REASON_CODES[Reason.WITHIN], 1, int(flags))


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_tally_tells_readers_apart_and_knows_notices_and_walls(tmp_path: Path, is_stored: bool) -> None:
    log, now = ReadingLog(tmp_path, b"k" * 32), datetime(2019, 5, 5, 12, tzinfo=UTC)
    for reader, verdict, flags in [
        (LARGE, "a", Flag.NEW | Flag.NOTICE),
        (LARGE, "a", Flag.AGAIN),
        (3, "r", Flag.NEW),
        (0, "a", Flag(0)),
        (3, "x", Flag(0)),
        (9, "a", Flag.CRAWLER),
        (9, "a", Flag.REVALIDATED),
    ]:
        view(log, 5, reader, verdict, flags, now)
    view(log, 6, LARGE, at=now)
    log.close()
    if is_stored:
        store_sealed(tmp_path)
    span = Span(now, now + timedelta(seconds=1))
    five = Tally(reads=4, readers=2, strangers=1, notices=1, walls=1)
    assert tallies(tmp_path, span) == {5: five, 6: Tally(reads=1, readers=1)}
    # Who reads two stories of a section is one reader of it.
    assert tallies(tmp_path, span, {5: 1, 6: 1}) == {1: Tally(reads=5, readers=2, strangers=1, notices=1, walls=1)}
    assert tallies(tmp_path, span, {5: 1}).keys() == {0, 1}


def test_most_read_counts_people_and_fills_up_from_the_week(tmp_path: Path) -> None:
    log, now = ReadingLog(tmp_path, b"k" * 32), datetime(2019, 5, 15, 12, tzinfo=UTC)
    for reader in range(1, 6):
        view(log, 1, reader, at=now - timedelta(hours=1))
        view(log, 3, reader, at=now - timedelta(days=3))
        view(log, 5, reader, at=now - timedelta(days=8))
    for _ in range(4):  # nobody knows who: a free story
        view(log, 2, 0, at=now - timedelta(hours=1))
    for _ in range(50):  # one reader, again and again
        view(log, 4, 77, flags=Flag.AGAIN, at=now - timedelta(hours=1))
    log.close()
    assert most_read(tmp_path, now) == [1, 2, 3]


@pytest.mark.django_db
def test_counting_fills_the_front_page_and_the_days_of_a_story(log: ReadingLog) -> None:
    one, other = an_article(), an_article()
    for reader in range(1, 5):
        view(log, one.pk, reader)
        view(log, other.pk, reader)
    view(log, other.pk, 5)
    refresh(config().log)
    refresh(config().log)  # counted again, not added
    assert [article.pk for article in compose(clock.now()).most_read] == [other.pk, one.pk]
    assert sum(StoryDay.objects.filter(article_id=other.pk).values_list("reads", flat=True)) == 5


@pytest.mark.django_db
def test_the_report_is_sorted_by_section_or_story_and_can_be_taken_along(log: ReadingLog) -> None:
    sea, land = a_section("Sea"), a_section("Land")
    one, other, third = an_article(sea, "=Boats"), an_article(sea, "Gulls"), an_article(land, "Hills")
    for reader in range(1, 4):
        view(log, one.pk, reader, flags=Flag.NEW | Flag.NOTICE)
        view(log, other.pk, reader)
    view(log, other.pk, 9)
    view(log, third.pk, 9, "w", Flag(0))
    view(log, 10**8, 9)
    newsroom = Client(HTTP_HOST="testserver")
    newsroom.force_login(an_editor())

    html = newsroom.get(REPORT).content.decode()
    assert html.index("Gulls") < html.index("=Boats") < html.index("Hills")
    assert "A story that is gone" in html

    rows = list(csv.reader(io.StringIO(newsroom.get(f"{REPORT}?export=csv&order=name").content.decode("utf-8-sig"))))
    assert rows[0] == ["Story", "Section", "Reads", "Readers", "Notices", "Walls", "Registrations"]
    assert ["Gulls", "Sea", "4", "4", "0", "0", "0"] in rows
    assert ["'=Boats", "Sea", "3", "3", "3", "0", "0"] in rows  # no formula
    assert ["Hills", "Land", "0", "0", "0", "1", "0"] in rows

    answer = newsroom.get(f"{REPORT}?by=section&export=csv")
    sections = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["Sea", "7", "4", "3", "0", "0"] in sections


@pytest.mark.django_db
def test_a_registration_is_counted_for_the_story_it_began_on(log: ReadingLog) -> None:
    story = an_article(a_section("Harbour"), "Gulls over the harbour")
    registered.send(sender=User, user=User.objects.create_user("new@example.org"), came_from=story.url)
    registered.send(sender=User, user=User.objects.create_user("newer@example.org"), came_from="/account/")
    newsroom = Client(HTTP_HOST="testserver")
    newsroom.force_login(an_editor())
    exported = newsroom.get(f"{REPORT}?export=csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(exported)))[1:] == [
        ["Gulls over the harbour", "Harbour", "0", "0", "0", "0", "1"]
    ]
    by_section = newsroom.get(f"{REPORT}?by=section&export=csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(by_section)))[1:] == [["Harbour", "0", "0", "0", "0", "1"]]


@pytest.mark.django_db
def test_the_report_says_what_is_wrong_with_a_range_and_when_nothing_was_read(log: ReadingLog) -> None:
    newsroom = Client(HTTP_HOST="testserver")
    newsroom.force_login(an_editor())
    assert (
        "Nothing was read on these days" in newsroom.get(f"{REPORT}?first=2019-01-01&last=2019-01-02").content.decode()
    )
    assert "after the last" in newsroom.get(f"{REPORT}?first=2019-02-01&last=2019-01-02").content.decode()
    assert "a year at a time" in newsroom.get(f"{REPORT}?first=2015-02-01&last=2019-01-02").content.decode()


@pytest.mark.django_db
def test_a_story_and_the_first_screen_have_their_own_numbers(log: ReadingLog) -> None:
    story = an_article(headline="Gulls over the harbour")
    newsroom = Client(HTTP_HOST="testserver")
    newsroom.force_login(an_editor())
    assert "Nothing has been counted yet" in newsroom.get("/admin/").content.decode()
    assert "Nobody has read this story yet" in newsroom.get(f"{REPORT}{story.pk}/").content.decode()
    for reader in range(1, 5):
        view(log, story.pk, reader)
    refresh(config().log)
    assert "Gulls over the harbour" in newsroom.get("/admin/").content.decode()
    assert "Read 4 times" in newsroom.get(f"{REPORT}{story.pk}/").content.decode()
    assert "4 reads" in newsroom.get(f"/admin/pages/{story.pk}/edit/").content.decode()


def test_the_log_is_for_the_newsroom_only(db: None) -> None:
    stranger = Client(HTTP_HOST="testserver")
    assert stranger.get(REPORT).status_code == 302
