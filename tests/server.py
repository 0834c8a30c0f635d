"""A real `broadsheet serve` in a data folder of its own, started and stopped as an installer would."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.client import Client

START_LIMIT_S = 240  # a first start loads the demo edition, on a machine that has other things to do
STOP_LIMIT_S = 20
_PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent() -> None:
    """In a child, before it becomes its program: end in order if whoever started it is killed, tests or measurement."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """`env` overrides settings; what is not named is as a fresh installation has it, without the demo edition."""

    data: Path
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data.with_name(f"{self.data.name}.server.log")

    @property
    def output(self) -> str:
        """What the server has said so far."""
        return self.log.read_text(errors="replace")

    def environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("BROADSHEET_")
            and name not in ("DATABASE_URL", "EMAIL_URL", "SECRET_KEY", "PAYMENTS")
        }
        return {
            **inherited,
            "BROADSHEET_DATA": str(self.data),
            "BROADSHEET_BIND": f"127.0.0.1:{self.port}",
            "BROADSHEET_DEMO": "0",
            "PYTHONUNBUFFERED": "1",
            **self.env,
        }

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`broadsheet …` with this installation's settings."""
        return subprocess.run(
            [sys.executable, "-m", "broadsheet.site.cli", *command],
            env=self.environment(),
            cwd=self.data.parent,
            capture_output=True,
            text=True,
            check=check,
            timeout=START_LIMIT_S,
        )

    def command(self) -> list[str]:
        return [sys.executable, "-m", "broadsheet.site.cli", "serve"]

    def start(self) -> Server:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                cwd=self.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.wait_until_ready()
        return self

    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> None:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.output}")
            if self.answers("/readyz") == 200:
                return
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready after {limit_s} s:\n{self.output}")

    def answers(self, path: str) -> int | None:
        """The status of a plain GET, or None while nobody answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def client(self, **options: object) -> Client:
        """A browser that has never been here."""
        return Client(self.url, **options)  # type: ignore[arg-type]

    def stop(self) -> int:
        """Ask it to end; its exit status. What does not end in time is killed, and that is a fault."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end in {STOP_LIMIT_S} s:\n{self.output}") from None

    def kill(self) -> None:
        """End all its processes at once, as a power cut would."""
        assert self.process is not None
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(STOP_LIMIT_S)

    def pids(self) -> list[int]:
        """The server's processes, the supervisor first."""
        assert self.process is not None
        return family(self.process.pid)

    def children(self) -> dict[str, list[int]]:
        """The processes of each of the supervisor's children."""
        pid_files = {name: self.data / "run" / f"{name}.pid" for name in ("gate", "site", "worker", "payments")}
        return {name: family(int(file.read_text())) for name, file in pid_files.items() if file.exists()}


def family(founder: int) -> list[int]:
    """A process and all that descend from it, parents before children; zombies are dead."""
    children: dict[int, list[int]] = {}
    alive = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            alive.add(int(folder.name))
            children.setdefault(int(parent), []).append(int(folder.name))
    members, queue = [], [founder] if founder in alive else []
    while queue:
        pid = queue.pop(0)
        members.append(pid)
        queue += sorted(children.get(pid, []))
    return members
