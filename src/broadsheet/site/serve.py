"""The supervisor: starts site, worker and gate, starts again what dies, and ends all in order.

It stays small by knowing nothing of what its children do: it imports neither Django nor the gate.
"""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from broadsheet import clock
from broadsheet.config import BadSetting, Config, config

SITE_THREADS = 8
LONGEST_START_S = 120
LONGEST_STOP_S = 12  # then a child is killed
LOOK_EVERY_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
SETTLED_S = 60  # a child that has lived this long starts again at once

_LONGEST_SOCKET_PATH = 100  # Linux allows 107 bytes
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass
class Child:
    """A process of ours, and how long we wait before it may start again."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause_s: float = 0.0


def main() -> int:
    try:
        return Supervisor(config()).run()
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return 2


class Supervisor:
    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._site = Child("site", site_command(settings))
        self._worker = Child("worker", [sys.executable, "-m", "broadsheet.site.cli", "worker"])
        self._gate = Child("gate", gate_command(settings))
        self._started: list[Child] = []

    def run(self) -> int:
        """Serve until told to stop. 0 well; 1 where it could not begin."""
        self._settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._sole_server()
        if lock is None:
            print(f"A server is already running on {self._settings.data}.", file=sys.stderr)
            return 1
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        self._end_left_behind()
        if (why := _taken(self._settings.bind)) is not None:
            print(why, file=sys.stderr)
            return 1
        try:
            if not self._begin():
                return 0 if self._stopping.is_set() else 1
            print(f"Serving on {self._settings.base_url}", flush=True)
            while not self._stopping.wait(LOOK_EVERY_S):
                self._end_the_unreachable()
                self._start_the_dead()
            return 0
        finally:
            self._end()
            lock.close()

    def _begin(self) -> bool:
        """The site first: when the gate answers, everything does."""
        self._start(self._site)
        if not self._wait_for(self._site, lambda: _UnixConnection(self._settings.site_socket), "/readyz"):
            return False
        self._start(self._worker)
        self._start(self._gate)
        host, port = self._settings.bind
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where to ask, not where to bind
        return self._wait_for(self._gate, lambda: http.client.HTTPConnection(near, port, timeout=5), "/healthz")

    def _wait_for(self, child: Child, connection: Callable[[], http.client.HTTPConnection], path: str) -> bool:
        deadline = time.monotonic() + LONGEST_START_S
        while not self._stopping.wait(0.05):
            if _answers(connection(), path, self._settings.host):
                return True
            if time.monotonic() > deadline:
                print(f"The {child.name} does not answer after {LONGEST_START_S} s.", file=sys.stderr)
                return False
            self._start_the_dead()
        return False

    def _end_left_behind(self) -> None:
        """What a supervisor that was killed has left: it would take the new site's socket away when it ends."""
        for child in (self._gate, self._worker, self._site):
            with suppress(OSError, ValueError):
                pid = int(self._pid_file(child).read_text())
                if b"broadsheet" in Path(f"/proc/{pid}/cmdline").read_bytes() and os.getsid(pid) == pid:
                    _kill_group(pid)
                    while Path(f"/proc/{pid}").exists():
                        time.sleep(0.02)

    def _end_the_unreachable(self) -> None:
        """A site whose socket someone has removed."""
        site = self._site.process
        age_s = time.monotonic() - self._site.started_at
        if site is not None and age_s > LONGEST_START_S and not self._settings.site_socket.exists():
            site.terminate()

    def _start_the_dead(self) -> None:
        for child in self._started:
            if child.process is not None and (status := child.process.poll()) is not None:
                self._bury(child, status)
            if child.process is None and time.monotonic() >= child.start_at:
                self._start(child)

    def _bury(self, child: Child, status: int) -> None:
        """Its own children too: a server that was killed leaves its workers behind, on our port."""
        assert child.process is not None
        _kill_group(child.process.pid)
        child.process = None
        if time.monotonic() - child.started_at >= SETTLED_S:
            child.pause_s = 0.0
        else:
            child.pause_s = min(max(FIRST_PAUSE_S, 2 * child.pause_s), LONGEST_PAUSE_S)
        child.start_at = time.monotonic() + child.pause_s
        print(
            f"The {child.name} ended ({status}) and starts again in {child.pause_s:.1f} s.", file=sys.stderr, flush=True
        )

    def _start(self, child: Child) -> None:
        if child is self._site:
            self._settings.site_socket.unlink(missing_ok=True)
        if child not in self._started:
            self._started.append(child)
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we end the children in order
            preexec_fn=_end_with_parent,
        )
        self._pid_file(child).write_text(f"{child.process.pid}\n")

    def _end(self) -> None:
        """The site last, so that nobody asks one that has gone."""
        for group in ([self._gate, self._worker], [self._site]):
            ending = [(child, child.process) for child in group if child.process is not None]
            for _, process in ending:
                process.terminate()
            deadline = time.monotonic() + LONGEST_STOP_S
            for child, process in ending:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, deadline - time.monotonic()))
                _kill_group(process.pid)
                process.wait()
                self._pid_file(child).unlink(missing_ok=True)

    def _pid_file(self, child: Child) -> Path:
        return self._settings.run / f"{child.name}.pid"

    def _sole_server(self) -> TextIOWrapper | None:
        """Held as long as we serve this data folder; None if another server does."""
        lock = (self._settings.run / "server.pid").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock


def gate_command(settings: Config) -> list[str]:
    """Granian's defaults are loose; these are what was measured to refuse early without turning readers away."""
    host, port = settings.bind
    return [
        *_granian("gate"),
        *("--interface", "rsgi", "--host", host, "--port", str(port), "--workers", str(settings.workers)),
        *("--runtime-mode", "mt", "--runtime-threads", "1", "--loop", "uvloop", "--task-impl", "rust"),
        *("--http1-buffer-size", "16384", "--http1-header-read-timeout", "10000"),
        # Counts idle connections too. A proxy in front must absorb slow clients.
        *("--backlog", "2048", "--backpressure", "2048"),
        "broadsheet.gate.app:app",
    ]


def site_command(settings: Config) -> list[str]:
    if len(os.fsencode(settings.site_socket)) > _LONGEST_SOCKET_PATH:
        raise BadSetting(f"BROADSHEET_DATA={settings.data}: choose a shorter path; a socket is kept in it.")
    return [
        *_granian("site"),
        *("--interface", "wsgi", "--uds", str(settings.site_socket), "--uds-permissions", "600"),
        *("--workers", "1", "--blocking-threads", str(SITE_THREADS), "--backpressure", "512"),
        # The gate has bounded the header already; what it adds must fit.
        *("--http1-buffer-size", "65536", "--http1-header-read-timeout", "60000"),
        "broadsheet.site.wsgi:application",
    ]


def _granian(name: str) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--process-name", f"broadsheet-{name}", "--log-level", "error"),
        *("--http", "1", "--no-ws", "--respawn-failed-workers", "--respawn-interval", "0.5"),
        # A worker told to end while it starts misses it and must be killed.
        *("--workers-kill-timeout", "5"),
    ]


def _environment() -> dict[str, str]:
    """Ours, with the clock all processes agree on, and without what would quietly change Granian's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRANIAN_")}
    kept.setdefault("MALLOC_ARENA_MAX", "2")  # glibc would keep up to eight heaps a core, each with its own holes
    if clock.offset_s:
        kept[clock.OFFSET_VARIABLE] = repr(clock.offset_s)
    return kept


def _end_with_parent() -> None:
    """In the child, before it becomes its program: end in order if the supervisor is killed."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _taken(bind: tuple[str, int]) -> str | None:
    """Why nobody can listen here. Granian would share the port with whoever has it, and each get half of the readers."""
    family = socket.AF_INET6 if ":" in bind[0] else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(bind)
        except OSError as fault:
            return f"BROADSHEET_BIND={bind[0]}:{bind[1]} cannot be used: {fault.strerror}."
    return None


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("site", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _answers(connection: http.client.HTTPConnection, path: str, host: str) -> bool:
    """Whether someone is there, whatever they say of their health."""
    try:
        connection.request("GET", path, headers={"Host": host, "X-Broadsheet-Scheme": "http"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


if __name__ == "__main__":
    sys.exit(main())
