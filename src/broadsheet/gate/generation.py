"""A number that all processes see: raised when something they may hold copies of has changed.

Eight bytes of a file, mapped into memory, so that comparing on every request costs nothing. Raise it *after* the change
is committed: whoever reads between the two sees the new state and clears its copies once too often.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SIZE = mmap.PAGESIZE


class Generation:
    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        # Really allocated: touching a hole of a mapped file on a full disk kills the process.
        os.posix_fallocate(self._descriptor, 0, _SIZE)
        self._map = mmap.mmap(self._descriptor, _SIZE)
        self.numbers = memoryview(self._map).cast("Q")  # [0] is the generation; hot code reads it directly
        self._mutex = threading.Lock()

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)

    @property
    def value(self) -> int:
        return self.numbers[0]

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Keep change and raise in one order among all processes: the number would go back otherwise."""
        with self._mutex:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def set(self, value: int) -> None:
        """Only inside `raising`."""
        self.numbers[0] = value
