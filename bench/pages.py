"""Article hits with few and with very many stored pages."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from bench import publication as house
from bench import report
from bench.processes import cpu_us, pss_mb
from bench.readers import visit
from tests.server import Server, end_with_parent, family

FEW, MANY = 1_000, 100_000
PAIRS, SOAK_PAIRS = 5, 15
SECONDS, SOAK_SECONDS = 3.0, 10.0
WARMING_S = 12.0
SLOWER_BY = 0.15
PAGE_BYTES = 12_000
SINCE = datetime(2015, 1, 1, tzinfo=UTC)  # an article an hour


@dataclass(frozen=True)
class Gate:
    """A gate without a site: what it has in its store is all it can answer."""

    url: str
    pids: list[int]


def run(soak: bool) -> bool:
    with (
        tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as folder,
        house.on_core(0),
        _gate(Path(folder) / "few", FEW) as few,
        _gate(Path(folder) / "many", MANY) as many,
        house.on_core(1),
    ):
        return _measure(few, many, soak)


def _measure(few: Gate, many: Gate, soak: bool) -> bool:
    seconds = SOAK_SECONDS if soak else SECONDS
    spreads = {"evenly": _evenly, "by rank": _by_rank}
    figures = []
    for name, spread in spreads.items():
        costs: dict[int, list[float]] = {FEW: [], MANY: []}
        rates: dict[int, list[float]] = {FEW: [], MANY: []}
        addresses = {FEW: spread(FEW), MANY: spread(MANY)}
        for gate, number in ((few, FEW), (many, MANY)):
            visit(gate.url, addresses[number], 1.0 if number == FEW else WARMING_S)
        for pair in range(SOAK_PAIRS if soak else PAIRS):
            for gate, number in ((few, FEW), (many, MANY)) if pair % 2 == 0 else ((many, MANY), (few, FEW)):
                before = cpu_us(gate.pids)
                seen = visit(gate.url, addresses[number], seconds, start_at=pair * 1_000_003)
                if seen.refused:
                    raise RuntimeError(f"{seen.refused} answers other than 200")
                costs[number].append((cpu_us(gate.pids) - before) / seen.views)
                rates[number].append(seen.rate)
        slower = statistics.median(m / f for f, m in zip(costs[FEW], costs[MANY], strict=True)) - 1
        figures += [
            report.Figure(
                f"CPU per view, articles chosen {name}: {FEW:,} pages", f"{statistics.median(costs[FEW]):.1f} µs"
            ),
            report.Figure(f"the same, {MANY:,} pages", f"{statistics.median(costs[MANY]):.1f} µs"),
            report.Figure(
                f"more CPU with {MANY:,} pages, median of pairs",
                f"**{slower:+.0%}**",
                f"at most {SLOWER_BY:+.0%}",
                slower <= SLOWER_BY,
            ),
            report.Figure(
                "views per second, few / many",
                f"{statistics.median(rates[FEW]):,.0f} / {statistics.median(rates[MANY]):,.0f}",
            ),
        ]
    figures.append(
        report.Figure("memory of the gate, few / many (PSS)", f"{pss_mb(few.pids):.0f} / {pss_mb(many.pids):.0f} MB")
    )
    return report.write(
        "pages",
        soak,
        "Few and many stored pages",
        f"""
Two gates on one core, readers on another, {PAIRS if not soak else SOAK_PAIRS} interleaved pairs, after a round that warms both.
Articles are chosen evenly, so that with {MANY:,} pages hardly any is asked for twice in a minute; and by rank, as readers do:
the second is read half as often as the first, the tenth a tenth. Pages of {PAGE_BYTES / 1000:.0f} KB before compression.
""",
        figures,
    )


def _evenly(number: int) -> list[str]:
    return [_address(page) for page in range(number)]


def _by_rank(number: int) -> list[str]:
    """What is read, in the order it is read, if reading falls off as one over the rank (Zipf)."""
    chance = random.Random(1)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, number + 1)))
    return [_address(page) for page in chance.choices(range(number), cum_weights=weights, k=200_003)]


def _address(page: int) -> str:
    return f"/news/story-{page}/"


@contextmanager
def _gate(data: Path, number: int) -> Iterator[Gate]:
    server = Server(data, {"BROADSHEET_WORKERS": "1"})
    data.mkdir()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=_anywhere) as writers:
        batch = -(-number // (os.cpu_count() or 1))
        jobs = [
            writers.submit(_fill, server.environment(), range(start, min(start + batch, number)))
            for start in range(0, number, batch)
        ]
        commands = [job.result() for job in jobs]  # all alike, and all must have done their share
    process = subprocess.Popen(
        commands[0], env=server.environment(), start_new_session=True, preexec_fn=end_with_parent
    )
    try:
        while server.answers("/healthz") != 200:
            if process.poll() is not None:
                raise RuntimeError("the gate does not start")
            time.sleep(0.05)
        yield Gate(server.url, family(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def _anywhere() -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def _fill(environment: dict[str, str], pages: Sequence[int]) -> list[str]:
    """In a process of its own: store the pages, put a meter in force; how to start the gate on them."""
    os.environ.update(environment)
    from broadsheet.config import config
    from broadsheet.core.meter import Article, Policy
    from broadsheet.gate.ledger import open_ledger
    from broadsheet.gate.pages import Description, Kind, open_pages
    from broadsheet.gate.policy import PolicySnapshot
    from broadsheet.release import release
    from broadsheet.site.serve import gate_command

    policy = replace(Policy(), strangers_a_day=2_000_000_000)
    notice = '<aside class="notice">You have read {count} articles this month.</aside>'
    open_ledger().publish_policy(PolicySnapshot(policy, notice, "The Broadsheet"))
    store, html, chance = open_pages(), _page(), random.Random(3)
    for page in pages:
        path, tags = _address(page), [f"article:{page + 1}"]
        topics = frozenset(chance.sample(range(1, 400), 3))
        published = SINCE + timedelta(hours=page)
        article = Article(page + 1, 1 + page % 9, topics, words=300 + page % 700, published=published)
        description = Description(Kind("article", release=release()), article)
        store.put_description(path, description, tags=tags, rendered_at=store.generation())
        store.put_page(path, "a", html, tags=tags, rendered_at=store.generation(), release=release())
    return gate_command(config())


def _page() -> bytes:
    chance = random.Random(2)
    words = ["".join(chance.choices("etaoinshrdlucmf", k=chance.randint(2, 9))) for _ in range(900)]
    text = "<!doctype html><html><body>"
    while len(text) < PAGE_BYTES:
        text += f"<p>{' '.join(chance.choices(words, k=60))}</p>"
    return text.encode()
