"""Every few minutes: count the days that are not over, and tell the newsroom what is read most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import transaction

from broadsheet import clock
from broadsheet.insight.counts import tallies
from broadsheet.insight.models import CountedDay, StoryDay
from broadsheet.insight.parquet import months
from broadsheet.insight.tally import Span, Tally, span_of
from broadsheet.newsroom.acts.most_read import say_most_read
from broadsheet.newsroom.models import Publication

LISTED = 10
WINDOWS = (timedelta(hours=24), timedelta(days=7))  # the second fills what the first leaves open
FEWEST = 3  # people: less is chance
LATE = timedelta(minutes=15)  # a worker of the gate may write a view down a little after midnight
MOST_DAYS = 40  # counted in one run; a long log is caught up in several


def refresh(folder: Path) -> None:
    """`folder`: the `log/` of a data folder."""
    now = clock.now()
    say_most_read(most_read(folder, now))
    count_days(folder, now, Publication.ours().time_zone)


def most_read(folder: Path, now: datetime) -> list[int]:
    """Ids, the most read first: of the last day, and where that is too little, of the last week."""
    listed: list[int] = []
    for window in WINDOWS:
        people = {article: _people(one) for article, one in tallies(folder, Span(now - window, now)).items()}
        enough = [article for article, number in people.items() if number >= FEWEST and article not in listed]
        listed += sorted(enough, key=lambda article: (people[article], article), reverse=True)
        if len(listed) >= LISTED:
            break
    return listed[:LISTED]


def _people(one: Tally) -> int:
    """Different readers, however often each came back. Who carries no cookie counts with each read: they cannot be told
    apart, and without them no free story would ever be on the list."""
    return one.readers + one.strangers


# ── days


def count_days(folder: Path, now: datetime, zone: ZoneInfo) -> None:
    done = {each.day: each.counted_at for each in CountedDay.objects.all()}
    for day in _days_to_count(folder, now.astimezone(zone).date(), done, zone)[:MOST_DAYS]:
        _keep(day, now, tallies(folder, span_of(day, day, zone)))


def _days_to_count(folder: Path, today: date, done: Mapping[date, datetime], zone: ZoneInfo) -> list[date]:
    """Today first, then the past that was not counted after it was over, the newest first."""
    stored = months(folder / "parquet")
    first = date.fromisoformat(f"{stored[0]}-01") if stored else today - timedelta(days=1)
    days = [today - timedelta(days=back) for back in range(max((today - first).days, 0) + 1)]
    return [day for day in days if day == today or day not in done or done[day] < span_of(day, day, zone).closes + LATE]


def _keep(day: date, now: datetime, counted: Mapping[int, Tally]) -> None:
    with transaction.atomic():
        kept, _ = CountedDay.objects.update_or_create(day=day, defaults={"counted_at": now})
        kept.stories.all().delete()
        StoryDay.objects.bulk_create(
            [StoryDay(day=kept, article_id=article, **asdict(one)) for article, one in counted.items()], batch_size=1000
        )
