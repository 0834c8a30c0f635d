"""The policy in force, made ready for the hot path: window in seconds, decisions by count, notices by count."""

from __future__ import annotations

from datetime import UTC, datetime

from broadsheet.core.meter import Article, Likeness, Policy, likeness, terms
from broadsheet.gate.ledger import Ledger, LedgerWindow, ledger_window
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.gate.steps import RANKS, Step, Steps

END = b"</body></html>"


class Agreed:
    """`core.meter.Terms` for one class of reader, as the hot path wants them."""

    __slots__ = ("settled", "until_s")

    def __init__(self, settled: Step | None, until: datetime | None) -> None:
        self.settled = settled
        self.until_s = until.timestamp() if until else float("inf")


class Conditions:
    """The terms of one article, or of all that are alike, for each class of reader. `by_rank`: those asked for so far."""

    __slots__ = ("_article", "_policy", "by_rank")

    def __init__(self, policy: Policy, article: Article) -> None:
        self._policy = policy
        self._article = article
        self.by_rank: list[Agreed | None] = [None] * len(RANKS)

    def agree(self, rank: int, now_s: float) -> Agreed:
        said = terms(self._policy, self._article, RANKS[rank], datetime.fromtimestamp(now_s, UTC))
        step = None if said.settled is None else Step(said.settled, rank)
        self.by_rank[rank] = agreed = Agreed(step, said.until)
        return agreed


class Rules:
    """One snapshot, compiled. Replaced when another policy is published."""

    def __init__(self, snapshot: PolicySnapshot, ledger: Ledger, now_s: float) -> None:
        self.snapshot = snapshot
        self.policy = snapshot.policy
        self._ledger = ledger
        # By rank
        self.steps = [Steps(self.policy.ladder(reader), rank) for rank, reader in enumerate(RANKS)]
        self._conditions: dict[Likeness, Conditions] = {}
        self._tails: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})  # without an account, with one
        self._floor_s = 0.0
        # Between these the moment to decide at is the present one, and the window stays.
        self.calm_from_s = self.calm_until_s = 0.0
        self.window = LedgerWindow(0, 0, 0, 0)
        self._turn(now_s)

    def conditions(self, article: Article) -> Conditions:
        alike = likeness(self.policy, article)
        if alike is None:
            return Conditions(self.policy, article)
        found = self._conditions.get(alike)
        if found is None:
            found = self._conditions[alike] = Conditions(self.policy, article)
        return found

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
        self.window = window = ledger_window(self.policy, moment)
        self.calm_from_s = max(self._floor_s, window.opens_s)
        self.calm_until_s = float("inf") if window.days else window.closes_s
        self._ledger.mark_window(self.window, now_s)
