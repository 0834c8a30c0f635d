"""What `core.meter` says at each count, asked once and made ready for the hot path."""

from __future__ import annotations

from broadsheet.core.meter import Decision, Ladder, ReaderClass, Reason, decide_counted
from broadsheet.gate.log import REASON_CODES
from broadsheet.gate.pages import VerdictClass

RANKS = tuple(ReaderClass)  # a class by its place in the order: enums are slow keys
ANONYMOUS = RANKS.index(ReaderClass.ANONYMOUS)


class Step:
    """A decision as the hot path wants it. `by_count`: what the reader has read was asked for it."""

    __slots__ = (
        "by_count",
        "count",
        "counts",
        "decision",
        "letter",
        "letter_code",
        "notice",
        "rank",
        "reason_code",
        "was_counted",
    )

    def __init__(self, decision: Decision, rank: int, by_count: bool = False) -> None:
        self.decision = decision
        self.rank = rank
        self.by_count = by_count
        self.count = decision.count
        self.counts = decision.counts
        self.notice = decision.notice
        self.reason_code = REASON_CODES[decision.reason]
        self.was_counted = decision.reason is Reason.COUNTED_BEFORE
        self.letter = VerdictClass.of(RANKS[rank], decision).value
        self.letter_code = ord(self.letter)


class Steps:
    """What a ladder says at each count, as `core.meter` decides it; each is asked once."""

    def __init__(self, ladder: Ladder, rank: int) -> None:
        self.ladder = ladder
        self._rank = rank
        self._before: dict[int, Step] = {}
        self._new: dict[int, Step] = {}

    def before(self, count: int) -> Step:
        """For an article that is among the `count` that were counted."""
        return self._before.get(count) or self._ask(self._before, count, 1)

    def new(self, count: int) -> Step:
        """For an article that is not."""
        return self._new.get(count) or self._ask(self._new, count, 0)

    def _ask(self, steps: dict[int, Step], count: int, article: int) -> Step:
        steps[count] = Step(decide_counted(self.ladder, range(1, count + 1), article), self._rank, by_count=True)
        return steps[count]
