"""The fake payment provider's own process, as `serve` starts it, and what a reader does on its page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from broadsheet.config import config
from broadsheet.giving import providers
from broadsheet.giving.providers.fake.asking import Asking, socket_of
from tests.server import end_with_parent, free_port

PAYS, DECLINED, NO_FUNDS = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 9995"
ASKS_BANK, DISPUTED = "4000 0027 6000 3184", "4000 0000 0000 0259"
PAYS_ONCE, EXPIRED = "4000 0000 0000 0341", "4000 0000 0000 0069"


def use(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As PAYMENTS would."""
    chosen = replace(config(), payments=names)
    monkeypatch.setattr(providers, "config", lambda: chosen)


@dataclass
class FakePayments:
    """`port`: where it tells its events to; nobody listens there unless a test does."""

    data: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def asking(self) -> Asking:
        return Asking(replace(config(), data=self.data))

    def start(self) -> FakePayments:
        told = {"BROADSHEET_DATA": str(self.data), "BROADSHEET_BIND": f"127.0.0.1:{self.port}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "broadsheet.giving.providers.fake"],
            env={**os.environ, **told},
            stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )
        deadline = time.monotonic() + 20
        while not socket_of(replace(config(), data=self.data)).exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "the provider does not start"
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def days_pass(self, days: int) -> None:
        self.asking.post("/control/days", days=days)


def checkout(
    asking: Asking, key: str, amount: int = 1000, frequency: str = "once", email: str = "ann@example.org"
) -> str:
    """A page on which `amount` is to be paid, begun as the house begins it; `key` is what the house calls it."""
    page = asking.post(
        "/checkouts", key=key, amount=amount, currency="EUR", frequency=frequency, email=email,
        thanks_url="/thanks/", back_url="/donate/",
    )  # fmt: skip
    return str(page["id"])


def paid(asking: Asking, key: str, card: str = PAYS, **of: Any) -> dict[str, Any]:
    """The payment (and the pledge) of a page that was begun and filled in."""
    page = checkout(asking, key, **of)
    done = asking.post(f"/pages/{page}/pay", card=card, email="")
    assert done["state"] == "done", done
    return dict(done)
