"""What a test can ask for: a data folder of its own, a migrated database, a running server, a browser, PostgreSQL."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import django
import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

from broadsheet.release import release
from tests.programs import program
from tests.server import Server, free_port

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

# Django reads its settings once, when it is first imported: the data folder must be chosen before that.
DATA = Path(tempfile.mkdtemp(prefix="broadsheet-tests-"))
# Said to the tests, not to what they test: SOAK=1 asks for the bigger counts.
OURS = {"BROADSHEET_SHARED_DATA", "BROADSHEET_SOAK"}
for name in [name for name in os.environ if name.startswith("BROADSHEET_") and name not in OURS]:
    del os.environ[name]
for name in (
    "SECRET_KEY",
    "EMAIL_URL",
    "DATABASE_URL",
    "TRUSTED_PROXIES",
    "PAYMENTS",
    "STRIPE_KEY",
    "STRIPE_HOOK_SECRET",
):
    os.environ[name] = ""
os.environ |= {
    "BROADSHEET_DATA": str(DATA),
    "BROADSHEET_TESTING": "1",
    "BROADSHEET_BASE_URL": "http://testserver",
    "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
}
django.setup()  # pytest-django looked for settings before this file was read


def pytest_sessionfinish() -> None:
    shutil.rmtree(DATA, ignore_errors=True)


# Services a test may need: where to look for the program


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            require(name)


def require(name: str) -> str:
    """The path of a program; without it the test is skipped, and in CI it fails: there, everything is installed."""
    found = program(name)
    if found is None:
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse(f"{name} is not installed; script/test installs it")
    return found


MIGRATED = pytest.StashKey[Path]()

# The database. Migrating from nothing takes many seconds, so what came of it is kept until a migration changes.


def _migrations_digest() -> str:
    root = Path(__file__).parent.parent
    digest = hashlib.sha256((root / "requirements.lock").read_bytes())
    for file in sorted([*root.glob("src/broadsheet/*/migrations/*.py"), root / "src/broadsheet/site/settings.py"]):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:20]


@pytest.fixture(scope="session")
def migrated(pytestconfig: pytest.Config, django_db_blocker: DjangoDbBlocker) -> Path:
    """A database file as `broadsheet migrate` leaves it."""
    folder = pytestconfig.cache.mkdir("migrated")
    file = folder / f"{_migrations_digest()}.sqlite3"
    if not file.exists():
        draft = file.with_suffix(f".{os.getpid()}")
        with tempfile.TemporaryDirectory() as data:
            environment = {**os.environ, "BROADSHEET_DATA": data}
            command = [sys.executable, "-m", "broadsheet.site.cli", "migrate"]
            subprocess.run(command, env=environment, check=True, capture_output=True)
            _copy_database(Path(data) / "broadsheet.sqlite3", draft)
        for stale in folder.glob("*.sqlite3"):
            if stale != file:  # another run of these tests may just have made it
                stale.unlink(missing_ok=True)
        draft.rename(file)
    # A copy of this run's own: runs of another version of the tree take away what they do not know.
    own = DATA / "migrated.sqlite3"
    shutil.copy(file, own)
    return own


def _copy_database(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as from_, sqlite3.connect(target) as to:
        from_.backup(to)


@pytest.fixture(scope="session")
def collected(pytestconfig: pytest.Config) -> None:
    """Static files under their hashed names, as a start collects them: no page can be drawn without."""
    kept = pytestconfig.cache.mkdir("static")
    folder = kept / release()
    if not folder.exists():
        for stale in kept.iterdir():
            with suppress(FileNotFoundError):  # another run took it away, or gave its draft the name it keeps
                if stale.stat().st_mtime < time.time() - 86_400:  # younger ones may serve a run that is under way
                    shutil.rmtree(stale)
        draft = kept / f"draft-{os.getpid()}"
        with tempfile.TemporaryDirectory() as data:
            command = [sys.executable, "-m", "django", "collectstatic", "--no-input", "--verbosity=0"]
            subprocess.run(command, env={**os.environ, "BROADSHEET_DATA": data}, check=True, capture_output=True)
            shutil.copytree(Path(data) / "static", draft)
        try:
            draft.rename(folder)
        except OSError:  # another run of these tests was faster, and what it collected is the same
            if not folder.is_dir():
                raise
            shutil.rmtree(draft)
    os.utime(folder)  # in use, however old
    (DATA / "static").symlink_to(folder, target_is_directory=True)
    from django.contrib.staticfiles.storage import staticfiles_storage

    # It read the names when Django was set up, and there were none.
    staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


@pytest.fixture(scope="session")
def django_db_setup(
    migrated: Path, collected: None, pytestconfig: pytest.Config, django_db_blocker: DjangoDbBlocker
) -> None:
    """In place of pytest-django's: the database of this run's own data folder, as migrations leave it."""
    pytestconfig.stash[MIGRATED] = migrated
    shutil.copy(migrated, DATA / "broadsheet.sqlite3")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """After a test that commits, a fresh copy of the database: flushing also takes away what migrations put there."""
    result = yield
    marker = item.get_closest_marker("django_db")
    commits = "transactional_db" in getattr(item, "fixturenames", ()) or (marker and marker.kwargs.get("transaction"))
    if commits and (migrated := item.config.stash.get(MIGRATED, None)):
        from django.db import connections

        connections.close_all()
        for beside in DATA.glob("broadsheet.sqlite3-*"):
            beside.unlink()
        shutil.copy(migrated, DATA / "broadsheet.sqlite3")
    return result


# A server, as an installer starts it


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A publication with the demo edition, shared by the tests that only read it or use accounts of their own."""
    server = Server(tmp_path_factory.mktemp("edition") / "data", {"BROADSHEET_DEMO": "1", "BROADSHEET_TESTING": "1"})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, driven by Playwright; make a context of your own from it for a jar of your own."""
    chromium = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DATABASE_URL of an empty database in a cluster of its own."""
    initdb = Path(require("initdb"))
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-postgres-"))
    # PostgreSQL refuses to run as root.
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, **owner)
    cluster, port = folder / "cluster", free_port()
    quick = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "listen_addresses=127.0.0.1"]
    subprocess.run(
        [initdb, "-D", cluster, "-U", "broadsheet", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd=folder, **owner,
    )  # fmt: skip
    server = subprocess.Popen(
        [initdb.with_name("postgres"), "-D", cluster, "-p", str(port), *quick],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"), cwd=folder, **owner,
    )  # fmt: skip
    try:
        url = f"postgres://broadsheet@127.0.0.1:{port}/postgres"
        _wait_for_postgres(url, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_postgres(url: str, log: Path) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
