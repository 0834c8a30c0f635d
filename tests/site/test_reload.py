"""A reload drops no request, and a release that cannot start changes nothing."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.crowds import Crowd
from tests.server import Server

pytestmark = pytest.mark.timeout(600)  # a reload is two starts of the site, beside readers

PATHS = ["/", "/healthz", "/readyz", "/login/"]  # stored, the gate's own, the site's own; none of them is limited


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Server]:
    server = Server(
        tmp_path_factory.mktemp("reloaded") / "data", {"BROADSHEET_WORKERS": "2", "METRICS_TOKEN": "t" * 24}
    )
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    yield server.start()
    if server.process is not None and server.process.poll() is None:
        server.stop()


class Readers(Crowd):
    """Some who connect anew for every request, and some who keep their connection, from `with` to its end."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__(*(partial(self._read, number) for number in range(4)))

    def _read(self, number: int) -> None:
        keeps = number == 3
        connection: http.client.HTTPConnection | None = None
        while not self.stopping.is_set():
            for path in PATHS[number % 4 :] + PATHS[: number % 4]:
                is_reused = connection is not None
                connection = connection or http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
                try:
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    answer.read()
                    self.seen[answer.status] += 1
                    goes_on = keeps and answer.getheader("connection") != "close"
                except (OSError, http.client.HTTPException) as fault:
                    # A connection may be closed while nothing is asked on it: whoever keeps one asks again on another.
                    self.seen["closed while idle" if is_reused else repr(fault)] += 1
                    goes_on = False
                if not goes_on:
                    connection.close()
                    connection = None
                time.sleep(0.02)  # the new program needs a processor to start on


def pids(server: Server) -> dict[str, str]:
    return {name: (server.data / "run" / f"{name}.pid").read_text() for name in ("gate", "site", "worker")}


def test_new_processes_take_over_and_no_request_is_dropped(server: Server) -> None:
    before = pids(server)
    with Readers(server.port) as readers:
        time.sleep(1)
        said = server.run("reload").stdout
        time.sleep(1)
    assert "Reloaded after" in said
    after = pids(server)
    assert all(before[name] != after[name] for name in before)
    assert set(readers.seen) <= {200, "closed while idle"}, readers.seen
    assert readers.seen[200] > 50
    assert readers.seen["closed while idle"] <= 2 * 1  # from one gate worker to the next, at most twice


def test_a_form_that_is_being_sent_is_answered(server: Server) -> None:
    body = b"email=slow%40example.org"
    head = (
        f"POST /register/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.url}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
        slow.sendall(head.encode() + body[:5])
        reloading = threading.Thread(target=server.run, args=["reload"])
        before = pids(server)["gate"]
        reloading.start()
        sent = 5
        while pids(server)["gate"] == before:  # the new gate has taken over
            time.sleep(1)
            if sent < len(body) - 1:
                slow.sendall(body[sent : sent + 1])
                sent += 1
        slow.sendall(body[sent:])
        assert slow.recv(64).startswith(b"HTTP/1.1 303")
    reloading.join()


def test_a_program_that_cannot_start_leaves_the_old_one_serving(server: Server) -> None:
    before = pids(server)
    with closing(sqlite3.connect(server.data / "broadsheet.sqlite3")) as database:
        row = database.execute(
            "SELECT id, app, name FROM django_migrations WHERE app = 'readers' ORDER BY id DESC"
        ).fetchone()
        database.execute(
            "DELETE FROM django_migrations WHERE id = ?", row[:1]
        )  # it would be carried out again, and fail
        database.commit()
        with Readers(server.port) as readers:
            done = server.run("reload", check=False)
        database.execute("INSERT INTO django_migrations (id, app, name, applied) VALUES (?, ?, ?, '2019-10-01')", row)
        database.commit()
    assert done.returncode == 1
    assert "the old program goes on" in done.stderr
    assert pids(server) == before
    assert set(readers.seen) == {200}, readers.seen


def test_a_hangup_reloads_too(server: Server) -> None:
    before = pids(server)
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 120
    while any(pids(server)[name] == before[name] for name in before):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert server.answers("/readyz") == 200


def test_metrics_are_for_who_has_the_token_and_nothing_for_others(server: Server) -> None:
    def asked(**headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/metrics", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    assert asked()[0] == asked(Authorization="Bearer wrong")[0] == 404
    assert asked(**{"X-Broadsheet-Client": "127.0.0.1", "X-Forwarded-For": "127.0.0.1"})[0] == 404
    server.client().get("/register/")
    refused = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    refused.request("GET", "/", headers={"Host": "other.example"})
    assert refused.getresponse().status == 421
    status, text = asked(Authorization=f"Bearer {'t' * 24}")
    assert status == 200
    values = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if not line.startswith("#")
    }
    assert values['broadsheet_site_requests_total{asked="other",status="2xx"}'] >= 1
    assert values["broadsheet_worker_last_round_seconds"] < 60
    assert values['broadsheet_gate_refusals_total{status="421"}'] == 1
    assert 0 <= values["broadsheet_page_store_used_ratio"] < 1
    assert values["broadsheet_purges_waiting"] == 0
    assert any(name.startswith("broadsheet_release_info") for name in values)


def test_a_reload_without_a_server_says_so(tmp_path: Path) -> None:
    alone = Server(tmp_path / "data")
    alone.data.mkdir()
    done = alone.run("reload", check=False)
    assert done.returncode == 1 and "No server runs" in done.stderr
