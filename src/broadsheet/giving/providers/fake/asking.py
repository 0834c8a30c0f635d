"""How the house asks the fake provider: JSON over its socket. Standard library alone; it does not know what it says."""

from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from broadsheet.config import Config

PATIENCE_S = 10.0
COMES_BACK_WITHIN_S = 1.5  # at a reload, or when it has just died


class Silent(Exception):
    """It was not reached, or failed: whether it did what was asked is not known."""


class SaysNo(Exception):
    """409: the reason, in its words."""


class NotThere(Exception):
    """404."""


def socket_of(config: Config) -> Path:
    return config.run / "fake-payments.sock"


class Asking:
    def __init__(self, config: Config) -> None:
        self._path = socket_of(config)

    def get(self, path: str, **query: object) -> Any:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, **given: object) -> Any:
        return self._ask("POST", path, json.dumps(given).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as fault:
            raise Silent(f"the fake payment provider does not answer: {fault}") from fault
        finally:
            connection.close()
        if answer.status == 200:
            return said
        fault_said = f"{said.get('fault')} ({method} {path.partition('?')[0]})"
        raise {404: NotThere, 409: SaysNo}.get(answer.status, Silent)(fault_said)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("fake-payments", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        """Nothing has been asked yet: it may be waited for."""
        deadline = time.monotonic() + COMES_BACK_WITHIN_S
        while True:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            try:
                return self.sock.connect(str(self._path))
            except (FileNotFoundError, ConnectionRefusedError):
                self.sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
