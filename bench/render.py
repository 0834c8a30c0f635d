"""What the first reader of an article costs: describing it and rendering it, by the site."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench import publication as house
from bench import report
from bench.processes import cpu_us
from tests.client import Client
from tests.server import Server, family

ROUNDS, SOAK_ROUNDS = 5, 20
MOST_PATHS = 100
LIMIT_MS = 12.0


def run(soak: bool) -> bool:
    with house.publication() as server:
        paths = house.metered_paths()[:MOST_PATHS]
        house.warm(server, paths)
        rounds = [_round(server, paths) for _ in range(SOAK_ROUNDS if soak else ROUNDS)]
        memory_only = _round(server, paths, purge=False)
    return report.write(
        "render",
        "First render of an article",
        f"""
All stored pages are thrown away, then {len(paths)} articles are asked for, one after the other, by readers without a cookie:
each is described and rendered by the site, compressed and stored. CPU time of the site's processes, median of
{len(rounds)} rounds. The same requests again, from the store, cost the site nothing.
""",
        [
            report.Figure(
                "CPU of the site per article",
                f"**{statistics.median(rounds):.1f} ms** ({min(rounds):.1f}–{max(rounds):.1f})",
                f"at most {LIMIT_MS:.0f} ms",
                statistics.median(rounds) <= LIMIT_MS,
            ),
            report.Figure("the same from the store", f"{memory_only:.2f} ms"),
        ],
    )


def _round(server: Server, paths: list[str], *, purge: bool = True) -> float:
    """CPU milliseconds of the site per article."""
    from broadsheet.newsroom.purge import page_store

    if purge:
        page_store().purge_all()
    before = cpu_us(site_processes(server.data))
    for path in paths:
        if Client(server.url).get(path, follow=False).status != 200:
            raise RuntimeError(f"{path} does not answer")
    return (cpu_us(site_processes(server.data)) - before) / len(paths) / 1000


def site_processes(data: Path) -> list[int]:
    return family(int((data / "run" / "site.pid").read_text()))
