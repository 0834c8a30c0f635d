"""The limit we measure against: nginx, one worker, the same compressed bytes as plain files, under the same headers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.programs import program
from tests.server import end_with_parent, family, free_port

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    open_file_cache max=20000 inactive=600s;
    open_file_cache_valid 600s;
    types {{ text/html html; }}
    default_type "text/html; charset=utf-8";
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/pages;
        index index.html;
        gzip_static always;
{headers}
    }}
}}
"""


# Of an answer of ours: what nginx says by itself, and what is of one reader only
_NOT_TAKEN_OVER = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "server",
    "set-cookie",
}


class Nginx:
    """`pages`: address to gzip bytes. `headers`: of the answer it is compared with; it sends the same."""

    def __init__(self, folder: Path, pages: Mapping[str, bytes], headers: Sequence[tuple[str, str]]) -> None:
        self.port = free_port()
        for address, body in pages.items():
            file = folder / "pages" / address.strip("/") / "index.html.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
            file.with_suffix("").write_bytes(b"")  # looked for, never sent
        configuration = folder / "nginx.conf"
        taken_over = "\n".join(
            f'        add_header {name} "{value}";' for name, value in headers if name.lower() not in _NOT_TAKEN_OVER
        )
        configuration.write_text(CONFIGURATION.format(folder=folder, port=self.port, user=_user(), headers=taken_over))
        self.process = subprocess.Popen(
            [program("nginx") or "nginx", "-c", configuration], start_new_session=True, preexec_fn=end_with_parent
        )
        self._wait(next(iter(pages)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        return family(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _wait(self, address: str) -> None:
        for _ in range(100):
            with suppress(OSError):
                connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", address)
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError("nginx does not serve the pages")


def _user() -> str:
    # Started by root, nginx would drop to a user who may not read a private folder.
    return "user root;" if os.geteuid() == 0 else ""
