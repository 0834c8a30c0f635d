"""`broadsheet reload`: asks the supervisor for it, and says how it went."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from broadsheet.config import Config
from broadsheet.site.locks import SERVER, take
from broadsheet.site.whole_files import write_whole

LONGEST_RELOAD_S = 600


@dataclass(frozen=True)
class Outcome:
    """How a reload went, left in `run/` by the supervisor."""

    well: bool
    words: str

    @staticmethod
    def file(settings: Config) -> Path:
        return settings.run / "reload.json"

    def write(self, settings: Config) -> None:
        write_whole(self.file(settings), json.dumps(asdict(self)))

    @classmethod
    def read(cls, settings: Config) -> Outcome | None:
        with suppress(FileNotFoundError):
            return cls(**json.loads(cls.file(settings).read_text()))
        return None


def ask_to_reload(settings: Config) -> int:
    """0 when new processes serve; 1 when the old ones go on, or none does."""
    server = running_server(settings)
    if server is None:
        print(f"No server runs on {settings.data}.", file=sys.stderr)
        return 1
    Outcome.file(settings).unlink(missing_ok=True)
    os.kill(server, signal.SIGHUP)
    deadline = time.monotonic() + LONGEST_RELOAD_S
    while time.monotonic() < deadline:
        if (outcome := Outcome.read(settings)) is not None:
            print(outcome.words, file=sys.stdout if outcome.well else sys.stderr)
            return 0 if outcome.well else 1
        if running_server(settings) != server:
            break
        time.sleep(0.1)
    print("The server did not say how it went; look at its log.", file=sys.stderr)
    return 1


def running_server(settings: Config) -> int | None:
    """The supervisor's process id, if one holds the data folder."""
    file = settings.run / SERVER
    with suppress(OSError, ValueError):
        if (lock := take(file)) is None:
            return int(file.read_text())
        lock.close()
    return None
