"""What the first reader of an article costs the site: describing the article and rendering it."""

from __future__ import annotations

import http.client
import socket
import statistics

from bench import publication as house
from bench import report
from bench.processes import cpu_us
from tests.client import Client
from tests.server import Server

ROUNDS, SOAK_ROUNDS = 5, 20
MOST_PATHS = 100
LIMIT_MS = 12.0
STEPS = {"describing it": "describe", "rendering it": "a"}  # what the gate asks for, in this order


def run(soak: bool) -> bool:
    with house.publication() as server:
        paths = house.metered_paths()[:MOST_PATHS]
        house.warm(server, paths)
        rounds = [_round(server, paths) for _ in range(SOAK_ROUNDS if soak else ROUNDS)]
        throw_pages_away()
        before = cpu_us(server.children()["site"])
        for path in paths:
            if Client(server.url).get(path, follow=False).status != 200:
                raise RuntimeError(f"{path} does not answer")
        whole = (cpu_us(server.children()["site"]) - before) / len(paths) / 1000
    each = {step: statistics.median(taken[step] for taken in rounds) for step in STEPS}
    return report.write(
        "render",
        soak,
        "First render of an article",
        f"""
All stored pages are thrown away; then the site is asked, as the gate asks, to describe {len(paths)} articles, then to render
them, compress and store included. CPU time of the site's processes per article, median of {len(rounds)} rounds.
""",
        [
            report.Figure("describing it", f"{each['describing it']:.1f} ms"),
            report.Figure(
                "rendering it",
                f"**{each['rendering it']:.1f} ms**",
                f"at most {LIMIT_MS:.0f} ms",
                each["rendering it"] <= LIMIT_MS,
            ),
            report.Figure("both, asked through the gate by a reader", f"{whole:.1f} ms"),
        ],
    )


def _round(server: Server, paths: list[str]) -> dict[str, float]:
    """CPU milliseconds of the site per article, by step."""
    throw_pages_away()
    taken = {}
    for step, asked in STEPS.items():
        before = cpu_us(server.children()["site"])
        for path in paths:
            ask(server, path, asked)
        taken[step] = (cpu_us(server.children()["site"]) - before) / len(paths) / 1000
    return taken


def throw_pages_away() -> None:
    from broadsheet.newsroom.purge import page_store

    page_store().purge_all()


def ask(server: Server, path: str, asked: str) -> None:
    """One request of the gate's, on the site's own socket."""
    connection = http.client.HTTPConnection("site", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(server.data / "run" / "site.sock"))
    headers = {"Host": f"127.0.0.1:{server.port}", "X-Broadsheet-Page": asked, "X-Broadsheet-Scheme": "http"}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status not in (200, 204):
        raise RuntimeError(f"{path} answered {answer.status}")
