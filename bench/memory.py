"""Memory of the whole server, idle and under load, and how long it takes to start."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench import publication as house
from bench import report
from bench.processes import pss_mb, wait_until_quiet
from bench.readers import visit
from tests.server import Server

SECONDS, SOAK_SECONDS = 6.0, 60.0
STARTS = 3
AIM_MB = 350.0


def run(soak: bool) -> bool:
    first_start = float((house.first_edition() / "seconds").read_text())
    with house.publication() as server:
        house.set_meter()
        paths = house.metered_paths()
        house.warm(server, paths)
        idle = {name: pss_mb(pids) for name, pids in server.children().items()}
        whole_idle, loaded = pss_mb(server.pids()), _under_load(server, paths, SOAK_SECONDS if soak else SECONDS)
        starts = [_restart(server) for _ in range(STARTS)]
        wait_until_quiet(server.pids()[0])
        fresh = pss_mb(server.pids())
    parts = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in idle.items())
    return report.write(
        "memory",
        soak,
        "Memory and start",
        f"""
One gate worker, the demo edition, all its {len(paths)} articles stored. Proportional set size of all processes; the stores'
memory maps are left out, as they are file cache. Under load: 64 readers at a time.
""",
        [
            report.Figure("just started, idle", f"{fresh:.0f} MB"),
            report.Figure("idle, after every page was made once", f"{whole_idle:.0f} MB ({parts})"),
            report.Figure("under load, at most", f"**{loaded:.0f} MB**", f"aim {AIM_MB:.0f} MB", loaded <= AIM_MB),
            report.Figure("first start: database, demo edition, everything", f"{first_start:.0f} s"),
            report.Figure("later starts, until ready", f"{sorted(starts)[len(starts) // 2]:.1f} s"),
        ],
    )


def _under_load(server: Server, paths: list[str], seconds: float) -> float:
    """The most that was seen."""
    most = 0.0
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        load = elsewhere.submit(visit, server.url, paths, seconds)
        while not load.done():
            most = max(most, pss_mb(server.pids()))
            time.sleep(0.5)
        load.result()
    return most


def _restart(server: Server) -> float:
    server.stop()
    began = time.monotonic()
    server.start()
    return time.monotonic() - began
