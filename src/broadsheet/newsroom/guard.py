"""The guard of the public record: what readers see of an article changes only inside an act.

Wagtail has many doors to a live page: buttons, bulk actions, the workflow, the scheduler, commands, whatever comes next. They
all end in saving the article. `Article.save` therefore asks here which act is under way, records what the act changes, and
refuses a change that no act answers for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from broadsheet.newsroom.models.versions import ActName

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class UnrecordedChange(RuntimeError):
    """Something public was about to change outside an act; nothing was written."""


@dataclass(frozen=True)
class Act:
    """What is being done, and by whom (None: by the program itself, for a schedule or an import)."""

    name: ActName
    by: AbstractBaseUser | None = None
    note: str = ""
    begun: datetime | None = None

    @property
    def by_id(self) -> int | None:
        return None if self.by is None else self.by.pk


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(name: ActName, by: AbstractBaseUser | None = None, note: str = "") -> Iterator[Act]:
    act = Act(name, by, note, begun=timezone.now())
    token = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(token)


def act_under_way() -> Act | None:
    return _act.get()


def demand(name: ActName, what: str) -> Act:
    """The act under way, which must be of this name; raises UnrecordedChange."""
    act = _act.get()
    if act is None or act.name is not name:
        raise UnrecordedChange(f"{what} outside the act for it; use broadsheet.newsroom.acts.")
    return act
