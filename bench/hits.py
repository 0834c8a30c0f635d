"""Article hits with the full logic, against nginx serving the same bytes: one core for the server, one for the readers."""

from __future__ import annotations

import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import publication as house
from bench import report
from bench.nginx import Nginx
from bench.processes import cpu_us, pss_mb
from bench.readers import AT_A_TIME, FOLDERS, VIEWS, Visit, visit
from tests.client import Client
from tests.server import Server

PAIRS, SOAK_PAIRS = 7, 25
SECONDS, SOAK_SECONDS = 3.0, 10.0
MOST_PATHS = 200
LIMIT, AIM = 0.40, 0.60


@dataclass(frozen=True)
class Counters:
    """What the server wrote down: entries and articles of the ledger; events, notices and walls of the reading log."""

    entries: int
    counted: int
    events: int
    notices: int
    walls: int

    def __sub__(self, other: Counters) -> Counters:
        return Counters(*(mine - theirs for mine, theirs in zip(self.values, other.values, strict=True)))

    @property
    def values(self) -> tuple[int, ...]:
        return (self.entries, self.counted, self.events, self.notices, self.walls)


def run(soak: bool) -> bool:
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("Two cores are needed: one for the server, one for the readers.")
    with house.publication(core=0) as server, tempfile.TemporaryDirectory() as folder:
        house.set_meter()
        paths = house.metered_paths()[:MOST_PATHS]
        pages = house.warm(server, paths)
        with house.on_core(0):
            nginx = Nginx(Path(folder), pages, Client(server.url, encodings="gzip").get(paths[0]).headers)
        try:
            with house.on_core(1):
                return _measure(server, nginx, paths, soak)
        finally:
            nginx.stop()


def _measure(server: Server, nginx: Nginx, paths: list[str], soak: bool) -> bool:
    seconds = SOAK_SECONDS if soak else SECONDS
    visit(server.url, paths, 1)
    visit(nginx.url, paths, 1, plain_files=True)
    pids, before = server.pids(), counters(server)
    cpu_before = {name: cpu_us(members) for name, members in server.children().items()}
    gate_us, nginx_us, gate_rates, nginx_rates = [], [], [], []
    visits: list[Visit] = []
    for pair in range(SOAK_PAIRS if soak else PAIRS):
        for which in ("gate", "nginx") if pair % 2 == 0 else ("nginx", "gate"):
            if which == "gate":
                started = cpu_us(pids)
                seen = visit(server.url, paths, seconds, start_at=sum(past.readers for past in visits))
                gate_us.append((cpu_us(pids) - started) / seen.views)
                gate_rates.append(seen.rate)
                visits.append(seen)
            else:
                started = cpu_us(nginx.pids())
                plain = visit(nginx.url, paths, seconds, plain_files=True)
                nginx_us.append((cpu_us(nginx.pids()) - started) / plain.views)
                nginx_rates.append(plain.rate)
    views = sum(seen.views for seen in visits)
    shares = {name: (cpu_us(pids) - cpu_before[name]) / views for name, pids in server.children().items()}
    memory = pss_mb(server.pids())
    faults = _faults(visits, counters(server) - before, server.pids() == pids)
    return _report(soak, visits, gate_us, nginx_us, gate_rates, nginx_rates, shares, memory, faults)


def counters(server: Server) -> Counters:
    """Read from the stores themselves. Events are in memory that is mapped: they are there when their answer is sent."""
    from broadsheet.gate.ledger import HEADER, ROW_BYTES, open_ledger
    from broadsheet.gate.log import Flag, open_segments, read_segment, sealed_segments
    from broadsheet.gate.pages import VerdictClass

    ledger = open_ledger()
    with ledger.environment.begin(ledger.reads_db) as txn, txn.cursor() as cursor:
        sizes = [len(value) for value in cursor.iternext(keys=False)]
    log = server.data / "log"
    events = notices = walls = 0
    for segment in [*sealed_segments(log), *open_segments(log)]:
        for event in read_segment(segment):
            events += 1
            notices += bool(event.flags & Flag.NOTICE)
            walls += event.verdict == VerdictClass.WALLED_ANONYMOUS
    counted = sum((size - HEADER.size) // ROW_BYTES for size in sizes)
    return Counters(len(sizes), counted, events, notices, walls)


def _faults(visits: list[Visit], written: Counters, same_processes: bool) -> list[str]:
    """Where what the server wrote differs from what its readers' jars and pages held."""
    readers = sum(seen.readers for seen in visits)
    pairs = {
        "answers other than 200": (sum(seen.refused for seen in visits), 0),
        "readers given a cookie": (sum(seen.cookies for seen in visits), readers),
        "ledger entries": (written.entries, readers),
        "articles counted": (written.counted, readers * house.ALLOWANCE),
        "events in the reading log": (written.events, sum(seen.views for seen in visits)),
        "notices in the log": (written.notices, sum(seen.notices for seen in visits)),
        "notices a reader": (sum(seen.notices for seen in visits), readers * FOLDERS.count("noticed")),
        "walls in the log": (written.walls, sum(seen.walls for seen in visits)),
        "walls a reader": (sum(seen.walls for seen in visits), readers * FOLDERS.count("walled")),
    }
    faults = [f"{name}: {has:,}, not {wanted:,}" for name, (has, wanted) in pairs.items() if has != wanted]
    if not same_processes:
        faults.append("a process of the server ended meanwhile")
    return faults


def _report(
    soak: bool,
    visits: list[Visit],
    gate_us: list[float],
    nginx_us: list[float],
    gate_rates: list[float],
    nginx_rates: list[float],
    shares: dict[str, float],
    memory: float,
    faults: list[str],
) -> bool:
    by_cpu = statistics.median(theirs / ours for ours, theirs in zip(gate_us, nginx_us, strict=True))
    by_rate = statistics.median(ours / theirs for ours, theirs in zip(gate_rates, nginx_rates, strict=True))
    median = statistics.median
    views = sum(seen.views for seen in visits)
    figures = [
        report.Figure("CPU per view, gate (all processes of the server)", f"{median(gate_us):.1f} µs"),
        report.Figure(
            "of which, over the whole run", ", ".join(f"{name} {cost:.1f} µs" for name, cost in shares.items())
        ),
        report.Figure("CPU per view, nginx", f"{median(nginx_us):.1f} µs"),
        report.Figure(
            "nginx's CPU ÷ the gate's, median of pairs",
            f"**{by_cpu:.2f}** ({min(t / o for o, t in zip(gate_us, nginx_us, strict=True)):.2f}"
            f"–{max(t / o for o, t in zip(gate_us, nginx_us, strict=True)):.2f})",
            f"at least {LIMIT:.2f}, aim {AIM:.2f}",
            by_cpu >= LIMIT,
        ),
        report.Figure("views per second, gate", f"{median(gate_rates):,.0f}"),
        report.Figure("views per second, nginx", f"{median(nginx_rates):,.0f}"),
        report.Figure("rate, gate ÷ nginx, median of pairs", f"{by_rate:.2f}"),
        report.Figure("gate, p50 / p99 of a view", f"{_ms(visits, 0.5):.2f} / {_ms(visits, 0.99):.2f} ms"),
        report.Figure("memory of the whole server just after (PSS)", f"{memory:.0f} MB"),
        report.Figure(
            "counters that differ from what readers received",
            "; ".join(faults) or f"none, of {views:,} views by {sum(seen.readers for seen in visits):,} readers",
            "none",
            not faults,
        ),
    ]
    return report.write(
        "hits",
        soak,
        "Article hits against nginx",
        f"""
Server on one core, readers on another; {len(gate_us)} interleaved pairs of {visits[0].seconds:.0f} s. {AT_A_TIME} readers at a
time, each with a cookie jar of their own, open {VIEWS} pages: six articles, two of them twice. The meter gives five articles
and shows its notice from the third, so that each reader meets every rung; ledger and reading log are on. nginx (one
worker, `gzip_static`, no log) sends the same compressed bytes, under the same
headers, for the same requests. Ledger entries, articles counted,
events, notices and walls of the server must equal what the readers' jars and pages held.
""",
        figures,
    )


def _ms(visits: list[Visit], share: float) -> float:
    return statistics.median(seen.percentile_ms(share) for seen in visits)
