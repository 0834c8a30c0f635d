"""From publishing a change to its being what every worker answers."""

from __future__ import annotations

import time
from http.client import HTTPConnection

from bench import publication as house
from bench import report
from tests.server import Server

CHANGES, SOAK_CHANGES = 60, 600
WORKERS = 2
CONNECTIONS = 16  # the kernel deals them out: with sixteen, one worker is left out once in thirty thousand runs
LIMIT_MS = 100.0


def run(soak: bool) -> bool:
    with house.publication(workers=WORKERS) as server:
        house.warm(server, house.metered_paths()[:20])
        acts, visible = _changes(server, SOAK_CHANGES if soak else CHANGES)
    return report.write(
        "publish",
        soak,
        "From publishing to every worker",
        f"""
The headline of a story is changed and published {len(acts)} times. As soon as the act has returned, {CONNECTIONS} open
connections to {WORKERS} workers ask for the article and must get the new headline in their first answer; the first of them
waits for the render. Counted from the commit until the last of them has it.
""",
        [
            report.Figure("the act itself, p50 / p99", f"{_share(acts, 0.5):.0f} / {_share(acts, 0.99):.0f} ms"),
            report.Figure(
                "published to visible in all workers, p50 / p99",
                f"{_share(visible, 0.5):.0f} / **{_share(visible, 0.99):.0f} ms**",
                f"p99 under {LIMIT_MS:.0f} ms",
                _share(visible, 0.99) < LIMIT_MS,
            ),
        ],
    )


def _changes(server: Server, number: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each act, and from its return until every connection has answered."""
    from broadsheet.newsroom.acts.publish import publish
    from broadsheet.newsroom.models import Article

    article = Article.objects.published().filter(always_free=False).first()
    assert article is not None
    connections = [HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(CONNECTIONS)]
    acts, visible = [], []
    for change in range(number):
        article.title = f"Headline number {change}"
        began = time.perf_counter()
        publish(article, change="style")
        published = time.perf_counter()
        for connection in connections:
            connection.request("GET", article.url, headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            if article.title.encode() not in answer.read():
                raise RuntimeError(f"An old page was answered after change {change} had been published.")
        acts.append((published - began) * 1000)
        visible.append((time.perf_counter() - published) * 1000)
    return acts, visible


def _share(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
