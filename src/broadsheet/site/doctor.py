"""`broadsheet doctor`: what is wrong with this installation, and what to do about it. It looks and changes nothing.

`READY` is the part of it that costs next to nothing: `/readyz` answers from it. What the newsroom's first screen says too
(`site/troubles.py`) can be translated; the terminal speaks English.
"""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import socket
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import lmdb
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.gate.ledger import MAP_BYTES, open_ledger
from broadsheet.gate.pages import open_pages
from broadsheet.giving import checking
from broadsheet.giving.providers.fake.asking import socket_of
from broadsheet.giving.reconciling import differing
from broadsheet.meter.force import is_in_force
from broadsheet.newsroom.models import Purge
from broadsheet.newsroom.models.versions import PublishedVersion
from broadsheet.newsroom.searching import index as search_index
from broadsheet.newsroom.versions import verify_chain
from broadsheet.release import release
from broadsheet.site.mail import PORTS
from broadsheet.site.start import migrations_waiting, unknown_migrations
from broadsheet.site.worker import OVERDUE_S, last_seen

LEAST_FREE_SHARE = 0.05
LEAST_FREE_BYTES = 500 * 2**20
FULL_SHARE = 0.8
PURGE_OVERDUE = timedelta(minutes=1)
DRAFT_OVERDUE_S = 60
CLOCK_SLACK_S = 300
SHORTEST_SECRET = 32
MOST_NAMED = 5  # of many faults of one kind


@dataclass(frozen=True)
class Finding:
    wrong: str
    advice: str


Check = Callable[[Config], Iterator[Finding]]


def examine(config: Config, checks: Sequence[Check] | None = None) -> list[Finding]:
    """Every finding, in the order of `CHECKS`. A check that cannot be made is a finding, too."""
    findings: list[Finding] = []
    for check in CHECKS if checks is None else checks:
        try:
            findings += check(config)
        except (OSError, DatabaseError, lmdb.Error, ValueError, ImproperlyConfigured) as fault:
            wrong = _("The %(thing)s could not be examined: %(fault)s") % {"thing": check.__name__, "fault": fault}
            findings.append(Finding(wrong, _("Look at the line above.")))
    return findings


# ── the machine


def data_folder(config: Config) -> Iterator[Finding]:
    for folder in (config.data, config.ledger, config.pages, config.log, config.media, config.outbox, config.run):
        if folder.exists() and not _is_writable(folder):
            yield Finding(
                f"{folder} cannot be written.", f"Give it to the user who runs Broadsheet: chown -R … {folder}"
            )


def _is_writable(folder: Path) -> bool:
    """Really tried: root is told that everything is writable, also on a disk that is mounted read-only."""
    probe = folder / f".doctor-{os.getpid()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError:
        return False
    return True


def disk(config: Config) -> Iterator[Finding]:
    usage = shutil.disk_usage(config.data)
    if usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE_SHARE:
        yield Finding(
            _("The disk of %(folder)s has only %(free)s MB left (%(share)s of %(total)s GB).")
            % {
                "folder": config.data,
                "free": f"{usage.free / 2**20:,.0f}",
                "share": f"{usage.free / usage.total:.0%}",
                "total": f"{usage.total / 2**30:,.0f}",
            },
            _("Make room: publishing and the meter stop when it is full. data/pages may be deleted at any time."),
        )


def secrets(config: Config) -> Iterator[Finding]:
    if len(config.secret_key) < SHORTEST_SECRET:
        yield Finding(
            f"SECRET_KEY has {len(config.secret_key)} characters: sessions could be forged.",
            "Set one of at least 50 random characters, or none: one is then made and kept in data/keys/.",
        )
    for file in sorted(config.keys.iterdir()) if config.keys.is_dir() else []:
        if file.is_file() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding(f"{file} can be read by others on this machine.", f"chmod 600 {file}")


def the_clock(config: Config) -> Iterator[Finding]:
    if abs(clock.offset_s) > CLOCK_SLACK_S:
        yield Finding(
            f"A test clock is in force: Broadsheet believes it is {clock.now():%Y-%m-%d %H:%M} UTC.",
            "Unset BROADSHEET_NOW and BROADSHEET_TESTING, and start again.",
        )
    newest = max((file.stat().st_mtime for file in _written_lately(config)), default=0.0)
    if newest > time.time() + CLOCK_SLACK_S:
        yield Finding(
            f"The machine's clock stands {(newest - time.time()) / 3600:,.1f} hours before files already written.",
            "Set the clock (timedatectl): windows of the meter, sign-in codes and schedules go by it.",
        )


def _written_lately(config: Config) -> list[Path]:
    files = [config.data / "broadsheet.sqlite3", config.data / "broadsheet.sqlite3-wal", config.ledger / "data.mdb"]
    return [file for file in files if file.exists()]


def address(config: Config) -> Iterator[Finding]:
    if config.is_https or not _is_public(urlsplit(config.base_url).hostname or ""):
        return
    yield Finding(
        f"Readers use {config.base_url}: their codes, passwords and reading travel unencrypted.",
        "Put a proxy with a certificate in front and set BROADSHEET_BASE_URL=https://…; see docs/running.md.",
    )


def _is_public(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_global
    return host != "localhost" and not host.endswith((".localhost", ".local", ".internal", ".test", ".home.arpa"))


def sockets(config: Config) -> Iterator[Finding]:
    for file in sorted(config.run.glob("*.sock")):
        if not _is_listened_to(file):
            yield Finding(
                f"{file} is there, but nobody listens: its process has ended, or was killed.",
                "Start Broadsheet (it clears the socket away); if it is running, restart it and look at its log.",
            )


def _is_listened_to(file: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(file))
        except OSError:
            return False
        return True


# ── mail


def mail(config: Config) -> Iterator[Finding]:
    if config.email_url:
        yield from _mail_server(config)
    elif _is_public(urlsplit(config.base_url).hostname or ""):
        yield Finding(
            f"EMAIL_URL is not set: readers of {config.base_url} wait for codes that only go to {config.outbox}.",
            "Set EMAIL_URL to your mail server.",
        )
    if stuck := unfinished_mails(config):
        yield Finding(
            f"{stuck} mails in {config.outbox} were begun and never finished.",
            "Their writing was cut off (a full disk, a crash). Delete the .part files; those readers must ask again.",
        )


def unfinished_mails(config: Config) -> int:
    drafts = config.outbox.glob(".*.part")
    return sum(time.time() - draft.stat().st_mtime > DRAFT_OVERDUE_S for draft in drafts)


def _mail_server(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.email_url)
    connect = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    port = parts.port or PORTS[parts.scheme]
    try:
        with connect(parts.hostname or "localhost", port, timeout=5) as server:
            server.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as fault:
        yield Finding(
            f"The mail server {parts.hostname}:{port} cannot be reached: {fault}",
            "Nobody can register until it can. Check EMAIL_URL, and that this machine may connect to it.",
        )


# ── what is stored


def database(config: Config) -> Iterator[Finding]:
    """Whatever else is asked of the database makes sense only once it answers and is of this release."""
    reachable = list(database_answers(config))
    yield from reachable
    if reachable:
        return
    waiting = migrations_waiting()
    if waiting:
        yield Finding(
            f"The database is of an older release: {waiting} migrations wait.",
            "Run `broadsheet migrate`, or start anew.",
        )
        return
    if unknown := unknown_migrations():
        yield Finding(
            f"The database belongs to a newer release: this one does not know {unknown[0]}.",
            "Go on with that release, or restore the backup that was made before it was installed.",
        )
        return
    yield from _journal(config)
    yield from _durability(config)
    yield from _purges(config)
    yield from _versions(config)
    yield from _search(config)
    yield from _books(config)


def database_answers(config: Config) -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as fault:
        yield Finding(
            f"The database does not answer: {fault}".strip(),
            "Check DATABASE_URL, and that PostgreSQL runs."
            if config.database_url
            else f"Check that {config.data}/broadsheet.sqlite3 is there, whole, and belongs to this user.",
        )


def _journal(config: Config) -> Iterator[Finding]:
    if connection.vendor != "sqlite":
        return
    # Asked on a connection of its own: ours would have set the mode just now.
    with closing(_bare_sqlite(config)) as bare:
        (mode,) = bare.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        yield Finding(
            f"The SQLite database is in journal mode {mode!r}, not WAL: readers and writers wait for each other.",
            "Keep data/ on a local disk (WAL cannot work on a network share), stop other programs that use the file.",
        )


def _durability(config: Config) -> Iterator[Finding]:
    """What was answered as kept must be on the disk: an event of a payment provider is told once, and then forgotten there."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'")
        for (name,) in cursor.fetchall():
            yield Finding(
                f"PostgreSQL runs with {name} off: when the machine stops, the database may be lost, the ledger with it.",
                f"Set {name} = on in postgresql.conf and reload PostgreSQL.",
            )


def _purges(config: Config) -> Iterator[Finding]:
    left = Purge.objects.filter(made_at__lt=clock.now() - PURGE_OVERDUE).count()
    if left:
        yield Finding(
            f"{left} purges have not been carried out: readers may see pages from before a change.",
            "Start Broadsheet (it carries them out first); if it is running, its worker is not.",
        )


def _versions(config: Config) -> Iterator[Finding]:
    broken = broken_versions()
    if broken:
        yield Finding(
            f"The record of published versions does not hold in {len(broken)} places: {'; '.join(broken[:MOST_NAMED])}.",
            "Somebody changed the table past Broadsheet. Compare with a backup before anything else is published.",
        )


def broken_versions() -> list[str]:
    """What of the whole record is not as it was written."""
    articles = PublishedVersion.objects.order_by("article_id").values_list("article_id", flat=True).distinct()
    return [
        f"article {fault.article_id}, version {fault.number}: {fault.what}"
        for article in articles
        for fault in verify_chain(article)
    ]


def _search(config: Config) -> Iterator[Finding]:
    found = search_index.differences()
    if found.count:
        yield Finding(
            f"Readers cannot search what is published: {len(found.missing)} articles are not in the index, {len(found.stale)}"
            f" are in it as they were before, {len(found.surplus)} should not be in it.",
            "Run `broadsheet index-search`; it may run while readers search.",
        )


def _books(config: Config) -> Iterator[Finding]:
    for fault in checking.faults():
        yield Finding(
            f"The books are not whole: {fault}.",
            "docs/money.md says what each of these means. Before anything is changed past Broadsheet, make a backup.",
        )
    yield from reconciled(config)


def reconciled(config: Config) -> Iterator[Finding]:
    """What the worker found when it last compared the books with the payment providers."""
    for kept in differing():
        if kept.fault:
            yield Finding(
                _("The books could not be compared with %(provider)s: %(why)s")
                % {"provider": kept.provider, "why": kept.fault},
                _("It is tried again every few hours. Should it go on, see whether the provider can be reached."),
            )
        if kept.differences:
            count = len(kept.differences)
            yield Finding(
                ngettext(
                    "The books and %(provider)s differ in %(count)d line.",
                    "The books and %(provider)s differ in %(count)d lines.",
                    count,
                )
                % {"provider": kept.provider, "count": count},
                _(
                    "Run broadsheet ledger check --mend; it names what is left. docs/money.md says how that is put right."
                ),
            )


def page_store(config: Config) -> Iterator[Finding]:
    if not (config.pages / "data.mdb").exists():
        return  # it is made when it is needed
    try:
        _share_used(config.pages)
    except lmdb.Error as fault:
        yield Finding(
            f"The page store cannot be read: {fault}", f"Stop Broadsheet, delete {config.pages}, start again."
        )
        return
    if strangers := open_pages(config.pages).releases() - {release()}:
        yield Finding(
            f"The page store holds pages of another release ({', '.join(sorted(strangers)[:MOST_NAMED])}).",
            "Start Broadsheet again: it removes them first.",
        )


def ledger(config: Config) -> Iterator[Finding]:
    yield from ledger_file(config)
    for aside in sorted(config.data.glob(f"{config.ledger.name}.unusable-*")):
        yield Finding(
            f"A ledger that could not be read was put aside as {aside.name}; counts began anew then.",
            "If a backup has it, restore it; otherwise delete the folder.",
        )


def ledger_file(config: Config) -> Iterator[Finding]:
    """Only read: to open a ledger that cannot be read is to put it aside."""
    if not (config.ledger / "data.mdb").exists():
        yield Finding(
            f"There is no meter ledger in {config.ledger}.", "Start Broadsheet: it makes one, and counts begin anew."
        )
        return
    try:
        used = _share_used(config.ledger)
    except lmdb.Error as fault:
        yield Finding(
            f"The meter ledger cannot be read: {fault}",
            f"Restore {config.ledger} from a backup; else the next start puts it aside, and counts begin anew.",
        )
        return
    if used > FULL_SHARE:
        yield Finding(
            f"The meter ledger is {used:.0%} full; when it is, nothing more is counted.",
            "See that the worker runs: it forgets closed windows. If it does, shorten the window.",
        )


def meter(config: Config) -> Iterator[Finding]:
    """Whether the gate decides by what is saved. Asked only of a ledger that can be read, see above."""
    if list(ledger_file(config)):
        return
    unset = list(policy(config))
    yield from unset
    if not unset and not list(database_answers(config)) and not migrations_waiting() and not is_in_force():
        yield Finding(
            "The gate decides by another meter than the one saved in the newsroom.",
            "Save the meter's settings once more, or start Broadsheet again.",
        )


def policy(config: Config) -> Iterator[Finding]:
    if open_ledger(config.ledger).policy() is None:
        yield Finding(
            _("The gate has no meter policy: every article is open."),
            _("Start Broadsheet, or save the meter's settings."),
        )


def static_files(config: Config) -> Iterator[Finding]:
    manifest = config.static / "staticfiles.json"
    mark = config.static / ".release"
    if not manifest.exists() or not mark.exists():
        yield Finding(
            f"There are no style sheets and scripts in {config.static}.", "Start Broadsheet: it collects them."
        )
    elif mark.read_text() != release():
        yield Finding(
            f"The style sheets and scripts in {config.static} are of another release.",
            "Start Broadsheet again: it collects them first.",
        )
    else:
        collected = json.loads(manifest.read_text())["paths"].values()
        missing = [name for name in collected if not (config.static / name).exists()]
        if missing:
            yield Finding(
                f"{len(missing)} static files are missing: {', '.join(missing[:MOST_NAMED])}.",
                f"Delete {mark} and start Broadsheet again: it collects them anew.",
            )


def _bare_sqlite(config: Config) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{config.data}/broadsheet.sqlite3?mode=ro", uri=True)


def _share_used(folder: Path) -> float:
    """Of a store's map; raises lmdb.Error if it cannot be read. Without what opening it may do to a damaged one."""
    try:
        environment = lmdb.open(str(folder), readonly=True, create=False, max_dbs=16)
    except lmdb.Error as fault:
        if "already open in this process" not in str(fault):
            raise
        return (folder / "data.mdb").stat().st_size / MAP_BYTES  # an open one can be read
    with environment:
        with environment.begin() as txn:
            txn.stat(environment.open_db(None, txn))
        info = environment.info()
        return info["last_pgno"] * environment.stat()["psize"] / info["map_size"]


# ── the processes


def worker(config: Config) -> Iterator[Finding]:
    """Only where the server runs; without it, nobody expects a worker."""
    if not _is_listened_to(config.site_socket):
        return
    last = last_seen(config)
    if last is None or clock.timestamp() - last > OVERDUE_S:
        yield Finding(
            _("The worker has not been seen: nothing is published on schedule, nothing is swept.")
            if last is None
            else _("The worker was last seen %(seconds)s s ago: nothing is published on schedule, nothing is swept.")
            % {"seconds": f"{clock.timestamp() - last:,.0f}"},
            _("Restart Broadsheet, and look into its log for why the worker ended."),
        )


def pretended_payments(config: Config) -> Iterator[Finding]:
    """Where `PAYMENTS` names the fake provider."""
    if "fake" not in config.payments:
        return
    if _is_listened_to(config.site_socket) and not _is_listened_to(socket_of(config)):
        yield Finding(
            _("The fake payment provider does not answer: nobody can pretend to give."),
            _("Restart Broadsheet, and look into its log for why the provider ended."),
        )
    if _is_public(urlsplit(config.base_url).hostname or "") and not config.demo:
        yield Finding(
            _("Readers of %(address)s can give, but no real money moves: PAYMENTS names the fake provider.")
            % {"address": config.base_url},
            _("Set PAYMENTS to stripe, to manual, or to both, and start Broadsheet again."),
        )


# In the order of a house: ground, walls, what is kept inside, who works there.
CHECKS: list[Check] = [
    data_folder,
    disk,
    secrets,
    the_clock,
    address,
    mail,
    database,
    page_store,
    ledger,
    meter,
    static_files,
    sockets,
    worker,
    pretended_payments,
]

# What a load balancer asks every few seconds of a process that has the stores open.
READY: dict[str, Check] = {"database": database_answers, "meter": policy}
