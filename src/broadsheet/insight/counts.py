"""How often each article was read, from the reading log: what is in Parquet, and what is not yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from broadsheet.gate.log import Event, Flag, open_segments, read_segment, sealed_segments
from broadsheet.gate.pages import VerdictClass
from broadsheet.insight.parquet import Stored, months, name_of, stored

WALLED = [verdict.value for verdict in VerdictClass if not verdict.is_open]
TRIES = 5


@dataclass(frozen=True)
class Span:
    """`opens <= t < closes`, both aware."""

    opens: datetime
    closes: datetime


def views_by_article(folder: Path, span: Span) -> Counter[int]:
    """How often each article was sent whole to a person: no wall, no search engine, no copy the browser had.

    `folder` is the `log/` of a data folder.
    """
    for _ in range(TRIES - 1):
        try:
            return _views(folder, span)
        except FileNotFoundError:
            pass  # sealed, stored or merged while we were looking: it is elsewhere now
    return _views(folder, span)


def _views(folder: Path, span: Span) -> Counter[int]:
    # Segments first, files second: what is stored meanwhile is then seen twice, never missed, and the files say so.
    segments = [*open_segments(folder), *sealed_segments(folder)]
    events = {name_of(segment): list(read_segment(segment)) for segment in segments}
    files = {month: stored(folder / "parquet", month) for month in _months_within(folder / "parquet", span)}
    views: Counter[int] = Counter()
    for name, seen in events.items():
        held_in = {month for month, those in files.items() if any(name in one.segments for one in those)}
        views.update(_from_segment(seen, span, held_in))
    for one in (one for those in files.values() for one in those):
        views.update(_from_parquet(one, span))
    return views


def _months_within(parquet: Path, span: Span) -> list[str]:
    first, last = (moment.astimezone(UTC).strftime("%Y-%m") for moment in (span.opens, span.closes))
    return [month for month in months(parquet) if first <= month <= last]


def _from_segment(events: Iterable[Event], span: Span, held_in: set[str]) -> Iterable[int]:
    """`held_in`: months whose events of this segment are in a file already."""
    opens_ms, closes_ms = (moment.timestamp() * 1000 for moment in (span.opens, span.closes))
    for event in events:
        unseen = event.flags & (Flag.CRAWLER | Flag.REVALIDATED) or event.verdict in WALLED
        if opens_ms <= event.at_ms < closes_ms and not unseen and not (held_in and _month_of(event) in held_in):
            yield event.article


def _month_of(event: Event) -> str:
    return datetime.fromtimestamp(event.at_ms / 1000, UTC).strftime("%Y-%m")


def _from_parquet(one: Stored, span: Span) -> dict[int, int]:
    table = pq.read_table(
        one.file,
        columns=["article"],
        filters=(pc.field("at") >= span.opens)
        & (pc.field("at") < span.closes)
        & ~pc.field("crawler")
        & ~pc.field("revalidated")
        & ~pc.field("verdict").cast("string").isin(WALLED),
    )
    grouped = table.group_by("article").aggregate([([], "count_all")])
    return dict(zip(grouped["article"].to_pylist(), grouped["count_all"].to_pylist(), strict=True))
