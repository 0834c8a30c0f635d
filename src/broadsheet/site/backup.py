"""`broadsheet backup`: the whole publication in one file, taken while it is served. `restore.py` puts it back.

    broadsheet-backup.json   first: format, release, database, moment: enough to say what this is
    database.sqlite3         or database.pgdump (pg_dump's custom format)
    ledger/ log/ media/ keys/ outbox/ fake-payments/ first-start.json
    manifest.json            last: size and SHA-256 of every member before it, and what was counted

It holds keys, addresses and reading: whoever has the file has the publication.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import lmdb
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.log import complete_bytes, open_segments, sealed_segments
from broadsheet.giving.providers.fake.store import FILE as PRETENDED_FILE
from broadsheet.giving.providers.fake.store import FOLDER as PRETENDED
from broadsheet.release import release

FORMAT = 1
HEAD = "broadsheet-backup.json"
MANIFEST = "manifest.json"
SQLITE, POSTGRES = "database.sqlite3", "database.pgdump"
FOLDERS = ("ledger", "log", "media", "keys", "outbox", PRETENDED)
SINGLE_FILES = ("first-start.json",)
COMPRESSION = 1  # pictures do not shrink, and the database shrinks to a third even so
BLOCK = 1 << 20

Say = Callable[[str], None]


class BackupFault(Exception):
    """Why a backup could not be made, read or put back; the message is for whoever typed the command."""


@dataclass(frozen=True)
class Head:
    format: int
    release: str
    made_at: str
    database: str  # SQLITE or POSTGRES


@dataclass(frozen=True)
class Member:
    size: int
    sha256: str


@dataclass(frozen=True)
class Counts:
    """What a restored publication must have again."""

    articles: int
    accounts: int
    versions: int
    version_head: str  # SHA-256 over the last seal of every article, in order
    ledger_entries: int


@dataclass(frozen=True)
class Manifest:
    head: Head
    counts: Counts
    migrations: list[str]  # "app.name"
    members: dict[str, Member] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        kept = json.loads(text)
        members = {name: Member(**member) for name, member in kept["members"].items()}
        return cls(Head(**kept["head"]), Counts(**kept["counts"]), list(kept["migrations"]), members)


def backup(config: Config, target: Path, force: bool = False, say: Say = lambda line: None) -> Path:
    """Write the backup and return where it is: `target`, or a dated file where that is a folder.

    It has its name only when it is whole. Raises BackupFault.
    """
    moment = clock.now()
    if target.is_dir():
        target = target / f"broadsheet-{moment:%Y%m%dT%H%M%SZ}.tar.gz"
    if target.exists() and not force:
        raise BackupFault(f"{target} is there already; --force replaces it.")
    if not target.parent.is_dir():
        raise BackupFault(f"There is no folder {target.parent}.")
    head = Head(FORMAT, release(), moment.isoformat(), POSTGRES if config.database_url else SQLITE)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            _write(config, head, out, target.parent, say)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
        _sync_folder(target.parent)
    except (OSError, sqlite3.Error, lmdb.Error, psycopg.Error) as fault:
        raise BackupFault(f"The backup could not be made: {fault}") from fault
    finally:
        draft.unlink(missing_ok=True)
    say(f"{target}: {target.stat().st_size / 2**20:,.1f} MB. It holds keys and addresses: keep it as secret as these.")
    return target


def verify(file: Path, say: Say = lambda line: None) -> Manifest:
    """Read a backup from end to end against its manifest. Raises BackupFault."""
    manifest = read(file, lambda name, piece: None)
    say(describe(file, manifest))
    return manifest


def describe(file: Path, manifest: Manifest) -> str:
    counts = manifest.counts
    return (
        f"{file} is whole: {len(manifest.members)} files of {manifest.head.made_at[:19]} UTC, {counts.articles} articles,"
        f" {counts.accounts} accounts, {counts.versions} versions, {counts.ledger_entries} readers in the ledger."
    )


def read(file: Path, keep: Callable[[str, bytes], None]) -> Manifest:
    """Hand every piece of every member to `keep` and check all against the manifest, which comes last."""
    seen: dict[str, Member] = {}
    manifest: Manifest | None = None
    try:
        with gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            for position, entry in enumerate(archive):
                _check_entry(entry, position, file)
                content = archive.extractfile(entry)
                assert content is not None  # it is a regular file
                if entry.name == MANIFEST:
                    manifest = Manifest.from_json(content.read())
                    continue
                if entry.name == HEAD:
                    _check_head(json.loads(content.read()), file)
                    continue
                if manifest is not None or entry.name in seen:
                    raise BackupFault(f"{file} is damaged: {entry.name} should not be where it is.")
                seen[entry.name] = _pass_on(content, entry.name, keep)
            while packed.read(BLOCK):  # to its end, where the checksum of all stands
                pass
    except FileNotFoundError:
        raise BackupFault(f"There is no file {file}.") from None
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError) as fault:
        raise BackupFault(f"{file} is no backup of Broadsheet, or cut off, or damaged: {fault}") from fault
    if manifest is None:
        raise BackupFault(f"{file} is cut off: its manifest is missing.")
    for name in sorted(seen.keys() | manifest.members.keys()):
        if seen.get(name) != manifest.members.get(name):
            raise BackupFault(f"{file} is damaged: {name} is not what the manifest says.")
    return manifest


def version_head(seals: Iterable[tuple[int, int, str]]) -> str:
    """One digest for all chains: any version lost or changed anywhere changes it. `seals`: article, number, seal; in order."""
    digest = hashlib.sha256()
    for article, number, seal in seals:
        digest.update(f"{article} {number} {seal}\n".encode())
    return digest.hexdigest()


# ── reading


def _check_entry(entry: tarfile.TarInfo, position: int, file: Path) -> None:
    if position == 0 and entry.name != HEAD:
        raise BackupFault(f"{file} is no backup of Broadsheet.")
    parts = Path(entry.name).parts
    if not entry.isreg() or not parts or ".." in parts or entry.name.startswith("/"):
        raise BackupFault(f"{file} holds {entry.name!r}, which no backup of ours does.")
    known = (HEAD, MANIFEST, SQLITE, POSTGRES, *SINGLE_FILES)
    if entry.name not in known and parts[0] not in FOLDERS:
        raise BackupFault(f"{file} holds {entry.name!r}, which no backup of ours does.")


def _check_head(kept: Any, file: Path) -> None:
    found = kept.get("format") if isinstance(kept, dict) else None
    if not isinstance(found, int):
        raise BackupFault(f"{file} is no backup of Broadsheet.")
    if found != FORMAT:
        raise BackupFault(
            f"{file} has format {found}, and this release reads format {FORMAT}: use the release it is of."
        )


def _pass_on(content: IO[bytes], name: str, keep: Callable[[str, bytes], None]) -> Member:
    digest, size = hashlib.sha256(), 0
    keep(name, b"")  # an empty file is a file
    while piece := content.read(BLOCK):
        digest.update(piece)
        size += len(piece)
        keep(name, piece)
    return Member(size, digest.hexdigest())


# ── writing


class _Archive:
    """A tar on its way out; remembers what it holds."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, Member] = {}

    def add(self, name: str, file: Path) -> int:
        """A file that is not changed while it is read. Its size; raises FileNotFoundError if it has gone."""
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            entry = _entry(name, status.st_size, status.st_mtime)
            hashing = _Hashing(opened)
            self._tar.addfile(entry, hashing)
        self.members[name] = Member(status.st_size, hashing.digest.hexdigest())
        return status.st_size

    def add_bytes(self, name: str, content: bytes, listed: bool = True) -> int:
        self._tar.addfile(_entry(name, len(content), clock.timestamp()), io.BytesIO(content))
        if listed:
            self.members[name] = Member(len(content), hashlib.sha256(content).hexdigest())
        return len(content)


class _Hashing(io.RawIOBase):
    """Reads a file, and hashes what was read."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._opened.read(size)
        self.digest.update(piece)
        return piece


def _entry(name: str, size: int, mtime: float) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, int(mtime), 0o600
    return entry


def _write(config: Config, head: Head, out: IO[bytes], beside: Path, say: Say) -> None:
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=beside) as staging,
        gzip.GzipFile("", "wb", COMPRESSION, out) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        archive = _Archive(tar)
        archive.add_bytes(HEAD, json.dumps(asdict(head)).encode(), listed=False)
        # Pictures first, and those that have come meanwhile last: none that the database names is missing.
        _add_media(config, archive, say)
        database, migrations = _add_database(config, head, archive, Path(staging), say)
        _add_media(config, archive, say)
        _add_pretended_payments(config, archive, Path(staging))
        entries = _add_ledger(config, archive, Path(staging), say)
        _add_log(config, archive, say)
        for folder in (config.keys, config.outbox):
            _add_folder(config, folder, archive)
        for name in SINGLE_FILES:
            with suppress(FileNotFoundError):
                archive.add(name, config.data / name)
        manifest = Manifest(head, Counts(**database, ledger_entries=entries), migrations, archive.members)
        archive.add_bytes(MANIFEST, manifest.to_json().encode(), listed=False)


def _add_media(config: Config, archive: _Archive, say: Say) -> None:
    before = len(archive.members)
    _add_folder(config, config.media, archive)
    say(f"media: {len(archive.members) - before} files")


def _add_folder(config: Config, folder: Path, archive: _Archive) -> None:
    for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
        name = str(file.relative_to(config.data))
        is_draft = file.name.startswith(".") or file.suffix == ".part"
        if name in archive.members or is_draft or file.is_symlink() or not file.is_file():
            continue
        with suppress(FileNotFoundError):  # deleted while we were looking
            archive.add(name, file)


def _add_pretended_payments(config: Config, archive: _Archive, staging: Path) -> None:
    """After the database: what the books know of, the provider that they are reconciled with knows too."""
    source, copy = config.data / PRETENDED / PRETENDED_FILE, staging / PRETENDED_FILE
    if not source.exists():
        return
    _copy_live(source, copy).close()
    archive.add(f"{PRETENDED}/{PRETENDED_FILE}", copy)
    copy.unlink()


def _add_ledger(config: Config, archive: _Archive, staging: Path, say: Say) -> int:
    ledger = open_ledger(config.ledger)
    ledger.environment.copy(str(staging), compact=True)
    entries = ledger_entries(staging)
    size = archive.add("ledger/data.mdb", staging / "data.mdb")
    for file in sorted(config.ledger.iterdir()):
        if file.is_file() and file.name not in ("data.mdb", "lock.mdb"):
            archive.add(f"ledger/{file.name}", file)
    say(f"meter ledger: {entries} readers, {size / 2**20:,.1f} MB")
    return entries


def ledger_entries(folder: Path) -> int:
    """How many readers a copy of the ledger holds; raises lmdb.Error if it cannot be read."""
    environment = lmdb.open(str(folder), readonly=True, lock=False, max_dbs=12)
    with closing(environment), environment.begin() as txn:
        try:
            reads = environment.open_db(b"reads", txn=txn, create=False)
        except lmdb.NotFoundError:
            return 0
        return int(txn.stat(reads)["entries"])


def _add_log(config: Config, archive: _Archive, say: Say) -> None:
    """What gate processes are writing now is taken as far as it is complete, under the name it will be sealed with."""
    size = segments = 0
    with _log_at_rest(config.log):
        for segment in [*open_segments(config.log), *sealed_segments(config.log)]:
            name = f"log/{segment.stem}.sealed"
            if name in archive.members:
                continue
            for file in (segment, segment.with_suffix(".sealed")):  # it may be sealed just now
                with suppress(FileNotFoundError):
                    packed = file.read_bytes()
                    size += archive.add_bytes(name, packed[: complete_bytes(packed)])
                    segments += 1
                    break
        stored = sorted((config.log / "parquet").glob("*/*.parquet"))
        for file in stored:
            size += archive.add(str(file.relative_to(config.data)), file)
    say(f"reading log: {segments} segments and {len(stored)} files, {size / 2**20:,.1f} MB")


@contextmanager
def _log_at_rest(log: Path) -> Iterator[None]:
    """While this is held no segment becomes Parquet and no files are merged (insight/parquet.py waits for the lock)."""
    parquet = log / "parquet"
    parquet.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (parquet / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems refuse to sync a folder
        os.fsync(descriptor)
    os.close(descriptor)


# ── the database

_ARTICLES = "SELECT count(*) FROM newsroom_article"
_ACCOUNTS = "SELECT count(*) FROM readers_user"
_VERSIONS = "SELECT count(*) FROM newsroom_publishedversion"
_HEADS = """SELECT article_id, number, seal FROM newsroom_publishedversion version WHERE number =
 (SELECT max(number) FROM newsroom_publishedversion WHERE article_id = version.article_id) ORDER BY article_id"""
_MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY app, name"

Query = Callable[[str], list[Any]]


def _add_database(
    config: Config, head: Head, archive: _Archive, staging: Path, say: Say
) -> tuple[dict[str, Any], list[str]]:
    copy = staging / head.database
    counted = _dump_postgres(config.database_url, copy) if head.database == POSTGRES else _copy_sqlite(config, copy)
    size = archive.add(head.database, copy)
    copy.unlink()
    say(f"database: {counted[0]['articles']} articles, {counted[0]['accounts']} accounts, {size / 2**20:,.1f} MB")
    return counted


def _copy_sqlite(config: Config, copy: Path) -> tuple[dict[str, Any], list[str]]:
    source = config.data / "broadsheet.sqlite3"
    if not source.exists():
        raise BackupFault(f"There is no publication in {config.data} yet.")
    with closing(_copy_live(source, copy)) as target:
        return counts_of(lambda sql: target.execute(sql).fetchall())


def _copy_live(source: Path, copy: Path) -> sqlite3.Connection:
    """Open on the copy."""
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=20)) as live:
        target = sqlite3.connect(copy)
        # All pages at once: a copy in steps would begin anew with every save of another process.
        live.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        return target


def _dump_postgres(url: str, copy: Path) -> tuple[dict[str, Any], list[str]]:
    program = postgres_program("pg_dump")
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        # pg_dump sees exactly what is counted here.
        run_postgres([program, "--format=custom", "--no-owner", f"--snapshot={row[0]}", f"--file={copy}"], url)
        return counts_of(lambda sql: connection.execute(sql).fetchall())


def counts_of(query: Query) -> tuple[dict[str, Any], list[str]]:
    """What a database holds of `Counts`, and its migrations."""
    counts = {
        "articles": query(_ARTICLES)[0][0],
        "accounts": query(_ACCOUNTS)[0][0],
        "versions": query(_VERSIONS)[0][0],
        "version_head": version_head((row[0], row[1], row[2]) for row in query(_HEADS)),
    }
    return counts, [f"{app}.{name}" for app, name in query(_MIGRATIONS)]


def postgres_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFault(f"{name} is not installed; on Debian or Ubuntu: sudo apt install postgresql-client")
    return found


def run_postgres(command: list[str], url: str) -> None:
    """The password goes by the environment: everybody on the machine can read a command line."""
    given = conninfo_to_dict(url)
    password = str(given.pop("password", None) or "")
    done = subprocess.run(
        [*command, f"--dbname={make_conninfo('', **given)}"],
        env={**os.environ, "PGPASSWORD": password} if password else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFault(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.returncode}")


def say_on_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
