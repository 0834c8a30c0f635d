"""The gate as it runs: real Granian processes on a data folder of their own, with a small paper that plays the site."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broadsheet.config import Config, read
from broadsheet.site.serve import gate_command, site_command
from tests.client import Answer, Client
from tests.server import free_port


@dataclass
class Paper:
    data: Path
    port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BROADSHEET_", "TRUSTED_"))}
        ours = {"BROADSHEET_DATA": str(self.data), "BROADSHEET_BIND": f"127.0.0.1:{self.port}"}
        return kept | ours | self.env

    @property
    def config(self) -> Config:
        return read(self.environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.data / "output").read_text()

    def start(self) -> Paper:
        self.config.run.mkdir(parents=True, exist_ok=True)
        self.start_site()
        self.start_gate()
        return self

    def start_site(self) -> None:
        command = site_command(self.config)
        command[-1] = "tests.gate.paper:application"
        self.config.site_socket.unlink(missing_ok=True)
        self._start("site", command)
        until(lambda: self._listens(socket.AF_UNIX, str(self.config.site_socket)), "the site listens")

    def start_gate(self) -> None:
        self._start("gate", gate_command(self.config))
        until(lambda: self._listens(socket.AF_INET, ("127.0.0.1", self.port)), "the gate listens")

    def _start(self, name: str, command: list[str]) -> None:
        with (self.data / "output").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def _listens(self, family: int, address: object) -> bool:
        with socket.socket(family) as probe:
            return probe.connect_ex(address) == 0

    def workers(self, name: str = "gate") -> list[int]:
        """The worker processes, without Granian's own."""
        pid = self.processes[name].pid
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
        return [int(line) for line in found.stdout.split()]

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if name == "gate":  # its workers die a little later, and must not be taken for those of the next one
            until(lambda: not self._listens(socket.AF_INET, ("127.0.0.1", self.port)), "the killed gate is gone")

    def stop(self) -> None:
        for name in ("gate", "site"):
            if name in self.processes:
                self.processes[name].terminate()
        for name in ("gate", "site"):
            if (process := self.processes.pop(name, None)) is not None:
                with suppress(subprocess.TimeoutExpired):  # readers who are still connected are waited for
                    process.wait(10)
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def reader(self, **options: object) -> Client:
        return Client(self.url, **options)  # type: ignore[arg-type]

    def act(self, path: str) -> Answer:
        """Something a test does behind the gate: publish, purge, change the policy."""
        answer = self.reader().get(f"/admin/{path}")
        assert answer.status == 200, answer.text
        return answer

    def raw(self, sent: bytes, timeout_s: float = 5) -> bytes:
        """What comes back for these bytes until the connection is closed or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as connection:
            connection.sendall(sent)
            received = b""
            try:
                while piece := connection.recv(65536):
                    received += piece
            except TimeoutError:
                received += b"<still open>"
            return received


def until(holds: Callable[[], bool], what: str, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"not in {limit_s} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def shared_paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """One server for all tests that leave nothing behind but readers. Two workers: nothing may depend on one."""
    paper = Paper(tmp_path_factory.mktemp("paper"), env={"BROADSHEET_WORKERS": "2"}).start()
    yield paper
    paper.stop()
    assert "Traceback" not in paper.log, paper.log


@pytest.fixture
def paper(shared_paper: Paper) -> Paper:
    return shared_paper


@pytest.fixture
def own_paper(tmp_path: Path) -> Iterator[Callable[..., Paper]]:
    """Servers a test may break."""
    started: list[Paper] = []

    def start(**env: str) -> Paper:
        data = tmp_path / f"data{len(started)}"
        data.mkdir()
        started.append(Paper(data, env=env))
        return started[-1].start()

    yield start
    for paper in started:
        paper.stop()
