"""From one release to the next: what an earlier one kept is served, and readers notice nothing of the change."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPException
from pathlib import Path

import pytest

from broadsheet.gate.pages import PageStore
from tests.crowds import Crowd
from tests.e2e.conftest import copy_of, count_of, is_open, new_address, sign_in, stories_of, until
from tests.server import Server

pytestmark = pytest.mark.timeout(600)

SOURCE = Path(__file__).parents[2] / "src"

# As the release before the search, the publication's own dress, roles and the count of days left the database.
AN_EARLIER_STATE = [("newsroom", "0007"), ("insight", "zero"), ("staff", "zero"), ("meter", "0001")]

# Added to the page store's module. Neither release can read what the other one wrote.
ANOTHER_FORM = """

_packed, _unpack = Description.packed, Description.unpack


def _unpack_next(cls, packed):
    if not packed.startswith(b"next"):
        raise ValueError("of the release before")
    return _unpack(packed.removeprefix(b"next"))


Description.packed = lambda self: b"next" + _packed(self)
Description.unpack = classmethod(_unpack_next)
"""


def django(server: Server, *command: str) -> None:
    environment = {**server.environment(), "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings"}
    subprocess.run([sys.executable, "-m", "django", *command], env=environment, check=True, capture_output=True)


def test_the_database_of_an_earlier_release_is_brought_up_by_a_start(edition: Server, tmp_path: Path) -> None:
    server = copy_of(edition, tmp_path / "data")
    for app, migration in AN_EARLIER_STATE:
        django(server, "migrate", app, migration)
    server.start()
    try:
        stories = stories_of(server)
        assert len(stories) == len(stories_of(edition))
        assert "Preparing the database" in server.output
        assert "Made the search index" in server.output
        reader = server.client()
        assert stories[0].path in reader.get(f"/search/?q={stories[0].headline.replace(' ', '+')}").text
        assert is_open(reader.get(stories[0].path))
        until(lambda: "Nothing is wrong" in server.run("doctor", check=False).stdout, "the doctor finds nothing", 60)
    finally:
        server.stop()


# ── while readers read


@pytest.fixture
def release(edition: Server, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server that runs from a source tree of its own, and that tree: the next release is put in its place."""
    source = tmp_path / "src"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    server = copy_of(edition, tmp_path / "data", {"PYTHONPATH": str(source), "BROADSHEET_WORKERS": "2"})
    yield server.start(), source
    server.stop()


class Readers(Crowd):
    """Some who open one story after the other, each for the first time; nothing is found in the page store for long."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._paths = [story.path for story in stories_of(server)]
        super().__init__(*(partial(self._read, number) for number in range(3)), self._purge)

    def _read(self, number: int) -> None:
        for turn in range(number, 1_000_000, 3):
            if self.stopping.wait(0.02):  # the new program needs a processor to start on
                return
            path = ["/", *self._paths][turn % (len(self._paths) + 1)]
            try:
                self.seen[self._server.client().get(path).status] += 1
            except (OSError, HTTPException) as fault:
                self.seen[repr(fault)] += 1

    def _purge(self) -> None:
        """Seldom enough that a busy machine can make a page in between."""
        store = PageStore(self._server.data / "pages")
        while not self.stopping.wait(3):
            store.purge_all()


def test_a_release_that_keeps_pages_in_another_form_takes_over_unnoticed(release: tuple[Server, Path]) -> None:
    server, source = release
    reader = server.client()
    sign_in(server, reader, new_address("kept"))
    for story in stories_of(server)[:3]:
        assert is_open(reader.get(story.path))
    counted = count_of(reader)
    with Readers(server) as readers:
        with (source / "broadsheet" / "gate" / "pages.py").open("a") as module:
            module.write(ANOTHER_FORM)
        time.sleep(1)
        assert "Reloaded after" in server.run("reload").stdout
        time.sleep(1)
    assert set(readers.seen) == {200}, readers.seen
    assert readers.seen[200] > 100
    assert count_of(reader) == counted
    until(lambda: "Nothing is wrong" in server.run("doctor", check=False).stdout, "the doctor finds nothing", 60)


def test_until_the_reload_pages_are_made_of_the_release_that_serves(release: tuple[Server, Path]) -> None:
    server, source = release
    reader = server.client()
    sign_in(server, reader, new_address())
    never_shown = source / "broadsheet" / "site" / "templates" / "account" / "delete.html"
    never_shown.write_text("{% load what_the_next_release_has %}" + never_shown.read_text())
    assert reader.get("/account/delete/").status == 200
