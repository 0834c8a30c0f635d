"""Who has the data folder: locks in `run/` that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
from io import TextIOWrapper
from pathlib import Path

SERVER = "server.pid"  # holds the supervisor's process id
WORKER = "worker.lock"


def take(file: Path) -> TextIOWrapper | None:
    """Ours until it is closed; None if another process has it."""
    lock = file.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
