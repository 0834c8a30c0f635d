"""A publication to measure: a real server with the demo edition in a folder of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import django

from bench.processes import wait_until_quiet
from broadsheet.release import release
from tests.client import Client
from tests.server import Server

# Readers of the load stop at five articles, so that notices, walls and repeats all happen within eight views.
ALLOWANCE, NOTICE_FROM = 5, 3


# Of the checkout, not of the machine: what one release made is of no use to the next.
EDITIONS = Path("build") / "editions"


@contextmanager
def publication(core: int | None = None, workers: int = 1) -> Iterator[Server]:
    """A server with the demo edition, on one core if named; this process becomes a second one of the same publication,
    so that it can count what the server has written."""
    edition = first_edition()
    with tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as folder:
        shutil.copytree(edition / "data", Path(folder) / "data", ignore=shutil.ignore_patterns("run", "pages", "log"))
        server = _server(Path(folder), workers)
        with on_core(core):
            server.start()
        try:
            _join(server)
            yield server
        finally:
            server.stop()


@contextmanager
def empty_publication(**settings: str) -> Iterator[Server]:
    """A server without a story in it, for what has nothing to do with any; this process joins it, too."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-bench-") as folder:
        server = Server(Path(folder).resolve() / "data", settings).start()
        try:
            _join(server)
            yield server
        finally:
            server.stop()


def first_edition() -> Path:
    """Where this release's demo edition is, started once and at rest: the worker is done with its pictures and index."""
    folder = EDITIONS / release()
    if not folder.exists():
        shutil.rmtree(EDITIONS, ignore_errors=True)
        EDITIONS.mkdir(parents=True, exist_ok=True)
        # A name of its own: the server of a run that was broken off may still be writing to its folder.
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=EDITIONS))
        print("Making the edition to measure; this takes some minutes once per release.", flush=True)
        began = time.monotonic()
        server = _server(draft).start()
        (draft / "seconds").write_text(f"{time.monotonic() - began:.1f}")
        try:
            wait_until_quiet(server.pids()[0])
        finally:
            server.stop()
        draft.rename(folder)
    return folder


def _server(folder: Path, workers: int = 1) -> Server:
    return Server(folder.resolve() / "data", {"BROADSHEET_DEMO": "1", "BROADSHEET_WORKERS": str(workers)})


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started meanwhile runs on this core."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _join(server: Server) -> None:
    for name in [name for name in os.environ if name.startswith("BROADSHEET_")]:
        del os.environ[name]
    os.environ |= {
        name: value for name, value in server.environment().items() if name.startswith(("BROADSHEET_", "DJANGO_"))
    }
    os.environ["DJANGO_SETTINGS_MODULE"] = "broadsheet.site.settings"
    django.setup()


def set_meter() -> None:
    """The ladder of the load, and no limit to strangers: all readers of the load come from one address."""
    from broadsheet.meter.models import MeterSettings

    meter = MeterSettings.load()
    meter.anonymous_allowance, meter.anonymous_notice_from = ALLOWANCE, NOTICE_FROM
    meter.strangers_a_day = 2_000_000_000
    meter.save()


def metered_paths() -> list[str]:
    """The addresses of all metered articles, oldest first."""
    from broadsheet.newsroom.models import Article

    articles = Article.objects.published().filter(always_free=False, members_only=False)
    return [article.url for article in articles.order_by("first_published_at")]


def warm(server: Server, paths: Sequence[str], encodings: str = "gzip") -> dict[str, bytes]:
    """Have every page made, open and walled, and what a reader gets: {folder and address: compressed body}."""
    pages: dict[str, bytes] = {}
    for number, path in enumerate(paths):
        reader = Client(server.url, encodings=encodings)
        pages[f"/open{path}"] = _body(reader, path)
        reader = Client(server.url, encodings=encodings)
        for step in range(1, NOTICE_FROM):
            _body(reader, paths[number - step])
        pages[f"/noticed{path}"] = _body(reader, path)
    for half in (paths[::2], paths[1::2]):
        reader = Client(server.url, encodings=encodings)
        others = [path for path in paths if path not in half][:ALLOWANCE]
        for path in others:
            _body(reader, path)
        for path in half:
            pages[f"/walled{path}"] = _body(reader, path)
    assert server.process is not None
    wait_until_quiet(server.process.pid)
    return pages


def _body(reader: Client, path: str) -> bytes:
    answer = reader.get(path, follow=False)
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return answer.body
