"""What became of the last mails, in two small files of `run/`: so that the newsroom hears of a mail server that refuses."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from broadsheet import clock
from broadsheet.config import Config
from broadsheet.site.whole_files import write_whole


@dataclass(frozen=True)
class Failure:
    at: datetime
    why: str
    count: int = 1  # since the last mail that was sent


def note_sent(config: Config) -> None:
    """To a mail server."""
    note_written(config)
    with suppress(OSError):
        _sent(config).touch()


def note_written(config: Config) -> None:
    """As a file into the outbox: nothing stands in the way of mails any more, but of a mail server it proves nothing."""
    with suppress(OSError):
        _failed(config).unlink(missing_ok=True)


def note_failed(config: Config, why: str) -> None:
    before = last_failure(config)
    failure = Failure(clock.now(), why, before.count + 1 if before else 1)
    with suppress(OSError):  # a full disk is said elsewhere
        write_whole(_failed(config), json.dumps({**asdict(failure), "at": failure.at.isoformat()}))


def last_failure(config: Config) -> Failure | None:
    """None once a mail has been sent, or written, after it."""
    try:
        found = json.loads(_failed(config).read_text())
        return Failure(datetime.fromisoformat(found["at"]), found["why"], found["count"])
    except (OSError, ValueError, KeyError):
        return None


def has_sent(config: Config) -> bool:
    return _sent(config).exists()


def _failed(config: Config) -> Path:
    return config.run / "mail.failed"


def _sent(config: Config) -> Path:
    return config.run / "mail.sent"
