"""What every page says and hardly anybody changes, read once and kept until anything is purged.

A page being made may be as old as the stored pages beside it, and no older: both go with the next purge, whichever process
carries it out. What was noted while it was read (`tags`) is noted again for each page that is given it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection

from broadsheet.newsroom import tags
from broadsheet.newsroom.purge import page_store

T = TypeVar("T")


class Kept(Generic[T]):
    """Called, it gives what `read` read: the same to all threads, so nobody may change it.

    It reads anew wherever no page is being made, and inside a transaction, which may have changed what it would give.
    `complete` reads what else pages ask of it, as what one page read by itself the others would not have noted.
    """

    def __init__(self, read: Callable[[], T], complete: Callable[[T], None] = lambda value: None) -> None:
        self._read = read
        self._complete = complete
        self._last: _Reading[T] | None = None

    def __call__(self) -> T:
        if not tags.is_recording() or connection.in_atomic_block:
            return self._read()
        generation = page_store().generation()  # before anything is read; 0: there is no store to tell of a purge
        last = self._last
        if last is None or last.generation != generation or not generation:
            with tags.recording() as record:
                value = self._read()
                self._complete(value)
            last = self._last = _Reading(generation, value, record)
        tags.note(*last.record.tags)
        tags.note_until(last.record.until)
        return last.value


@dataclass(frozen=True)
class _Reading(Generic[T]):
    generation: int
    value: T
    record: tags.Recording
