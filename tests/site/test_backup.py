"""What is cut off, damaged, foreign or not meant for this folder is refused with a reason, and changes nothing."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sqlite3
import stat
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Server:
    """An empty publication with a picture, a mail and a segment of the reading log; no server runs on it."""
    server = Server(tmp_path_factory.mktemp("publication") / "data")
    for folder in ("media/images", "outbox", "keys", "log"):
        (server.data / folder).mkdir(parents=True)
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    (server.data / "media" / "images" / "one.jpg").write_bytes(b"a picture" * 1000)
    (server.data / "outbox" / "one.eml").write_bytes(b"To: reader@example.org")
    (server.data / "keys" / "secret").write_text("s" * 64)
    return server


@pytest.fixture(scope="module")
def made(publication: Server) -> Path:
    file = publication.data.parent / "made.tar.gz"
    said = publication.run("backup", str(file)).stderr
    assert "It holds keys and addresses" in said
    return file


def elsewhere(tmp_path: Path) -> Server:
    return Server(tmp_path / "restored" / "data")


def refused(server: Server, *command: str) -> str:
    server.data.parent.mkdir(exist_ok=True)
    done = server.run(*command, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def files_of(data: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(data)): file.read_bytes()
        for file in data.rglob("*")
        if file.is_file() and file.relative_to(data).parts[0] not in ("run", "keys")
    }


def test_what_was_there_is_there_again_and_the_file_is_for_its_owner_alone(made: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    server = elsewhere(tmp_path)
    server.data.parent.mkdir()
    said = server.run("restore", str(made)).stderr
    assert "The record of 0 versions holds" in said
    assert (server.data / "media" / "images" / "one.jpg").read_bytes() == b"a picture" * 1000
    assert (server.data / "keys" / "secret").read_text() == "s" * 64
    assert (server.data / "outbox" / "one.eml").exists()
    with closing(sqlite3.connect(server.data / "broadsheet.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(server.data.glob(".restoring-*")) and not list(server.data.glob("before-restore-*"))


def test_a_file_that_is_there_is_not_overwritten_unless_asked(publication: Server, made: Path) -> None:
    before = made.read_bytes()
    assert "--force" in refused(publication, "backup", str(made))
    assert made.read_bytes() == before
    publication.run("backup", "--force", str(made))
    assert made.read_bytes() != before
    assert not list(made.parent.glob(".*.part"))


def test_a_folder_gets_a_dated_file(publication: Server, tmp_path: Path) -> None:
    publication.run("backup", str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("broadsheet-2") and file.name.endswith("Z.tar.gz")
    assert "is whole" in publication.run("backup", "--verify", str(file)).stderr


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(made: Path, tmp_path: Path, kept: float) -> None:
    file = tmp_path / "cut.tar.gz"
    file.write_bytes(made.read_bytes()[: int(made.stat().st_size * kept)])
    server = elsewhere(tmp_path)
    assert "cut off" in refused(server, "restore", str(file))
    assert files_of(server.data) == {}
    assert not list(server.data.glob(".restoring-*"))


def changed(packed: bytes, place: float) -> bytes:
    """With another byte at this part of it, or the next where that matters: in a run of zeros each distance is as good."""
    for at in range(int(len(packed) * place), len(packed)):
        other = packed[:at] + bytes([packed[at] ^ 0x40]) + packed[at + 1 :]
        try:
            if gzip.decompress(other) == gzip.decompress(packed):
                continue
        except (OSError, EOFError, zlib.error):
            pass
        return other
    raise AssertionError("no byte of it matters")


@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_a_file_with_one_byte_changed_is_refused(made: Path, tmp_path: Path, place: float) -> None:
    file = tmp_path / "changed.tar.gz"
    file.write_bytes(changed(made.read_bytes(), place))
    server = elsewhere(tmp_path)
    assert "damaged" in refused(server, "restore", str(file))
    assert files_of(server.data) == {}


def rewritten(made: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A backup with members changed, added under their own name or left out, in a file that is itself in order."""
    with (
        tarfile.open(made) as source,
        gzip.open(target, "wb") as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for entry in source:
            content = source.extractfile(entry)
            assert content is not None
            new = change(entry.name, content.read())
            if new is not None:
                entry.size = len(new)
                tar.addfile(entry, io.BytesIO(new))
    return target


def spoilt_picture(name: str, content: bytes) -> bytes:
    return content.replace(b"a picture", b"A picture", 1) if name.endswith(".jpg") else content


def lost_mail(name: str, content: bytes) -> bytes | None:
    return None if name.endswith(".eml") else content


def other_format(name: str, content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "format": 99}).encode() if name == "broadsheet-backup.json" else content


def newer_release(name: str, content: bytes) -> bytes:
    if name != "manifest.json":
        return content
    manifest = json.loads(content)
    return json.dumps({**manifest, "migrations": [*manifest["migrations"], "newsroom.9999_next_year"]}).encode()


def lost_versions(name: str, content: bytes) -> bytes:
    if name != "manifest.json":
        return content
    manifest = json.loads(content)
    return json.dumps({**manifest, "counts": {**manifest["counts"], "versions": 7}}).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoilt_picture, "one.jpg is not what the manifest says"),
        (lost_mail, "one.eml is not what the manifest says"),
        (other_format, "has format 99"),
        (newer_release, "newsroom.9999_next_year"),
        (lost_versions, "does not hold what it says"),
    ],
)
def test_a_backup_that_is_not_what_it_says_is_refused(
    made: Path, tmp_path: Path, change: Callable[[str, bytes], bytes | None], words: str
) -> None:
    file = rewritten(made, tmp_path / "changed.tar.gz", change)
    server = elsewhere(tmp_path)
    assert words in refused(server, "restore", str(file))
    assert files_of(server.data) == {}


def test_another_archive_is_refused_and_nothing_is_written_outside(made: Path, tmp_path: Path) -> None:
    foreign, climbing = tmp_path / "foreign.tar.gz", tmp_path / "climbing.tar.gz"
    with tarfile.open(foreign, "w:gz") as tar:
        tar.add(__file__, "somebody.py")
    with tarfile.open(made) as source, tarfile.open(climbing, "w:gz") as tar:
        head = source.extractfile("broadsheet-backup.json")
        assert head is not None
        tar.addfile(source.getmember("broadsheet-backup.json"), head)
        tar.add(__file__, "media/../../outside.py")
    server = elsewhere(tmp_path)
    assert "no backup of Broadsheet" in refused(server, "restore", str(foreign))
    assert "which no backup of ours does" in refused(server, "restore", str(climbing))
    assert not (tmp_path / "restored" / "outside.py").exists()


def test_a_publication_that_is_there_stays_unless_it_is_to_be_moved_aside(made: Path, tmp_path: Path) -> None:
    server = elsewhere(tmp_path)
    server.data.parent.mkdir()
    server.run("restore", str(made))
    (server.data / "media" / "images" / "new.jpg").write_bytes(b"new")
    before = files_of(server.data)
    assert "moves it aside" in refused(server, "restore", str(made))
    assert files_of(server.data) == before
    server.run("restore", "--force", str(made))
    (aside,) = server.data.glob("before-restore-*")
    assert (aside / "media" / "images" / "new.jpg").exists()
    assert not (server.data / "media" / "images" / "new.jpg").exists()
    assert (aside / "broadsheet.sqlite3").exists() and (server.data / "broadsheet.sqlite3").exists()


@pytest.mark.needs("pg_dump")
def test_a_publication_on_postgresql_comes_back(postgres: str, migrated: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "one" / "data", {"DATABASE_URL": postgres})
    server.data.mkdir(parents=True)
    server.run("migrate")
    file = tmp_path / "made.tar.gz"
    server.run("backup", str(file))
    with_sqlite = elsewhere(tmp_path)
    assert "set DATABASE_URL" in refused(with_sqlite, "restore", str(file))
    with psycopg.connect(postgres) as connection:
        connection.execute("UPDATE newsroom_publication SET tagline = 'changed since'")
    other = Server(tmp_path / "two" / "data", {"DATABASE_URL": postgres})
    other.data.parent.mkdir()
    assert "already" in refused(other, "restore", str(file))
    other.run("restore", "--force", str(file))
    with psycopg.connect(postgres) as connection:
        assert connection.execute(
            "SELECT count(*) FROM newsroom_publication WHERE tagline = 'changed since'"
        ).fetchone() == (0,)
