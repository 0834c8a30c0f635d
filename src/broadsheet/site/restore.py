"""`broadsheet restore`: puts a backup back. Everything is read, checked and laid out beside before anything is replaced."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import lmdb
import psycopg
from django.db.migrations.loader import MigrationLoader

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.newsroom.models.versions import PublishedVersion
from broadsheet.site.backup import (
    FOLDERS,
    POSTGRES,
    SINGLE_FILES,
    SQLITE,
    BackupFault,
    Counts,
    Manifest,
    Say,
    counts_of,
    describe,
    ledger_entries,
    postgres_program,
    read,
    run_postgres,
)
from broadsheet.site.doctor import broken_versions
from broadsheet.site.locks import SERVER, WORKER, take

# Where they lie in the data folder; the database last, so that a publication is there when all of it is.
_PLACES = {**{name: name for name in (*FOLDERS, *SINGLE_FILES)}, SQLITE: "broadsheet.sqlite3"}
_PAGES = "pages"  # made by what was here before
_WAL = ("broadsheet.sqlite3-wal", "broadsheet.sqlite3-shm")


def restore(config: Config, file: Path, force: bool = False, say: Say = lambda line: None) -> Manifest:
    """Put the publication of `file` into the data folder (and the database that DATABASE_URL names).

    `force` moves what is there aside, into `before-restore-…` in the same folder. Raises BackupFault, and has then
    changed nothing.
    """
    with ExitStack() as held:
        held.enter_context(_nobody_serves(config))
        if not force:
            _refuse_what_is_there(config)
        staging = Path(held.enter_context(_staging(config)))
        manifest = read(file, _Laying(staging))
        say(describe(file, manifest))
        _check_fits(config, manifest)
        _check_staged(staging, manifest)
        say("Everything in it can be read. Putting it in place.")
        aside = config.data / f"before-restore-{clock.now():%Y%m%dT%H%M%SZ}"
        _put_in_place(config, staging, aside)
        if aside.exists():
            say(f"What was here is in {aside}; delete it when you do not need it.")
    return manifest


def chain_faults(manifest: Manifest) -> list[str]:
    """What is wrong with the record of versions as it was restored; Django must be set up for this data folder."""
    faults = broken_versions()
    if (found := PublishedVersion.objects.count()) != manifest.counts.versions:
        faults.append(f"there are {found} versions, and were {manifest.counts.versions}")
    return faults


# ── may it be put here


@contextmanager
def _nobody_serves(config: Config) -> Iterator[None]:
    """Held to the end: no server starts on a folder that is being filled."""
    config.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        for name in (SERVER, WORKER):
            lock = take(config.run / name)
            if lock is None:
                raise BackupFault(f"A server is running on {config.data}: stop it first.")
            held.enter_context(lock)
        yield


def _refuse_what_is_there(config: Config) -> None:
    for name in _PLACES.values():
        place = config.data / name
        # The secret is made by whatever command looks at the folder first.
        content = [file for file in place.rglob("*") if file.is_file() and file != config.keys / "secret"]
        if place.is_file() or content:
            raise BackupFault(f"There is a publication in {config.data} already; --force moves it aside.")
    if config.database_url and _has_tables(config.database_url):
        raise BackupFault("There is a publication in the database already; --force replaces it.")


def _has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('django_migrations')").fetchone() != (None,)


@contextmanager
def _staging(config: Config) -> Iterator[str]:
    """In the data folder itself: the same disk, and the one place we may surely write to."""
    staging = tempfile.mkdtemp(prefix=".restoring-", dir=config.data)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class _Laying:
    """Writes the pieces of members below a folder."""

    def __init__(self, staging: Path) -> None:
        self._staging = staging

    def __call__(self, name: str, piece: bytes) -> None:
        file = self._staging / name
        if not piece:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as opened:
            opened.write(piece)


def _check_fits(config: Config, manifest: Manifest) -> None:
    kind = POSTGRES if config.database_url else SQLITE
    if manifest.head.database != kind:
        names = {POSTGRES: "PostgreSQL: set DATABASE_URL", SQLITE: "SQLite: unset DATABASE_URL"}
        raise BackupFault(f"The backup is of a publication on {names[manifest.head.database]} to restore it.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    if newer := sorted(set(manifest.migrations) - known):
        raise BackupFault(
            f"The backup is of a release that this one does not know ({newer[0]}): use that release or a newer one."
        )


def _check_staged(staging: Path, manifest: Manifest) -> None:
    """That its parts do not only have their hashes, but are what they should be."""
    try:
        entries = ledger_entries(staging / "ledger")
        if manifest.head.database == SQLITE:
            with closing(sqlite3.connect(staging / SQLITE)) as database:
                verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
                counts, _ = counts_of(lambda sql: database.execute(sql).fetchall())
            if verdict != "ok":
                raise BackupFault(f"The database in the backup is damaged: {verdict}")
            if (found := Counts(**counts, ledger_entries=entries)) != manifest.counts:
                raise BackupFault(f"The backup does not hold what it says: {found} instead of {manifest.counts}")
    except (sqlite3.Error, lmdb.Error) as fault:
        raise BackupFault(f"The backup cannot be read: {fault}") from fault


# ── put in place


def _put_in_place(config: Config, staging: Path, aside: Path) -> None:
    """Renames, each undone if a later one fails; PostgreSQL in one transaction."""
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        source.rename(target)
        moves.append((source, target))

    try:
        for name in (*_WAL, *reversed(_PLACES.values()), _PAGES):
            if (config.data / name).exists():
                move(config.data / name, aside / name)
        if config.database_url:
            _replace_postgres(config.database_url, staging, aside)
        for member, place in _PLACES.items():
            if (staging / member).exists():
                move(staging / member, config.data / place)
        _make_readable(config.media)
    except (OSError, psycopg.Error, BackupFault) as fault:
        for source, target in reversed(moves):
            target.rename(source)
        with suppress(OSError):
            aside.rmdir()
        raise BackupFault(f"It could not be put in place, and nothing was changed: {fault}") from fault
    _forget_mere_secret(config, aside)


def _replace_postgres(url: str, staging: Path, aside: Path) -> None:
    if _has_tables(url):
        aside.mkdir(parents=True, exist_ok=True, mode=0o700)
        run_postgres([postgres_program("pg_dump"), "--format=custom", f"--file={aside / POSTGRES}"], url)
    program = postgres_program("pg_restore")
    run_postgres(
        [
            program,
            "--single-transaction",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--exit-on-error",
            str(staging / POSTGRES),
        ],
        url,
    )


def _make_readable(media: Path) -> None:
    """Pictures are public: a proxy that serves them may run as somebody else."""
    for path in [media, *media.rglob("*")] if media.exists() else []:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _forget_mere_secret(config: Config, aside: Path) -> None:
    """An empty folder had nothing but a secret, made a moment ago."""
    held = [file for file in aside.rglob("*") if file.is_file()] if aside.exists() else []
    if held == [aside / config.keys.name / "secret"]:
        shutil.rmtree(aside)
