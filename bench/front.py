"""What the size of the archive costs: the front page and a section made anew, publishing, and the newsroom's own pages, at
fifty thousand articles."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench import desk, report
from bench import publication as house
from bench.archive import fill_up, picture_each
from bench.processes import cpu_us
from bench.render import ask, throw_pages_away
from tests.server import Server

ARTICLES = 50_000
ROUNDS, SOAK_ROUNDS = 20, 100
CHANGES, SOAK_CHANGES = 30, 200
VISITS = 10
RENDER_MS = 40.0
PUBLISH_MS = 300.0
# A train of thought lasts a second (Jakob Nielsen, “Usability Engineering”, 1993, chapter 5): half of it for the site's work.
DESK_MS = 500.0


def run(soak: bool) -> bool:
    with house.publication() as server:
        fill_up(ARTICLES)
        rounds = SOAK_ROUNDS if soak else ROUNDS
        section = _largest_section()
        first = {path: _first_render(server, path, rounds) for path in ("/", section)}
        acts = _publish(SOAK_CHANGES if soak else CHANGES)
        composed = _compose(CHANGES)
        at_desk = _at_the_desk(server, section)
        picture_each()
        pictured = _first_render(server, "/", rounds)
    return report.write(
        "front",
        soak,
        "Fifty thousand articles",
        f"""
The stories of the demo edition again and again, each an hour older than the one before, until there are {ARTICLES:,}. All
stored pages are thrown away before each of {rounds} renders; CPU time of the site's process, compress and store included.
Then {len(acts)} changes of a story are published: the act with all its purges, by the clock. Then an editor looks through the
largest section, opens a long story and saves it as a draft, {VISITS} times each, through the gate: CPU time of the site's
process, then by the clock.
""",
        [
            *(
                report.Figure(
                    what, f"**{first[path]:.1f} ms**", f"at most {RENDER_MS:.0f} ms", first[path] <= RENDER_MS
                )
                for what, path in (("first render of the front page", "/"), ("… of the largest section", section))
            ),
            report.Figure("… of a front page with a picture to each story", f"{pictured:.1f} ms"),
            report.Figure(
                "publish with its purges, median / p95",
                f"{statistics.median(acts):.0f} / **{_most(acts):.0f} ms**",
                f"under {PUBLISH_MS:.0f} ms",
                _most(acts) < PUBLISH_MS,
            ),
            report.Figure("put a front page in place, median", f"{statistics.median(composed):.0f} ms"),
            *(
                report.Figure(
                    f"{what}, median CPU / clock",
                    f"**{busy:.0f}** / {waited:.0f} ms",
                    f"CPU under {DESK_MS:.0f} ms",
                    busy < DESK_MS,
                )
                for what, (busy, waited) in at_desk.items()
            ),
        ],
    )


def _first_render(server: Server, path: str, rounds: int) -> float:
    """CPU milliseconds of one, the median; once before to have everything loaded."""
    taken = []
    for _ in range(rounds + 1):
        throw_pages_away()
        before = cpu_us(server.children()["site"])
        ask(server, path, "a")
        taken.append((cpu_us(server.children()["site"]) - before) / 1000)
    return statistics.median(taken[1:])


def _largest_section() -> str:
    from broadsheet.newsroom.models import Section

    return Section.objects.order_by("-numchild").first().url


def _publish(number: int) -> list[float]:
    from broadsheet.newsroom.acts.publish import publish
    from broadsheet.newsroom.models import Article

    article = Article.objects.published().first()
    assert article is not None
    taken = []
    for change in range(number + 1):
        article.title = f"Headline number {change}"
        began = time.perf_counter()
        publish(article, change="style")
        taken.append((time.perf_counter() - began) * 1000)
    return taken[1:]


def _compose(number: int) -> list[float]:
    from broadsheet.newsroom.acts.compose import put_in_place
    from broadsheet.newsroom.models import Article
    from broadsheet.newsroom.models.compositions import LEAD, Place, Plan

    stories = list(Article.objects.published().values_list("pk", flat=True)[:number])
    taken = []
    for pk in stories:
        began = time.perf_counter()
        put_in_place(Plan({Place(LEAD, 0): pk}), by=None)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _at_the_desk(server: Server, section: str) -> dict[str, tuple[float, float]]:
    """What an editor does all day: milliseconds of the site's CPU, and by the clock."""
    from broadsheet.newsroom.models import Article, Section

    folder = Section.objects.get(slug=section.strip("/"))
    story = max(Article.objects.published()[:50], key=lambda story: story.words)
    editor = desk.sign_in(server)

    def look(address: str) -> Callable[[], None]:
        def once() -> None:
            if (status := editor.get(address, follow=False).status) != 200:
                raise RuntimeError(f"{address} answered {status}")

        return once

    steps = {
        "explorer of the largest section": look(f"/admin/pages/{folder.pk}/"),
        "editor opened": look(f"/admin/pages/{story.pk}/edit/"),
        "draft saved": desk.saving(editor, []),
    }
    return {what: _medians(server, step) for what, step in steps.items()}


def _medians(server: Server, step: Callable[[], None]) -> tuple[float, float]:
    """CPU and clock; once before to have everything loaded."""
    busy, waited = [], []
    for _ in range(VISITS + 1):
        began, before = time.perf_counter(), cpu_us(server.children()["site"])
        step()
        waited.append((time.perf_counter() - began) * 1000)
        busy.append((cpu_us(server.children()["site"]) - before) / 1000)
    return statistics.median(busy[1:]), statistics.median(waited[1:])


def _most(values: list[float]) -> float:
    """Of twenty, nineteen are at most this."""
    return sorted(values)[int(len(values) * 0.95)]
