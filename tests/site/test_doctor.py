"""`broadsheet doctor`: each finding, in an installation that is broken in just that way."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from broadsheet import clock
from broadsheet.config import Config, config
from broadsheet.core.meter import Policy
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.pages import Description, Kind, open_pages
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.meter.force import publish_snapshot
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.append_only import TABLE, lift_triggers
from broadsheet.newsroom.models import Purge
from broadsheet.release import release
from broadsheet.site import doctor
from broadsheet.site.doctor import Check, examine
from tests.factories import an_article
from tests.server import Server, free_port


@pytest.fixture
def house(tmp_path: Path) -> Config:
    """An installation in good order, as far as it lies outside the database."""
    house = replace(config(), data=tmp_path / "data", secret_key="k" * 50, base_url="http://127.0.0.1:8000")
    for folder in (house.data, house.keys, house.run, house.log, house.media, house.outbox, house.static):
        folder.mkdir(mode=0o700)
    (house.keys / "secret").touch(0o600)
    open_ledger(house.ledger).publish_policy(PolicySnapshot(Policy(), "", "The Broadsheet"))
    open_pages(house.pages)
    (house.static / "staticfiles.json").write_text(json.dumps({"paths": {"css/page.css": "css/page.1234.css"}}))
    (house.static / "css").mkdir()
    (house.static / "css/page.1234.css").touch()
    (house.static / ".release").write_text(release())
    return house


def found(check: Check, house: Config) -> str:
    """What this check finds, as one text."""
    findings = examine(house, [check])
    assert all(finding.advice for finding in findings)
    return "\n".join(finding.wrong for finding in findings)


OUTSIDE = [
    check for check in doctor.CHECKS if check not in (doctor.database, doctor.meter, doctor.disk)
]  # how full the disk of the tests is, is not ours


def test_an_installation_in_good_order_has_no_findings(house: Config) -> None:
    assert examine(house, OUTSIDE) == []


def test_a_folder_that_cannot_be_written(house: Config) -> None:
    shutil.rmtree(house.log)
    house.log.touch()  # root may write everywhere, but not into a file
    assert f"{house.log} cannot be written" in found(doctor.data_folder, house)


@pytest.mark.parametrize(("free", "is_found"), [(100 * 2**20, True), (4 * 2**30, True), (50 * 2**30, False)])
def test_a_disk_that_is_nearly_full(house: Config, monkeypatch: pytest.MonkeyPatch, free: int, is_found: bool) -> None:
    usage = namedtuple("usage", "total used free")(100 * 2**30, 100 * 2**30 - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert ("MB left" in found(doctor.disk, house)) is is_found


def test_a_short_secret(house: Config) -> None:
    assert "SECRET_KEY has 9 characters" in found(doctor.secrets, replace(house, secret_key="guess-me!"))


def test_keys_that_others_can_read(house: Config) -> None:
    (house.keys / "secret").chmod(0o644)
    assert "can be read by others" in found(doctor.secrets, house)


def test_a_test_clock(house: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "offset_s", 86_400.0)
    assert "test clock" in found(doctor.the_clock, house)


def test_a_clock_that_was_set_back(house: Config) -> None:
    ahead = time.time() + 7200
    os.utime(house.ledger / "data.mdb", (ahead, ahead))
    assert "2.0 hours before files already written" in found(doctor.the_clock, house)


@pytest.mark.parametrize(
    ("base_url", "is_found"),
    [
        ("http://news.example", True),
        ("http://8.8.8.8", True),
        ("https://news.example", False),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://192.168.1.4", False),
    ],
)
def test_readers_without_encryption_on_a_public_address(house: Config, base_url: str, is_found: bool) -> None:
    assert ("unencrypted" in found(doctor.address, replace(house, base_url=base_url))) is is_found


def test_mail_that_only_goes_to_files_on_a_public_address(house: Config) -> None:
    assert "EMAIL_URL is not set" in found(doctor.mail, replace(house, base_url="https://news.example"))


def test_a_mail_server_that_cannot_be_reached(house: Config) -> None:
    assert "cannot be reached" in found(doctor.mail, replace(house, email_url=f"smtp://127.0.0.1:{free_port()}"))


def test_a_mail_whose_writing_was_cut_off(house: Config) -> None:
    draft = house.outbox / ".20260101T000000Z-ab.eml.part"
    draft.touch()
    assert found(doctor.mail, house) == ""  # it may be being written just now
    os.utime(draft, (time.time() - 600, time.time() - 600))
    assert "1 mails" in found(doctor.mail, house)


@pytest.fixture
def broken_connection() -> Iterator[Callable[[Path], None]]:
    """Points the open connection somewhere else for a while."""
    before = connection.settings_dict["NAME"]

    def point_at(file: Path) -> None:
        connection.close()
        connection.settings_dict["NAME"] = file

    yield point_at
    connection.close()
    connection.settings_dict["NAME"] = before


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer(house: Config, broken_connection: Callable[[Path], None]) -> None:
    broken_connection(house.data / "nowhere" / "broadsheet.sqlite3")
    assert "does not answer" in found(doctor.database, house)
    assert Client().get("/readyz").status_code == 503


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_no_database(house: Config, broken_connection: Callable[[Path], None]) -> None:
    (house.data / "broadsheet.sqlite3").write_bytes(b"This was a database once." * 100)
    broken_connection(house.data / "broadsheet.sqlite3")
    assert "does not answer" in found(doctor.database, house)


@pytest.mark.django_db
def test_a_database_of_an_older_release() -> None:
    assert "migrations wait" not in found(doctor.database, config())
    (last,) = MigrationLoader(connection).graph.leaf_nodes("newsroom")
    MigrationRecorder(connection).record_unapplied(*last)
    assert "1 migrations wait" in found(doctor.database, config())


@pytest.mark.django_db
def test_a_database_of_a_newer_release() -> None:
    MigrationRecorder(connection).record_applied("newsroom", "9999_next_year")
    assert "does not know newsroom.9999_next_year" in found(doctor.database, config())


@pytest.mark.django_db
def test_a_database_without_wal(house: Config) -> None:
    file = house.data / "broadsheet.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("CREATE TABLE anything (id)")
    assert "not WAL" in found(doctor.database, house)


@pytest.mark.django_db
def test_a_purge_that_nobody_carried_out() -> None:
    row = Purge.objects.create(tags=["article:1"])
    assert "purges" not in found(doctor.database, config())  # it is being carried out
    Purge.objects.filter(pk=row.pk).update(made_at=clock.now() - timedelta(minutes=10))
    assert "1 purges have not been carried out" in found(doctor.database, config())


@pytest.mark.django_db
def test_a_version_that_was_changed_past_us() -> None:
    article = an_article()
    assert "record of published versions" not in found(doctor.database, config())
    lift_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET content = replace(content, 'ferry', 'bridge')")
    assert f"article {article.pk}, version 1: it was changed" in found(doctor.database, config())


def test_a_page_store_that_cannot_be_read(house: Config) -> None:
    data = replace(house, data=house.data.with_name("other"))
    data.pages.mkdir(parents=True)
    (data.pages / "data.mdb").write_bytes(b"not a page" * 1000)
    assert "page store cannot be read" in found(doctor.page_store, data)


def test_a_page_store_of_another_release(house: Config) -> None:
    open_pages(house.pages).put_description("/a/", Description(Kind("front", release="older")), tags=[], rendered_at=0)
    assert "pages of another release (older)" in found(doctor.page_store, house)


def test_a_ledger_that_is_not_there(house: Config) -> None:
    assert "no meter ledger" in found(doctor.ledger, replace(house, data=house.data.with_name("empty")))


def test_a_ledger_that_cannot_be_read_is_left_alone(house: Config) -> None:
    other = replace(house, data=house.data.with_name("other"))
    other.ledger.mkdir(parents=True)
    (other.ledger / "data.mdb").write_bytes(b"not a ledger" * 1000)
    assert "ledger cannot be read" in found(doctor.ledger, other)
    assert found(doctor.meter, other) == ""
    assert (other.ledger / "data.mdb").read_bytes().startswith(b"not a ledger")


def test_a_ledger_that_is_nearly_full(house: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FULL_SHARE", 0.0)  # 16 GB of counts take long to write
    assert "full; when it is" in found(doctor.ledger, house)


def test_a_ledger_that_was_put_aside(house: Config) -> None:
    (house.data / "ledger.unusable-1767225600").mkdir()
    assert "put aside as ledger.unusable-1767225600" in found(doctor.ledger, house)


def test_a_gate_without_a_policy(house: Config) -> None:
    fresh = replace(house, data=house.data.with_name("fresh"))
    open_ledger(fresh.ledger)
    assert "no meter policy" in found(doctor.meter, fresh)


@pytest.mark.django_db
def test_a_meter_that_was_saved_and_is_not_in_force() -> None:
    publish_snapshot()
    assert found(doctor.meter, config()) == ""
    MeterSettings.objects.update_or_create(defaults={"anonymous_allowance": 4})
    MeterSettings.objects.update(anonymous_allowance=5)  # past save(), as a crash before publishing would leave it
    assert "another meter than the one saved" in found(doctor.meter, config())


@pytest.mark.parametrize("lost", ["staticfiles.json", ".release", "css/page.1234.css"])
def test_static_files_that_are_missing(house: Config, lost: str) -> None:
    (house.static / lost).unlink()
    assert "style sheets and scripts" in (wrong := found(doctor.static_files, house)) or "css/page.1234.css" in wrong


def test_static_files_of_another_release(house: Config) -> None:
    (house.static / ".release").write_text("older")
    assert "another release" in found(doctor.static_files, house)


def test_a_socket_that_nobody_listens_on(house: Config) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(house.site_socket))
        listener.listen()
        assert found(doctor.sockets, house) == ""
    assert "nobody listens" in found(doctor.sockets, house)


def test_a_worker_that_was_not_seen_for_long(house: Config) -> None:
    assert found(doctor.worker, house) == ""  # nobody serves
    with closing(socket.socket(socket.AF_UNIX)) as site:
        site.bind(str(house.site_socket))
        site.listen()
        assert "has not been seen" in found(doctor.worker, house)
        (house.run / "worker.seen").write_text(str(clock.timestamp() - 3600))
        assert "was last seen 3,600 s ago" in found(doctor.worker, house)
        (house.run / "worker.seen").write_text(str(clock.timestamp()))
        assert found(doctor.worker, house) == ""


def test_a_check_that_fails_is_a_finding_and_does_not_end_the_others(house: Config) -> None:
    def the_roof(config: Config) -> Iterator[doctor.Finding]:
        raise OSError("it is on fire")
        yield

    assert [finding.wrong for finding in examine(house, [the_roof, doctor.sockets])] == [
        "The the_roof could not be examined: it is on fire"
    ]


def test_the_command_finds_nothing_in_a_fresh_installation_and_says_so_of_a_broken_one(
    tmp_path: Path, migrated: Path
) -> None:
    server = Server(tmp_path / "data")
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    prepared = subprocess.run(
        [
            sys.executable,
            "-c",
            "from broadsheet.config import config; from broadsheet.site import start; start.prepare(config())",
        ],
        env=server.environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert "editor@localhost" in prepared.stdout
    well = server.run("doctor", check=False)
    assert (well.returncode, well.stdout) == (0, "Nothing is wrong.\n")
    (server.data / "keys" / "house").chmod(0o604)
    ill = server.run("doctor", check=False)
    assert ill.returncode == 1
    assert "can be read by others" in ill.stdout
