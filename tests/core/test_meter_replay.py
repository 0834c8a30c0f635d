"""Reading logs of real sites replayed through the meter, against numbers an independent script found.

The logs may not be passed on, so they are not part of the repository: BROADSHEET_SHARED_DATA names the folder that has
them (by default `../shared/data`, beside the repository), and without it these tests are skipped. Expected are how many
views were allowed, how many blocked, and how many readers met the wall at least once.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from broadsheet.core.meter import Article, Ladder, Policy, Read, ReaderClass, Window, WindowKind, decide

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / os.environ.get("BROADSHEET_SHARED_DATA", "../shared/data")

needs_logs = pytest.mark.skipif(
    not (DATA / "readinglog-deskdrop").exists(),
    reason=f"no reading logs in {DATA}; BROADSHEET_SHARED_DATA names the folder that has them",
)

MONTH, WEEK, ROLLING = Window(WindowKind.MONTH), Window(WindowKind.WEEK), Window(WindowKind.ROLLING, 30)


@dataclass(frozen=True)
class View:
    reader: str
    article: Article
    at: datetime
    reader_class: ReaderClass = ReaderClass.ANONYMOUS


@dataclass(frozen=True)
class Replayed:
    allowed: int
    blocked: int
    readers_hit: int


def replay(policy: Policy, views: Iterable[View]) -> Replayed:
    """In the order given, each reader's reads remembered as the ledger remembers them: those that were let through."""
    zone = ZoneInfo(policy.zone)
    remembered: dict[str, list[Read]] = {}
    allowed = blocked = 0
    hit = set()
    for view in views:
        reads = remembered.setdefault(view.reader, [])
        decision = decide(policy, reads, view.article, view.reader_class, view.at)
        if decision.opens:
            allowed += 1
        else:
            blocked += 1
            hit.add(view.reader)
        if decision.counts:
            is_rolling = policy.window.kind is WindowKind.ROLLING
            closes = None if is_rolling else policy.window.span(view.at, zone).closes
            reads[:] = [read for read in reads if read.until is None or view.at < read.until]
            reads.append(Read(view.article.id, view.at, closes))
    return Replayed(allowed, blocked, len(hit))


def deskdrop(reader: str) -> Iterator[View]:
    with gzip.open(DATA / "readinglog-deskdrop" / "users_interactions.csv.gz", "rt", newline="") as log:
        for row in csv.DictReader(log):
            if row["eventType"] == "VIEW":
                at = datetime.fromtimestamp(int(row["timestamp"]), UTC)
                yield View(row[reader], Article(abs(int(row["contentId"]))), at)


def ebnerd(premium: frozenset[int] | None = None) -> Iterator[View]:
    """`premium`: where given, these articles are for subscribers and all others are free."""
    with (DATA / "readinglog-ebnerd" / "reads_feb2023.csv").open(newline="") as log:
        for row in csv.DictReader(log):
            id_ = int(row["article_id"])
            article = Article(id_)
            if premium is not None:
                article = Article(id_, members_only=id_ in premium, always_free=id_ not in premium)
            subscribes = row["is_subscriber"] == "1"
            at = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC)
            yield View(row["user_id"], article, at, ReaderClass.SUBSCRIBER if subscribes else ReaderClass.ANONYMOUS)


def premium() -> frozenset[int]:
    with (DATA / "readinglog-ebnerd" / "articles.csv").open(newline="") as file:
        return frozenset(int(row["article_id"]) for row in csv.DictReader(file) if row["premium"] in ("1", "1.0"))


def metered(allowance: int, window: Window) -> Policy:
    return Policy({ReaderClass.ANONYMOUS: Ladder(allowance)}, window).check()


@needs_logs
@pytest.mark.parametrize(
    ("allowance", "window", "reader", "expected"),
    [
        (3, MONTH, "personId", Replayed(19998, 31864, 742)),
        (5, MONTH, "personId", Replayed(26139, 25723, 509)),
        (10, MONTH, "personId", Replayed(34544, 17318, 255)),
        (3, ROLLING, "personId", Replayed(17864, 33998, 846)),
        (5, ROLLING, "personId", Replayed(23986, 27876, 593)),
        (10, ROLLING, "personId", Replayed(32781, 19081, 304)),
        # A cookie cleared with every session
        (3, MONTH, "sessionId", Replayed(44811, 7051, 1705)),
    ],
)
def test_deskdrop(allowance: int, window: Window, reader: str, expected: Replayed) -> None:
    assert replay(metered(allowance, window), deskdrop(reader)) == expected


@needs_logs
@pytest.mark.parametrize(
    ("allowance", "window", "expected"),
    [
        (5, WEEK, Replayed(3060, 1572, 15)),
        (10, WEEK, Replayed(3251, 1381, 11)),
        (10, MONTH, Replayed(2952, 1680, 15)),
    ],
)
def test_ebnerd_where_subscribers_are_not_counted(allowance: int, window: Window, expected: Replayed) -> None:
    assert replay(metered(allowance, window), ebnerd()) == expected


@needs_logs
def test_ebnerd_behind_a_hard_wall_on_premium_articles() -> None:
    assert replay(Policy(), ebnerd(premium())).blocked == 83
