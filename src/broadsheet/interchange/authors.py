"""Who made a story, as machines ask for it: who wrote it, and who had another part in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broadsheet.newsroom.models import Byline, Person
from broadsheet.newsroom.models.bylines import Role

WRITERS = frozenset({Role.BY, Role.REPORTED, Role.ADDITIONAL})


@dataclass(frozen=True)
class Parts:
    """In the order of the byline, nobody twice in one list."""

    writers: tuple[Person, ...]
    translators: tuple[Person, ...]
    editors: tuple[Person, ...]
    others: tuple[Person, ...]  # photographs, maps, graphics


def parts_in(bylines: Iterable[Byline]) -> Parts:
    """Where nobody is said to have written it, as under a set of photographs, those named are its writers."""
    lines = list(bylines)
    writers = _named(line for line in lines if line.role in WRITERS)
    if not writers:
        return Parts(_named(lines), (), (), ())
    return Parts(
        writers=writers,
        translators=_named(line for line in lines if line.role == Role.TRANSLATED),
        editors=_named(line for line in lines if line.role == Role.EDITED),
        others=_named(line for line in lines if line.role not in {*WRITERS, Role.TRANSLATED, Role.EDITED}),
    )


def _named(lines: Iterable[Byline]) -> tuple[Person, ...]:
    return tuple({line.person_id: line.person for line in lines}.values())
