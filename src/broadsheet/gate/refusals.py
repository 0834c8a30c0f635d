"""How many requests the gate itself refused, by status: counted together by all its workers, read by whoever wants to know.

One number a status in mapped memory. Two that refuse in the same instant may count once: it is for a curve, not an account.
"""

from __future__ import annotations

import logging
import mmap
import os
from pathlib import Path

log = logging.getLogger(__name__)

_STATUSES = 600
_SIZE = _STATUSES * 8


class Refusals:
    def __init__(self, file: Path) -> None:
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, _SIZE)  # a hole in a mapped file on a full disk would kill us
                self._map = mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)
        except OSError as fault:
            log.error("Refusals are counted by each worker alone. %s", fault)
            self._map = mmap.mmap(-1, _SIZE)
        self._counts = memoryview(self._map).cast("Q")

    def count(self, status: int) -> None:
        self._counts[status] += 1

    def by_status(self) -> dict[int, int]:
        return {status: count for status, count in enumerate(self._counts) if count}
