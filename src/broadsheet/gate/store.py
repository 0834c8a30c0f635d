"""How the gate's two LMDB environments are opened: once in a process, after fork, never trusted across a fork."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import lmdb

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    Txn = lmdb.Transaction[bytes]
    Db = lmdb._Database
else:  # LMDB's types are generic in its stubs only
    Txn, Db = lmdb.Transaction, object

MOST_READERS = 1024
READERS_BYTES = 72 << 10  # a slot takes 64 bytes, and the head of the file some more

# What LMDB raises when there is no room: map full, disk full, or the files are gone or unusable.
StoreFailed = lmdb.Error


def open_environment(folder: Path, map_bytes: int, dbs: int) -> lmdb.Environment:
    """Unsynced: a commit survives the death of any process, and a power cut once `sync()` has run after it.

    Raises StoreFailed or OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _allocate_readers(folder / "lock.mdb")
    environment = lmdb.open(
        str(folder),
        map_size=map_bytes,
        max_dbs=dbs,
        max_readers=MOST_READERS,
        max_spare_txns=8,
        sync=False,
        readahead=False,  # pages are small and asked for in no order
        mode=0o600,
    )
    environment.reader_check()
    return environment


def _allocate_readers(lock: Path) -> None:
    """The reader table is written through a map: a hole in it on a full disk would kill the process.

    Only before LMDB opens the file, never after: closing any descriptor of it gives up the locks LMDB holds (fcntl(2)),
    and the next process would begin the table anew under those who read.
    """
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, READERS_BYTES)
    finally:
        os.close(descriptor)


@contextmanager
def sole_opener(folder: Path) -> Iterator[None]:
    """While this is held nobody else is opening or discarding the store in `folder`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


Store = TypeVar("Store")


class OncePerProcess:
    """A cache of open stores by folder that a forked child does not inherit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._open: dict[Path, object] = {}

    def get(self, folder: Path, opened: Callable[[Path], Store]) -> Store:
        folder = folder.resolve()
        with self._lock:
            if self._process != os.getpid():
                self._open.clear()
                self._process = os.getpid()
            if folder not in self._open:
                self._open[folder] = opened(folder)
            return self._open[folder]  # type: ignore[return-value]
