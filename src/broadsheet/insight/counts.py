"""How often each article was read, from the reading log: what is in Parquet, and what is not yet. No Django, no database.

As a program it answers what the admin asks, so that pyarrow's memory is given back: `python -m broadsheet.insight.counts`
reads a question as JSON from its input and writes the answer to its output; see `Question`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from broadsheet.config import config
from broadsheet.gate.log import open_segments, read_segment, sealed_segments
from broadsheet.gate.pages import VerdictClass
from broadsheet.insight.parquet import SCHEMA, Stored, months, name_of, stored, table_of
from broadsheet.insight.tally import Question, Span, Tally, as_json

WALLED = [verdict.value for verdict in VerdictClass if not verdict.is_open]
TRIES = 5
NOBODY = pa.scalar(0, pa.uint64())  # compared with a plain 0, large hashes would not fit
COLUMNS = ["at", "article", "reader", "verdict", "notice"]


def tallies(folder: Path, span: Span, groups: Mapping[int, int] | None = None) -> dict[int, Tally]:
    """By article; with `groups` (article → section, say) by group, where a reader of two stories of a group is one.

    Of reads: whole pages sent to people; no wall, no search engine, no copy the browser had. `folder` is the `log/` of a
    data folder.
    """
    for _ in range(TRIES - 1):
        try:
            return _tallied(_views(folder, span), groups)
        except FileNotFoundError:
            pass  # sealed, stored or merged while we were looking: it is elsewhere now
    return _tallied(_views(folder, span), groups)


# ── what people were sent


def _views(folder: Path, span: Span) -> pa.Table:
    # Segments first, files second: what is stored meanwhile is then seen twice, never missed, and the files say so.
    segments = [*open_segments(folder), *sealed_segments(folder)]
    parts = {name_of(segment): _of_segment(segment, span) for segment in segments}
    files = {month: stored(folder / "parquet", month) for month in _months_within(folder / "parquet", span)}
    found = [_not_held(name, part, files) for name, part in parts.items() if part.num_rows]
    found += [_of_file(one, span) for those in files.values() for one in those]
    empty = SCHEMA.empty_table().select(COLUMNS)
    return pa.concat_tables([_plain(part) for part in [empty, *found]])


def _months_within(parquet: Path, span: Span) -> list[str]:
    first, last = (moment.astimezone(UTC).strftime("%Y-%m") for moment in (span.opens, span.closes))
    return [month for month in months(parquet) if first <= month <= last]


def _of_segment(segment: Path, span: Span) -> pa.Table:
    opens_ms, closes_ms = (moment.timestamp() * 1000 for moment in (span.opens, span.closes))
    table = table_of([event for event in read_segment(segment) if opens_ms <= event.at_ms < closes_ms])
    return table.filter(~pc.field("crawler") & ~pc.field("revalidated")).select(COLUMNS)


def _not_held(name: str, part: pa.Table, files: Mapping[str, Sequence[Stored]]) -> pa.Table:
    """Without the months whose events of this segment are in a file already."""
    held = [month for month, those in files.items() if any(name in one.segments for one in those)]
    if not held:
        return part
    return part.filter(pc.invert(pc.is_in(pc.strftime(part["at"], "%Y-%m"), value_set=pa.array(held))))


def _of_file(one: Stored, span: Span) -> pa.Table:
    return pq.read_table(
        one.file,
        columns=COLUMNS,
        filters=(pc.field("at") >= span.opens)
        & (pc.field("at") < span.closes)
        & ~pc.field("crawler")
        & ~pc.field("revalidated"),
    )


def _plain(part: pa.Table) -> pa.Table:
    """Dictionaries differ from file to file; the words themselves do not."""
    return part.set_column(part.schema.get_field_index("verdict"), "verdict", part["verdict"].cast(pa.string()))


# ── counted


def _tallied(views: pa.Table, groups: Mapping[int, int] | None) -> dict[int, Tally]:
    if groups is not None:
        views = _grouped(views, groups)
    walled = pc.is_in(views["verdict"], value_set=pa.array(WALLED))
    reads, walls = views.filter(pc.invert(walled)), views.filter(walled)
    known = reads.filter(pc.not_equal(reads["reader"], NOBODY))
    counted = {
        "reads": _count(reads),
        "readers": _count(known.select(["article", "reader"]).group_by(["article", "reader"]).aggregate([])),
        "strangers": _count(reads.filter(pc.equal(reads["reader"], NOBODY))),
        "notices": _count(reads.filter(reads["notice"])),
        "walls": _count(walls),
    }
    articles = {article for those in counted.values() for article in those}
    return {article: Tally(**{name: those.get(article, 0) for name, those in counted.items()}) for article in articles}


def _grouped(views: pa.Table, groups: Mapping[int, int]) -> pa.Table:
    """What belongs to no group is in group 0."""
    which = pc.index_in(views["article"], value_set=pa.array(groups.keys(), pa.uint32()))
    group = pc.fill_null(pc.take(pa.array(groups.values(), pa.uint32()), which), 0)
    return views.set_column(views.schema.get_field_index("article"), "article", group)


def _count(views: pa.Table) -> dict[int, int]:
    grouped = views.group_by("article").aggregate([([], "count_all")])
    return dict(zip(grouped["article"].to_pylist(), grouped["count_all"].to_pylist(), strict=True))


# ── as a program


def answered(question: Question, folder: Path) -> dict[int, Tally]:
    span = Span(datetime.fromisoformat(question.opens), datetime.fromisoformat(question.closes))
    groups = question.groups
    return tallies(folder, span, None if groups is None else {int(article): group for article, group in groups.items()})


def main(lines: Iterable[str]) -> Iterator[str]:
    yield as_json(answered(Question(**json.loads("".join(lines))), config().log))


if __name__ == "__main__":
    sys.stdout.writelines(main(sys.stdin))
