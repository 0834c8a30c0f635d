"""The policy in force, made ready for the hot path: window in seconds, decisions by count, notices by count."""

from __future__ import annotations

from datetime import UTC, datetime

from broadsheet.core.meter import Decision, Ladder, ReaderClass, decide_counted
from broadsheet.gate.ledger import DAY_S, Ledger, LedgerWindow, ledger_window
from broadsheet.gate.policy import PolicySnapshot

END = b"</body></html>"


class Steps:
    """What a ladder says at each count, as `core.meter` decides it; each is asked once."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self._before: dict[int, Decision] = {}
        self._new: dict[int, Decision] = {}

    def before(self, count: int) -> Decision:
        """For an article that is among the `count` that were counted."""
        found = self._before.get(count)
        if found is None:
            found = self._before[count] = decide_counted(self.ladder, range(1, count + 1), 1)
        return found

    def new(self, count: int) -> Decision:
        """For an article that is not."""
        found = self._new.get(count)
        if found is None:
            found = self._new[count] = decide_counted(self.ladder, range(1, count + 1), 0)
        return found


class Rules:
    """One snapshot, compiled. Replaced when another policy is published."""

    def __init__(self, snapshot: PolicySnapshot, ledger: Ledger, now_s: float) -> None:
        self.snapshot = snapshot
        self.policy = snapshot.policy
        self._ledger = ledger
        self._steps: dict[ReaderClass, Steps] = {}
        self._tails: dict[int, bytes] = {}
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

    def oldest_s(self, moment_s: float) -> float:
        """A row read at or after this counts, whatever else is true of it."""
        window = self.window
        return moment_s - window.days * DAY_S + 1 if window.days else window.opens_s

    def steps(self, reader: ReaderClass) -> Steps:
        found = self._steps.get(reader)
        if found is None:
            found = self._steps[reader] = Steps(self.policy.ladder(reader))
        return found

    def tail(self, count: int) -> bytes:
        """The notice for this count, and the end of the page."""
        found = self._tails.get(count)
        if found is None:
            found = self._tails[count] = self.snapshot.notice(count) + END
        return found

    def _turn(self, now_s: float) -> None:
        now = datetime.fromtimestamp(now_s, UTC)
        moment = self._ledger.moment(self.policy, now)
        self._floor_s = moment.timestamp() if moment > now else 0.0
        self.window = ledger_window(self.policy, moment)
        self._ledger.mark_window(self.window, now_s)
