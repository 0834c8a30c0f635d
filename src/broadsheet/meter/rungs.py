"""The ladder as its publisher sees it: what each class of reader meets, from the first article to the wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from broadsheet.core.meter import Article, Decision, Policy, Read, ReaderClass, decide, terms


@dataclass(frozen=True)
class Rung:
    """Articles on which a reader sees the same. `last` None: and all that follow."""

    reader: ReaderClass
    first: int
    last: int | None
    decision: Decision  # of the first of them

    @property
    def already_read(self) -> int:
        """How many other articles such a reader has opened before the first of these."""
        return self.first - 1


def rungs(policy: Policy, article: Article, reader: ReaderClass, now: datetime) -> list[Rung]:
    """What `reader` meets on `article`, as the first they open, as the second …; one rung where nothing is counted."""
    if terms(policy, article, reader, now).settled is not None:
        return [Rung(reader, 1, None, decision_after(0, policy, article, reader, now))]
    return list(_counted_rungs(policy, article, reader, now))


def decision_after(already_read: int, policy: Policy, article: Article, reader: ReaderClass, now: datetime) -> Decision:
    """What is decided for a reader who has opened so many others."""
    others = [Read(-number, now) for number in range(1, already_read + 1)]  # no article has these ids
    return decide(policy, others, article, reader, now)


def _counted_rungs(policy: Policy, article: Article, reader: ReaderClass, now: datetime) -> Iterator[Rung]:
    allowance = policy.ladder(reader).allowance or 0
    decided = [(number + 1, decision_after(number, policy, article, reader, now)) for number in range(allowance + 1)]
    for (opens, _), group in groupby(decided, key=lambda one: (one[1].opens, one[1].notice)):
        same = list(group)
        yield Rung(reader, same[0][0], same[-1][0] if opens else None, same[0][1])
