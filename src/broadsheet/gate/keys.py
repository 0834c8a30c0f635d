"""The keys of the gate: those that sign reader cookies, which change, and the one behind hashes that must not.

`data/keys/readers` holds the current key and the one before it, each with its version; a cookie signed with either is
good. `data/keys/house` is one key for what is only ever hashed (addresses, log entries): changing it would forget every
limit.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

from broadsheet.config import config

KEY_BYTES = 32
LOOK_EVERY_S = 1.0  # how often the file is looked at when a cookie names a version we do not know


def derived(key: bytes, person: bytes, data: bytes, size: int) -> bytes:
    """Keyed blake2b; `person` (at most 16 bytes) keeps what one key is used for apart."""
    return blake2b(data, key=key, person=person, digest_size=size).digest()


class KeyRing:
    """Reader keys by version (1 to 255). A rotation made by one process is noticed by all."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "readers"
        self._lock = folder / "readers.lock"
        self._looked_at = 0.0
        self._stamp: tuple[int, int] = (0, 0)
        self._keys: dict[int, bytes] = {}
        self.version = 0
        self.changes = 0  # how often the keys were read; whoever caches what depends on them compares
        if not self._file.exists():
            _make(self._file, _written({1: secrets.token_bytes(KEY_BYTES)}, 1))
        self.look()

    @property
    def key(self) -> bytes:
        """The current key."""
        return self._keys[self.version]

    def find(self, version: int) -> bytes | None:
        """The key of this version, if it is still accepted."""
        found = self._keys.get(version)
        if found is None and time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            self.look()
            found = self._keys.get(version)
        return found

    def look(self) -> None:
        """Read the file again if it has changed."""
        self._looked_at = time.monotonic()
        with suppress(FileNotFoundError):  # removed under a running server: go on with what we know
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._read()
                self._stamp = stamp

    def _read(self) -> None:
        kept = json.loads(self._file.read_text())
        self._keys = {int(version): bytes.fromhex(key) for version, key in kept["keys"].items()}
        self.version = int(kept["current"])
        self.changes += 1

    def rotate(self) -> int:
        """Make a new current key, keep the one it follows, forget the one before; the new version."""
        with _locked(self._lock):
            self._read()
            version = self.version % 255 + 1
            keys = {self.version: self.key, version: secrets.token_bytes(KEY_BYTES)}
            draft = _draft(self._file, _written(keys, version))
            draft.replace(self._file)
        self._stamp = (0, 0)
        self.look()
        return version


def house_key(folder: Path) -> bytes:
    """The key behind hashes, made at first use."""
    file = folder / "house"
    if not file.exists():
        _make(file, secrets.token_hex(KEY_BYTES))
    return bytes.fromhex(file.read_text().strip())


@cache
def _ring(process: int, folder: Path) -> KeyRing:
    return KeyRing(folder)


_opening = threading.Lock()


def open_keys(folder: Path | None = None) -> KeyRing:
    """This process's key ring."""
    with _opening:
        return _ring(os.getpid(), folder or config().keys)


def _written(keys: dict[int, bytes], current: int) -> str:
    return json.dumps({"current": current, "keys": {str(version): key.hex() for version, key in keys.items()}})


def _make(file: Path, text: str) -> None:
    """Write a file that does not exist yet; of two processes that try, the first wins and both read the same."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(file, text)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _draft(file: Path, text: str) -> Path:
    draft = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    return draft


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
