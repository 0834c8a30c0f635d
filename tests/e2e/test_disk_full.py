"""The disk of the data folder is full: readers are served from what is stored, and nothing is broken when there is room."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lmdb
import pytest

from tests.e2e.conftest import copy_of, count_of, is_open, new_address, sign_in, stories_of
from tests.server import Server

SIZE = "160m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing more fits."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_takes_no_stored_page_from_anybody_and_spoils_nothing(edition: Server, small_disk: Path) -> None:
    server = copy_of(edition, small_disk / "data")
    server.start()
    try:
        stories = stories_of(server)
        stored, other = stories[:10], stories[10:16]
        counted = server.client()
        for story in stored:
            server.client().get(story.path)
        for story in stored[:4]:
            assert is_open(counted.get(story.path))
        account = server.client()
        address = new_address()
        sign_in(server, account, address)
        server.client().get("/")

        filler = fill(small_disk)
        assert shutil.disk_usage(small_disk).free < 4096
        for story in stored:
            assert is_open(server.client().get(story.path)), "a stranger"
        for _ in range(3):
            for story in stored:
                assert counted.get(story.path).status == 200
        assert server.client().get("/").status == 200
        assert server.client().get("/healthz").status == 200
        unstored = [server.client().get(story.path) for story in other]
        assert {answer.status for answer in unstored} <= {200, 503}
        asked = server.client().post("/register/", {"email": new_address()})
        assert asked.status == 503, "no room for a code, and a page that says so"
        assert "too often" not in asked.text
        assert "more often than we allow" not in asked.text
        assert "Traceback" not in asked.text

        filler.unlink()
        for story in [*stored, *other]:
            assert is_open(server.client().get(story.path))
        assert is_open(account.get(stories[20].path)), "still signed in"
        assert count_of(counted) >= 4
        newcomer = server.client()
        assert sign_in(server, newcomer, new_address()).status == 200
    finally:
        server.stop()
    with closing(sqlite3.connect(server.data / "broadsheet.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    ledger = lmdb.open(str(server.data / "ledger"), readonly=True, lock=False, max_dbs=12)
    with ledger.begin(ledger.open_db(b"reads", create=False)) as reads:
        assert sum(1 for _ in reads.cursor()) >= 1, "the ledger can be read to its end"
