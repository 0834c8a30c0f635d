"""Numbers in mapped memory that all processes of the server count in."""

from __future__ import annotations

import logging
import mmap
import os
from pathlib import Path

log = logging.getLogger(__name__)


def mapped(file: Path, size: int, what: str) -> mmap.mmap:
    """`size` bytes of a file, made if need be; where it cannot be, memory of this process alone. `what` is counted."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)  # a hole in a mapped file on a full disk would kill us
            return mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
    except OSError as fault:
        log.error("%s are counted by each worker alone. %s", what, fault)
        return mmap.mmap(-1, size)
