"""The supervisor: starts site, worker and gate, starts again what dies, reloads them, and ends all in order.

Where it is in use, the fake payment provider is one more child. The supervisor stays small by knowing nothing of what its
children do: it imports neither Django nor the gate.

Reload (SIGHUP) drops no request: a new site starts beside the old one, on a socket of its own; then a new gate, on the
sockets the old one listens on, which are the supervisor's and stay open; the old gate finishes what it has and ends; then
the old site, whom nobody asks any more. If a new one does not come up the old ones stay. A gate asks the site it was started
with and no other: what the two say to each other may change from one release to the next.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import logging
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
from broadsheet.config import SITE_SOCKET, BadSetting, Config, config
from broadsheet.site.locks import SERVER, take
from broadsheet.site.logs import ACCESS_FORMAT, configure, logging_config
from broadsheet.site.reload import Outcome
from broadsheet.site.sockets import SOCKETS, watched

log = logging.getLogger(__name__)

SITE_THREADS = 8
LONGEST_START_S = 120
LONGEST_STOP_S = 12  # then a child is killed
LONGEST_STOP_OF_SERVERS_S = 6  # … and so is a request that takes longer; of two, one after the other
LONGEST_DRAIN_S = 130  # at a reload: longer than the slowest upload the gate lets pass
LONGEST_ACCEPTING_S = 5  # a worker notices within a second that it should stop
LAST_TO_ASK_S = 2  # from being accepted to sending the request
BACKLOG = 2048
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
    longest_stop_s: float = LONGEST_STOP_OF_SERVERS_S
    socket: Path | None = None  # a site's own …
    asks: Path | None = None  # … and that of the site a gate asks
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause_s: float = 0.0


def main() -> int:
    try:
        settings = config()
        configure(settings)
        return Supervisor(settings).run()
    except BadSetting as wrong:
        print(wrong, file=sys.stderr)
        return 2


class Supervisor:
    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._reloading = False
        self._sites = 0  # so far: each has a socket of its own
        self._sockets: list[socket.socket] = []
        self._started: list[Child] = []
        self._site: Child
        self._gate: Child
        self._worker = Child("worker", [sys.executable, "-m", "broadsheet.site.cli", "worker"], LONGEST_STOP_S)
        self._payments = _pretended_payments(settings)

    def run(self) -> int:
        """Serve until told to stop. 0 well; 1 where it could not begin."""
        self._settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._sole_server()
        if lock is None:
            log.error("A server is already running on %s.", self._settings.data)
            return 1
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        signal.signal(signal.SIGHUP, lambda *_: setattr(self, "_reloading", True))
        self._write_logging_config()  # before the commands that name it are made
        self._site = self._new_site()
        self._gate = self._new_gate(self._site)
        self._end_left_behind()
        if fault := port_fault(self._settings):
            log.error("%s", fault)
            return 1
        self._sockets = _listening(self._settings.bind, self._settings.workers)
        try:
            if not self._begin():
                return 0 if self._stopping.is_set() else 1
            log.info("Serving on %s", self._settings.base_url)
            while not self._stopping.wait(LOOK_EVERY_S):
                self._end_the_unreachable()
                self._start_the_dead()
                if self._reloading:
                    self._reloading = False
                    self._reload().write(self._settings)
            return 0
        finally:
            self._end()
            lock.close()

    def _begin(self) -> bool:
        """The site first: when the gate answers, everything does."""
        self._start(self._site)
        if not self._wait_for(self._site, self._site_answers(self._site), self._start_the_dead):
            return False
        self._lead_to(self._site)
        for child in (*self._payments, self._worker, self._gate):
            self._start(child)
        host, port = self._settings.bind
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where to ask, not where to bind

        def gate_answers() -> bool:
            return _answers(http.client.HTTPConnection(near, port, timeout=5), "/healthz", self._settings.host)

        return self._wait_for(self._gate, gate_answers, self._start_the_dead)

    def _wait_for(self, child: Child, is_there: Callable[[], bool], if_not_yet: Callable[[], object]) -> bool:
        """`if_not_yet` answers False where there is nothing to wait for."""
        deadline = time.monotonic() + LONGEST_START_S
        while not self._stopping.wait(0.05):
            if is_there():
                return True
            if time.monotonic() > deadline:
                log.error("The %s does not answer after %d s.", child.name, LONGEST_START_S)
                return False
            if if_not_yet() is False:
                return False
        return False

    # ── reload

    def _reload(self) -> Outcome:
        """Let new children take over from the old ones; what could not be done, and that the old ones stay."""
        began = time.monotonic()
        log.info("Reloading.")
        if (status := self._prepare("--keep-pages")) != 0:
            return self._not_reloaded(f"preparing the new release ended with {status}; its reason is above")
        old_site, old_gate = self._site, self._gate
        new_site = self._new_site()
        self._start(new_site, keep_alive=False)
        if not self._wait_for(new_site, self._site_answers(new_site), lambda: _is_alive(new_site)):
            self._drop(new_site)
            return self._not_reloaded("the new site does not start; its reason is above")
        self._lead_to(new_site)
        new_gate = self._new_gate(new_site)
        self._start(new_gate, keep_alive=False)
        # Both gates take from the same queues, so asking proves nothing: it is seen to wait for connections.
        if not self._wait_for(new_gate, lambda: _accepts(new_gate, self._sockets), lambda: _is_alive(new_gate)):
            self._lead_to(old_site)
            self._drop(new_gate)
            self._drop(new_site)
            return self._not_reloaded("the new gate does not start; its reason is above")
        self._site, self._gate = new_site, new_gate
        self._started = [new_site, *self._payments, self._worker, new_gate]
        for child in self._started:
            if child.process is not None:
                self._pid_file(child).write_text(f"{child.process.pid}\n")
        self._drop(self._worker)  # no two of them work at once; the next one starts while we wait
        self._worker.start_at = 0.0
        for child in self._payments:
            self._drop(child)
            self._start(child)  # at once: a reader may be about to pay
        self._stop_accepting(old_gate)
        self._drain(old_gate)
        self._drain(old_site)
        self._prepare()  # pages that the old site made to its end
        log.info("Reloaded after %.1f s.", time.monotonic() - began)
        return Outcome(True, f"Reloaded after {time.monotonic() - began:.1f} s.")

    def _not_reloaded(self, why: str) -> Outcome:
        log.error("Not reloaded, and the old program goes on: %s.", why)
        return Outcome(False, f"Not reloaded, and the old program goes on: {why}.")

    def _prepare(self, *options: str) -> int:
        """Database, static files, pages of other releases: what every start does first, by the program as it is now."""
        command = [sys.executable, "-m", "broadsheet.site.cli", "prepare", *options]
        return subprocess.run(command, env=_environment(), stdin=subprocess.DEVNULL, check=False).returncode

    def _stop_accepting(self, gate: Child) -> None:
        """Then wait until whoever was accepted last has asked."""
        if gate.process is None:
            return
        for worker in _accepting(gate.process.pid, self._sockets):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGUSR1)
        deadline = time.monotonic() + LONGEST_ACCEPTING_S
        while _accepting(gate.process.pid, self._sockets) and time.monotonic() < deadline:
            self._stopping.wait(0.05)
        self._stopping.wait(LAST_TO_ASK_S)

    def _drain(self, child: Child) -> None:
        """Let it finish what it has begun."""
        if child.process is None:
            return
        child.process.terminate()
        deadline = time.monotonic() + LONGEST_DRAIN_S
        while _is_alive(child) and not self._stopping.wait(0.05):
            self._start_the_dead()
            if time.monotonic() > deadline:
                log.warning("The old %s still had requests after %d s; they were cut off.", child.name, LONGEST_DRAIN_S)
                break
        self._bury_quietly(child)

    def _drop(self, child: Child) -> None:
        if child.process is not None:
            child.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(child.longest_stop_s)
            self._bury_quietly(child)

    def _bury_quietly(self, child: Child) -> None:
        assert child.process is not None
        _kill_group(child.process.pid)
        child.process.wait()
        child.process = None

    def _new_site(self) -> Child:
        self._sites += 1
        path = self._settings.run / f"site-{os.getpid()}-{self._sites}.sock"
        return Child("site", site_command(self._settings, path), socket=path)

    def _new_gate(self, site: Child) -> Child:
        return Child("gate", gate_command(self._settings), asks=site.socket)

    def _lead_to(self, site: Child) -> None:
        """Whoever connects from now on reaches this one: `run/site.sock` is a link, replaced at once."""
        assert site.socket is not None
        draft = self._settings.run / f"site.sock.{os.getpid()}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(site.socket.name)
        draft.replace(self._settings.site_socket)

    def _site_answers(self, site: Child) -> Callable[[], bool]:
        assert site.socket is not None
        path = site.socket
        return lambda: _answers(_UnixConnection(path), "/readyz", self._settings.host)

    # ── what dies

    def _end_left_behind(self) -> None:
        """What a supervisor that was killed has left: it would take the new site's socket away when it ends."""
        for left in self._settings.run.glob("site*.sock"):
            left.unlink(missing_ok=True)
        for child in (self._gate, self._worker, *self._payments, self._site):
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
            assert self._site.socket is not None
            if self._site.socket.exists():
                self._lead_to(self._site)  # only the link is gone
            else:
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
        log.error("The %s ended (%s) and starts again in %.1f s.", child.name, status, child.pause_s)

    def _start(self, child: Child, keep_alive: bool = True) -> None:
        """`keep_alive`: start it again when it dies."""
        if child.socket is not None:
            child.socket.unlink(missing_ok=True)
        if keep_alive and child not in self._started:
            self._started.append(child)
        child.started_at = time.monotonic()
        told = _environment()
        descriptors: list[int] = []
        if child.asks is not None:
            descriptors = [one.fileno() for one in self._sockets]
            told |= {SOCKETS: ",".join(map(str, descriptors)), SITE_SOCKET: str(child.asks)}
        child.process = subprocess.Popen(
            child.command,
            env=told,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we end the children in order
            preexec_fn=_end_with_parent,
        )
        if keep_alive:
            self._pid_file(child).write_text(f"{child.process.pid}\n")

    def _end(self) -> None:
        """The site last, so that nobody asks one that has gone."""
        for group in ([self._gate, self._worker], [*self._payments, self._site]):
            ending = [(child, child.process) for child in group if child.process is not None]
            for _, process in ending:
                process.terminate()
            began = time.monotonic()
            for child, process in ending:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, began + child.longest_stop_s - time.monotonic()))
                _kill_group(process.pid)
                process.wait()
                self._pid_file(child).unlink(missing_ok=True)
            for one in self._sockets:
                one.close()
        self._settings.site_socket.unlink(missing_ok=True)

    def _write_logging_config(self) -> None:
        _logging_file(self._settings).write_text(json.dumps(logging_config(self._settings)))

    def _pid_file(self, child: Child) -> Path:
        return self._settings.run / f"{child.name}.pid"

    def _sole_server(self) -> TextIOWrapper | None:
        """Held as long as we serve this data folder; None if another server does."""
        lock = take(self._settings.run / SERVER)
        if lock is not None:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        return lock


def gate_command(settings: Config) -> list[str]:
    """Granian's defaults are loose; these are what was measured to refuse early without turning readers away."""
    host, port = settings.bind
    return [
        *_granian("gate", settings, "broadsheet.site.gate_server"),
        *("--interface", "rsgi", "--host", host, "--port", str(port), "--workers", str(settings.workers)),
        *("--runtime-mode", "mt", "--runtime-threads", "1", "--loop", "uvloop", "--task-impl", "rust"),
        *("--http1-buffer-size", "16384", "--http1-header-read-timeout", "10000"),
        # Counts idle connections too. A proxy in front must absorb slow clients.
        *("--backlog", str(BACKLOG), "--backpressure", "2048"),
        "broadsheet.gate.app:app",
    ]


def site_command(settings: Config, path: Path | None = None) -> list[str]:
    path = path or settings.site_socket
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise BadSetting(f"BROADSHEET_DATA={settings.data}: choose a shorter path; a socket is kept in it.")
    return [
        *_granian("site", settings),
        *("--interface", "wsgi", "--uds", str(path), "--uds-permissions", "600"),
        *("--workers", "1", "--blocking-threads", str(SITE_THREADS), "--backpressure", "512"),
        # The gate has bounded the header already; what it adds must fit.
        *("--http1-buffer-size", "65536", "--http1-header-read-timeout", "60000"),
        "broadsheet.site.wsgi:application",
    ]


def _pretended_payments(settings: Config) -> list[Child]:
    """The fake payment provider: a stranger to us as a real one is, but one that we start and end."""
    if "fake" not in settings.payments:
        return []
    return [Child("payments", [sys.executable, "-m", "broadsheet.giving.providers.fake"])]


def _granian(name: str, settings: Config, module: str = "granian") -> list[str]:
    logs = ["--log-config", str(_logging_file(settings))] if _logging_file(settings).exists() else []
    access = ["--access-log", "--access-log-fmt", ACCESS_FORMAT] if settings.log_access and name == "gate" else []
    return [
        *(sys.executable, "-m", module, "--process-name", f"broadsheet-{name}", "--log-level", "error"),
        *logs,
        *access,
        *("--http", "1", "--no-ws", "--respawn-failed-workers", "--respawn-interval", "0.5"),
        # How long requests may take to finish when it is told to end; who cannot wait so long kills it.
        *("--workers-kill-timeout", str(LONGEST_DRAIN_S)),
    ]


def _logging_file(settings: Config) -> Path:
    return settings.run / "logging.json"


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


def port_fault(config: Config) -> str:
    """Why nobody can listen at BROADSHEET_BIND; empty: it is free.

    Asked, as ours may be shared, and another server's too: each would get half of the readers.
    """
    host, port = config.bind
    try:
        with socket.socket(_family(config.bind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(config.bind)
    except OSError as fault:
        return f"BROADSHEET_BIND={host}:{port} cannot be used: {fault.strerror}."
    return ""


def _listening(bind: tuple[str, int], count: int) -> list[socket.socket]:
    """One socket a gate worker, on the same port: the kernel shares connections out among them."""
    sockets = []
    for _ in range(count):
        one = socket.socket(_family(bind))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(bind)
        one.listen(BACKLOG)
        one.setblocking(False)
        sockets.append(one)
    return sockets


def _family(bind: tuple[str, int]) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in bind[0] else socket.AF_INET


def _accepts(gate: Child, sockets: list[socket.socket]) -> bool:
    """Whether workers of this gate wait for connections on each of the sockets."""
    return gate.process is not None and len(_accepting(gate.process.pid, sockets)) >= len(sockets)


def _accepting(server: int, sockets: list[socket.socket]) -> list[int]:
    """The workers of this server that wait for connections."""
    inodes = {os.fstat(one.fileno()).st_ino for one in sockets}
    with suppress(OSError):
        workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return [int(worker) for worker in workers if watched(worker, inodes)]
    return []


def _is_alive(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


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
