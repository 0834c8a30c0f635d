"""The policy in force, made ready for the hot path: window in seconds, decisions by count, notices by count."""

from __future__ import annotations

from datetime import UTC, datetime

from broadsheet.core.meter import Decision, Ladder, ReaderClass, Reason, decide_counted
from broadsheet.gate.ledger import Ledger, LedgerWindow, ledger_window
from broadsheet.gate.log import REASON_CODES
from broadsheet.gate.pages import VerdictClass
from broadsheet.gate.policy import PolicySnapshot

END = b"</body></html>"


RANKS = tuple(ReaderClass)  # a class by its place in the order: enums are slow keys
ANONYMOUS = RANKS.index(ReaderClass.ANONYMOUS)


class Step:
    """A decision as the hot path wants it."""

    __slots__ = ("count", "counts", "decision", "letter", "notice", "reason_code", "was_counted")

    def __init__(self, decision: Decision, rank: int) -> None:
        self.decision = decision
        self.count = decision.count
        self.counts = decision.counts
        self.notice = decision.notice
        self.reason_code = REASON_CODES[decision.reason]
        self.was_counted = decision.reason is Reason.COUNTED_BEFORE
        self.letter = VerdictClass.of(RANKS[rank], decision).value


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
        steps[count] = Step(decide_counted(self.ladder, range(1, count + 1), article), self._rank)
        return steps[count]


class Rules:
    """One snapshot, compiled. Replaced when another policy is published."""

    def __init__(self, snapshot: PolicySnapshot, ledger: Ledger, now_s: float) -> None:
        self.snapshot = snapshot
        self.policy = snapshot.policy
        self._ledger = ledger
        # By rank
        self.steps = [Steps(self.policy.ladder(reader), rank) for rank, reader in enumerate(RANKS)]
        self._tails: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})  # without an account, with one
        self._floor_s = 0.0
        self.window = LedgerWindow(0, 0, 0, 0)
        self._turn(now_s)

    def moment_s(self, now_s: float) -> float:
        """The moment to decide at; turns the window when its time has come. See `Ledger.moment`."""
        moment_s = now_s if now_s > self._floor_s else self._floor_s
        window = self.window
        if window.days or window.opens_s <= moment_s < window.closes_s:
            return moment_s
        self._turn(now_s)
        return max(now_s, self._floor_s)

    def tail(self, count: int, has_account: bool = False) -> bytes:
        """The notice for this count, and the end of the page."""
        tails = self._tails[has_account]
        found = tails.get(count)
        if found is None:
            found = tails[count] = self.snapshot.notice(count, has_account) + END
        return found

    def _turn(self, now_s: float) -> None:
        now = datetime.fromtimestamp(now_s, UTC)
        moment = self._ledger.moment(self.policy, now)
        self._floor_s = moment.timestamp() if moment > now else 0.0
        self.window = ledger_window(self.policy, moment)
        self._ledger.mark_window(self.window, now_s)
