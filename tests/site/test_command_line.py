"""The command line, the settings and the first start, as an installer meets them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.config import SETTINGS
from broadsheet.site import setup
from broadsheet.site.cli import COMMANDS
from tests.server import Server, family

ROOT = Path(__file__).parent.parent.parent


def broadsheet(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broadsheet.site.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


# ── help and settings


def test_help_names_every_command_and_every_setting_with_its_default() -> None:
    helped = broadsheet("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^    {command.name}\b", helped, re.MULTILINE)
    for setting in SETTINGS.values():
        assert setting.variable in helped
        assert setting.help in helped
        assert f"{setting.variable} [{setting.default}]" in helped or not setting.default


def test_help_answers_without_loading_django() -> None:
    probe = "import sys, broadsheet.site.cli as cli; cli.settings_help(); print('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stdout == "False\n"


def test_every_setting_is_documented_as_it_is() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", documented, re.MULTILINE))
    assert rows == {
        setting.variable: f"`{setting.default}` | {setting.help}".removeprefix("`` ")
        if setting.default
        else f" | {setting.help}"
        for setting in SETTINGS.values()
    }


def test_every_wrong_setting_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    wrong = {
        "BROADSHEET_BIND": "nowhere",
        "BROADSHEET_WORKERS": "none",
        "DATABASE_URL": "mysql://x",
        "TRUSTED_PROXIES": "me",
    }
    refused = broadsheet("serve", BROADSHEET_DATA=str(tmp_path / "data"), **wrong)
    assert refused.returncode == 2
    for variable in wrong:
        assert f"{variable}=" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()


def test_the_clock_of_tests_needs_testing() -> None:
    refused = broadsheet("doctor", BROADSHEET_TESTING="0", BROADSHEET_NOW="2026-01-31T23:59:00+00:00")
    assert refused.returncode == 2
    assert "only honoured together with BROADSHEET_TESTING=1" in refused.stderr


def test_a_line_of_the_env_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# settings\nBROADSHEET_WORKERS 2\n")
    refused = subprocess.run(
        [sys.executable, "-m", "broadsheet.site.cli", "doctor"], cwd=tmp_path, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "line 2" in refused.stderr


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = broadsheet("serve", BROADSHEET_DATA=str(tmp_path / "file" / "data"))
    assert refused.returncode == 2
    assert str(tmp_path / "file") in refused.stderr
    assert "Traceback" not in refused.stderr


# ── the first start, and the second


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Server:
    """An installation that has been started once, and stopped. The tests of this module start it again."""
    server = Server(tmp_path_factory.mktemp("begun") / "data")
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    server.start()
    assert server.stop() == 0
    return server


def test_the_first_start_says_where_it_is_and_how_to_sign_in(begun: Server, password: str) -> None:
    said = begun.output
    assert f"{begun.url}/admin/" in said
    assert "editor@localhost" in said
    assert str(begun.data / "outbox") in said
    assert password not in (begun.data / "first-start.json").read_text()


def test_what_is_secret_is_for_the_owner_only(begun: Server) -> None:
    for folder in ("keys", "run", "log", "outbox", "ledger"):
        assert stat.S_IMODE((begun.data / folder).stat().st_mode) & 0o077 == 0, folder
    for key in (begun.data / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0, key


@pytest.fixture(scope="module")
def again(begun: Server) -> Iterator[Server]:
    """The same installation, started again and running; with the demo edition asked for, too late."""
    server = Server(begun.data, {"BROADSHEET_DEMO": "1"})
    begun.log.rename(begun.log.with_suffix(".first"))
    server.start()
    yield server
    if server.process and server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def password(begun: Server) -> str:
    (password,) = re.findall(r"with the password (\S+)", begun.output)
    return password


def test_the_second_start_does_nothing_twice(begun: Server, password: str, again: Server) -> None:
    said = again.output
    assert "create-editor editor@localhost" in said
    assert password not in said
    assert "Preparing the database" not in said
    assert "Collecting" not in said
    assert "Ready to serve" in said


def test_the_editor_signs_in_with_the_printed_password(password: str, again: Server) -> None:
    editor = again.client()
    form = editor.get("/login/password/?next=/admin/").form(having="password")
    refused = editor.submit(form, {"email": "editor@localhost", "password": "not-" + password})
    assert editor.get("/admin/", follow=False).status == 302
    editor.submit(refused.form(having="password"), {"email": "editor@localhost", "password": password})
    assert editor.get("/admin/", follow=False).status == 200


def test_an_empty_publication_stays_empty_when_the_setting_changes(again: Server) -> None:
    assert "Loading the demo edition" not in again.output
    assert again.client().get("/world/").status == 404


def test_a_second_server_on_the_same_data_is_refused(again: Server) -> None:
    refused = Server(again.data).run("serve", check=False)
    assert refused.returncode == 1
    assert "already running" in refused.stderr
    assert again.answers("/healthz") == 200


def test_ctrl_c_ends_every_process(again: Server) -> None:
    assert again.process is not None
    members = family(again.process.pid)
    assert len(members) >= 4  # supervisor, gate, site, worker
    os.kill(again.process.pid, signal.SIGINT)
    assert again.process.wait(20) == 0
    assert [pid for pid in members if Path(f"/proc/{pid}").exists()] == []


# ── other commands


def test_create_editor_says_the_new_password(begun: Server, password: str) -> None:
    said = begun.run("create-editor", "editor@localhost").stdout
    assert "editor@localhost signs in at" in said
    assert re.fullmatch(r"[0-9a-f-]{20}", said.split()[-1])
    assert said.split()[-1] != password


def test_rotate_keys_keeps_the_last_key(begun: Server) -> None:
    before = json.loads((begun.data / "keys" / "readers").read_text())
    begun.run("rotate-keys")
    after = json.loads((begun.data / "keys" / "readers").read_text())
    assert after["current"] != before["current"]
    assert after["keys"][str(before["current"])] == before["keys"][str(before["current"])]


def test_a_database_that_is_down_is_named(begun: Server) -> None:
    refused = broadsheet(
        "migrate", BROADSHEET_DATA=str(begun.data), DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing"
    )
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert "database" in refused.stderr.lower()


# ── setting up, and taking the demo edition out


@pytest.fixture
def begun_by_nobody(tmp_path: Path, migrated: Path) -> Path:
    """A data folder whose database is there, and nothing else."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated, data / "broadsheet.sqlite3")
    return data


def test_setup_names_the_publication_and_gives_its_editor_a_password(begun_by_nobody: Path) -> None:
    given = [
        "--name",
        "Harbour Post",
        "--language",
        "he",
        "--zone",
        "Asia/Jerusalem",
        "--editor",
        "desk@harbour.example",
    ]
    done = broadsheet("setup", *given, BROADSHEET_DATA=str(begun_by_nobody))
    assert done.returncode == 0, done.stderr
    assert "Harbour Post, language he, time zone Asia/Jerusalem." in done.stdout
    assert re.search(r"desk@harbour\.example signs in at \S+/admin/ with the password \w{6}-\w{6}-\w{6}", done.stdout)
    # It is a publication of its own now: the demo edition does not come with the first start.
    assert json.loads((begun_by_nobody / "first-start.json").read_text()) == {
        "editor": "desk@harbour.example",
        "demo": False,
    }
    again = broadsheet("setup", "--zone", "Europe/Berlin", BROADSHEET_DATA=str(begun_by_nobody))
    assert again.stdout == "Harbour Post, language he, time zone Europe/Berlin.\n"


def test_setup_says_every_answer_that_cannot_be_used_and_does_nothing(tmp_path: Path) -> None:
    wrong = ["--language", "Hebrew!", "--zone", "Berlin", "--editor", "desk"]
    refused = broadsheet("setup", *wrong, BROADSHEET_DATA=str(tmp_path / "data"))
    assert refused.returncode == 2
    for field in ("language 'Hebrew!'", "zone 'Berlin'", "editor 'desk'"):
        assert field in refused.stderr
    assert not (tmp_path / "data" / "broadsheet.sqlite3").exists()


def test_setup_without_options_and_without_a_terminal_says_what_it_needs(tmp_path: Path) -> None:
    refused = broadsheet("setup", BROADSHEET_DATA=str(tmp_path / "data"))
    assert refused.returncode == 2
    assert "--name" in refused.stderr


def test_the_questions_take_enter_for_what_stands_there_and_ask_again_for_what_cannot_be_used() -> None:
    typed = iter(["Harbour Post", "Hebrew!", "he", "berlin", "Europe/Berlin", ""])
    said: list[str] = []
    asked: list[str] = []

    def read(question: str) -> str:
        asked.append(question)
        return next(typed)

    answers = setup.ask(setup.guesses("editor@localhost"), read, said.append)
    assert any("en English, he עברית; for any other" in question for question in asked)
    assert answers == setup.Answers("Harbour Post", "he", "Europe/Berlin", "editor@localhost")
    assert any("as HTML names it" in line for line in said)
    assert any("Perhaps Europe/Berlin?" in line for line in said)


def test_whoever_closes_the_questions_takes_the_rest_as_it_stands() -> None:
    typed = iter(["Harbour Post"])

    def read(question: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    answers = setup.ask(setup.Answers("The Broadsheet", "en", "UTC", "editor@localhost"), read, lambda line: None)
    assert answers == setup.Answers("Harbour Post", "en", "UTC", "editor@localhost")


def test_the_first_start_of_an_empty_publication_is_told_by_the_environment(tmp_path: Path, migrated: Path) -> None:
    given = {"NAME": "Harbour Post", "LANGUAGE": "he", "ZONE": "Asia/Jerusalem", "EDITOR": "desk@harbour.example"}
    server = Server(tmp_path / "data", {"BROADSHEET_DEMO": "0", **{f"BROADSHEET_{k}": v for k, v in given.items()}})
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    server.start()
    try:
        assert "desk@harbour.example" in server.output
        front = urllib.request.urlopen(f"{server.url}/").read().decode()
    finally:
        server.stop()
    assert '<html lang="he" dir="rtl">' in front
    assert "Harbour Post" in front
    assert "הגיליון הראשון בהכנה" in front


def test_remove_demo_says_so_where_there_is_no_demo(begun_by_nobody: Path) -> None:
    done = broadsheet("remove-demo", BROADSHEET_DATA=str(begun_by_nobody))
    assert done.returncode == 0
    assert "There is nothing of the demo edition here to remove." in done.stdout
