"""What is asked of the reading log, and what it answers: values only, so that whoever asks needs no pyarrow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Span:
    """`opens <= t < closes`, both aware."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Tally:
    """Of one story, or of several together.

    `reads`: sent whole to a person. `readers`: different ones among them, of those who can be told apart, in each month
    anew. `strangers`: reads by people who cannot be told apart, as they carry no cookie. `notices`: reads with the notice.
    `walls`: the wall was shown instead.
    """

    reads: int = 0
    readers: int = 0
    strangers: int = 0
    notices: int = 0
    walls: int = 0


@dataclass(frozen=True)
class Question:
    """Moments in ISO 8601; `groups` as for `counts.tallies`, or none."""

    opens: str
    closes: str
    groups: dict[str, int] | None = None


def span_of(first: date, last: date, zone: ZoneInfo) -> Span:
    """From the beginning of one day to the end of another, where the publication is."""
    opens, closes = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return Span(opens.astimezone(UTC), closes.astimezone(UTC))


def as_json(answer: Mapping[int, Tally]) -> str:
    return json.dumps({article: asdict(one) for article, one in answer.items()})


def from_json(text: str | bytes) -> dict[int, Tally]:
    return {int(article): Tally(**one) for article, one in json.loads(text).items()}
