"""Tags: what a page was made of, noted while it is made, so that a change can name the pages it touches.

A render runs inside `recording()`. Whatever instance of our models is loaded meanwhile notes its tag by itself, and so does
every list that is asked for; nobody writes a list of dependencies by hand, and nobody can forget one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import models, transaction

from broadsheet.newsroom import purge

SETTINGS = "settings"
ARTICLES = "list:articles"
SECTIONS = "list:sections"
PLAIN_PAGES = "list:plain-pages"
METER_WORDS = "meter-words"
FRONT = "front"  # what an editor put on the front page, and the breaking bar
MOST_READ = "most-read"


@dataclass
class Recording:
    """What one render has read, and the earliest moment at which it would read differently."""

    tags: set[str] = field(default_factory=set)
    until: datetime | None = None


_recording: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording() -> Iterator[Recording]:
    record = Recording()
    token = _recording.set(record)
    try:
        yield record
    finally:
        _recording.reset(token)


def is_recording() -> bool:
    """Whether a page is being made."""
    return _recording.get() is not None


def note(*tags: str) -> None:
    """The page being made depends on `tags`. Outside a render, nothing."""
    record = _recording.get()
    if record is not None:
        record.tags.update(tags)


def note_until(moment: datetime | None) -> None:
    """The page being made will read differently from `moment` on (None: it will not)."""
    record = _recording.get()
    if record is not None and moment is not None and (record.until is None or moment < record.until):
        record.until = moment


class Tagged(models.Model):
    """Notes itself when it is loaded, and purges the pages made of it when it is saved.

    When it is deleted, `receivers.forget` does: a list can be deleted without asking each of its rows.
    """

    tag_name = ""  # the word before the colon

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        instance = super().from_db(db, field_names, values, **options)
        note(instance.tag)
        return instance

    @property
    def tag(self) -> str:
        return f"{self.tag_name}:{self.pk}"

    def tags_touched(self) -> Iterable[str]:
        """What a change of this row may alter: the pages made of it, and the lists it stands in."""
        return (self.tag,)

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            purge.purge(self.tags_touched())
