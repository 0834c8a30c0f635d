"""The supervisor: what dies starts again, what is told to end ends in order, and a killed supervisor leaves no mess."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import Server


def until(holds: Callable[[], bool], what: str, limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"not in {limit_s} s: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Server]:
    """One for all, as a start takes its time; the tests run in the order they stand in."""
    logs = {"BROADSHEET_LOG": "json", "BROADSHEET_LOG_ACCESS": "1"}
    server = Server(tmp_path_factory.mktemp("supervised") / "data", logs)
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    yield server.start()
    if server.process is not None and server.process.poll() is None:
        server.stop()


def pid(server: Server, name: str) -> int:
    try:
        return int((server.data / "run" / f"{name}.pid").read_text())
    except (OSError, ValueError):
        return 0


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_very_first_start_writes_its_log_as_every_other(server: Server) -> None:
    """The module's server has just started in a folder where nothing was."""
    assert server.answers("/healthz?seen=by-whom") == 200
    until(lambda: '"path": "/healthz"' in server.output, "the gate writes JSON", 10)


def test_a_second_server_on_the_same_data_is_refused(server: Server) -> None:
    second = server.run("serve", check=False)
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert server.answers("/readyz") == 200


def test_a_server_on_a_port_that_is_taken_is_refused(server: Server, tmp_path: Path) -> None:
    """Two would share the port in silence, and each get half of the readers."""
    environment = server.environment() | {"BROADSHEET_DATA": str(tmp_path / "other")}
    command = [sys.executable, "-m", "broadsheet.site.serve"]
    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "in use" in second.stderr
    # Said before anything is made, which takes a minute.
    whole = subprocess.run(
        [*command[:-1], "broadsheet.site.cli", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (whole.returncode, "in use" in whole.stderr) == (1, True)
    assert not (tmp_path / "other" / "broadsheet.sqlite3").exists()


def test_a_killed_supervisor_takes_its_children_along_and_the_next_starts_at_once(server: Server) -> None:
    assert server.process is not None
    left = server.pids()
    server.process.kill()
    server.process.wait()
    server.start()
    assert not set(left) & set(server.pids())
    until(lambda: not any(map(is_alive, left)), "what was left behind has ended", 15)
    time.sleep(1)
    assert server.answers("/readyz") == 200, "what was left behind took the new socket away"


def test_what_dies_starts_again_and_all_ends_in_order(server: Server) -> None:
    for name, path in [("gate", "/healthz"), ("site", "/readyz"), ("worker", "/readyz")]:
        killed = pid(server, name)
        os.kill(killed, signal.SIGKILL)
        until(lambda name=name, killed=killed: pid(server, name) not in (0, killed), f"the {name} starts again")
        until(lambda path=path: server.answers(path) == 200, f"the {name} answers")
    left = server.pids()
    assert server.stop() == 0
    until(lambda: not any(map(is_alive, left)), "all have ended", 5)
    assert not (server.data / "run" / "site.sock").exists()
