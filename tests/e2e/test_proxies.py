"""The proxies of `deploy/`, really run before a publication on https, with a certificate made for the purpose."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.conftest import Story, copy_of, stories_of
from tests.server import Server, end_with_parent, free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "news.example"
CLAIMED = "203.0.113.5"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True)
class Proxied:
    server: Server
    stories: list[Story]
    https: int
    http: int

    def get(self, path: str, host: str = HOST, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(HOST)
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=30)
        connection.sock = ssl._create_unverified_context().wrap_socket(plain, server_hostname=HOST)
        return answer_of(connection, path, host, headers)

    def get_directly(self, path: str, **headers: str) -> Answer:
        return answer_of(http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30), path, HOST, headers)


def answer_of(connection: http.client.HTTPConnection, path: str, host: str, headers: dict[str, str]) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers={"Host": host, **named})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Answer(answer.status, answer.getheaders(), body)


@pytest.fixture(scope="module")
def secure(edition: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A publication at https://news.example, behind a proxy on this machine."""
    env = {
        "BROADSHEET_BASE_URL": f"https://{HOST}",
        "TRUSTED_PROXIES": "127.0.0.1/32",
        "METRICS_ALLOW": "203.0.113.0/24",  # /metrics tells us which address the publication believes
    }
    server = copy_of(edition, tmp_path_factory.mktemp("secure") / "data", env)
    with server.log.open("ab") as log:
        server.process = subprocess.Popen(
            [sys.executable, "-m", "broadsheet.site.cli", "serve"], env=server.environment(), stdout=log, stderr=log,
            cwd=server.data.parent, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent,
        )  # fmt: skip
    deadline = time.monotonic() + 120
    while not _answers(server.port):
        assert time.monotonic() < deadline, server.output
        time.sleep(0.2)
    yield server
    server.stop()


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        return answer_of(connection, "/readyz", HOST, {}).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxied(
    request: pytest.FixtureRequest, secure: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    program = shutil.which(request.param) or shutil.which(request.param, path="/usr/sbin")
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}", "-addext",
         f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    proxied = Proxied(secure, stories_of(secure), free_port(), free_port())
    command = {"nginx": nginx, "caddy": caddy}[request.param](program, folder, proxied)
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment, preexec_fn=end_with_parent)
    deadline = time.monotonic() + 20
    while socket.socket().connect_ex(("127.0.0.1", proxied.https)):
        assert process.poll() is None and time.monotonic() < deadline, (folder / "said").read_text()
        time.sleep(0.05)
    yield proxied
    process.terminate()
    process.wait(20)


def nginx(program: str, folder: Path, proxied: Proxied) -> list[str]:
    """Our file as it is, but for ports and where the certificate lies."""
    site = re.sub(r"^\s*listen \[::\].*\n", "", (DEPLOY / "nginx.conf").read_text(), flags=re.MULTILINE)
    for old, new in [
        ("listen 80;", f"listen 127.0.0.1:{proxied.http};"),
        ("listen 443 ", f"listen 127.0.0.1:{proxied.https} "),
        ("/etc/letsencrypt/live/news.example/fullchain.pem", str(folder / "cert.pem")),
        ("/etc/letsencrypt/live/news.example/privkey.pem", str(folder / "key.pem")),
        ("127.0.0.1:8000", f"127.0.0.1:{proxied.server.port}"),
    ]:
        assert old in site
        site = site.replace(old, new)
    own = "user root;\n" if os.geteuid() == 0 else ""
    kinds = "".join(f"{kind}_temp_path {folder};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    file.write_text(f"{own}pid {folder}/pid;\ndaemon off;\nerror_log stderr;\nevents {{}}\nhttp {{\n{kinds}{site}}}\n")
    return [program, "-c", str(file), "-p", str(folder)]


def caddy(program: str, folder: Path, proxied: Proxied) -> list[str]:
    site = (DEPLOY / "Caddyfile").read_text()
    for old, new in [
        (
            "{\n\tservers {",
            f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port {proxied.http}\n\tservers {{",
        ),
        (f"\n{HOST} {{", f"\nhttps://{HOST}:{proxied.https} {{\n\ttls {folder}/cert.pem {folder}/key.pem"),
        ("127.0.0.1:8000", f"127.0.0.1:{proxied.server.port}"),
    ]:
        assert old in site
        site = site.replace(old, new)
    file = folder / "Caddyfile"
    file.write_text(site)
    return [program, "run", "--adapter", "caddyfile", "--config", str(file)]


def test_it_is_served_under_its_name_and_under_no_other(proxied: Proxied) -> None:
    assert proxied.get("/").status == 200
    other = proxied.get("/", host="other.example")
    assert other.status == 421 or other.body == b""  # Caddy has no site of that name, and says nothing


def test_cookies_are_for_https_alone(proxied: Proxied) -> None:
    counted = proxied.get(proxied.stories[3].path)
    cookies = counted.all("set-cookie")
    assert any(cookie.startswith("reader=") for cookie in cookies)
    assert all("secure" in cookie.lower() for cookie in cookies)
    assert counted.all("strict-transport-security") == proxied.get("/register/").all("strict-transport-security") != []


def test_what_a_reader_claims_of_their_address_is_not_believed(proxied: Proxied) -> None:
    told_by_proxy = {"X_Forwarded_For": CLAIMED, "X_Forwarded_Proto": "https"}
    assert proxied.get_directly("/metrics", **told_by_proxy).status == 200, (
        "nothing would be tried: it is not believed at all"
    )
    assert proxied.get("/metrics", **told_by_proxy).status == 404
    assert proxied.get("/metrics", **told_by_proxy, X_Broadsheet_Client=CLAIMED).status == 404


def test_a_metered_page_is_kept_by_nobody_and_counts_each_reader(proxied: Proxied) -> None:
    path = proxied.stories[5].path
    first, second = proxied.get(path), proxied.get(path)
    assert "no-store" in first.all("cache-control")[0] or "private" in first.all("cache-control")[0]
    assert first.all("set-cookie") != second.all("set-cookie"), "one reader was given another's cookie"
    assert first.all("age") == []


def test_compressed_pages_pass_untouched(proxied: Proxied) -> None:
    path = proxied.stories[7].path
    for encoding in ("br", "gzip"):
        proxied.get(path)
        behind, directly = (get("/", Accept_Encoding=encoding) for get in (proxied.get, proxied.get_directly))
        assert behind.all("content-encoding") == directly.all("content-encoding") == [encoding]
        assert behind.body == directly.body
        assert proxied.get(path, Accept_Encoding=encoding).all("content-encoding") == [encoding]


def test_whoever_comes_by_http_is_led_to_https(proxied: Proxied, request: pytest.FixtureRequest) -> None:
    if "caddy" in request.node.name:
        pytest.skip("Caddy does so by itself where it has port 80")
    answer = answer_of(http.client.HTTPConnection("127.0.0.1", proxied.http, timeout=10), "/science/?a=1", HOST, {})
    assert answer.status == 301
    assert answer.all("location") == [f"https://{HOST}/science/?a=1"]
