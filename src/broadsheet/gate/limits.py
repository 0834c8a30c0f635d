"""Limits that hold across all processes: on codes, log-ins, mails. Who met one is kept as a keyed hash only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from broadsheet import clock
from broadsheet.config import config
from broadsheet.gate.keys import derived, house_key
from broadsheet.gate.ledger import LIMIT, Ledger, open_ledger
from broadsheet.gate.store import OncePerProcess, StoreFailed


@dataclass(frozen=True)
class Allowed:
    ok: bool
    retry_after_s: int = 0
    is_counted: bool = True  # False: nothing could be written, and the answer is no for that reason alone

    def __bool__(self) -> bool:
        return self.ok


class Limits:
    def __init__(self, ledger: Ledger, key: bytes) -> None:
        self._ledger = ledger
        self._key = key

    def hit(self, scope: str, who: str, limit: int, period_s: int) -> Allowed:
        """Count one act of `who`; no when it is one more than `limit` within `period_s` seconds of the first.

        Hits beyond the limit do not prolong it. Where nothing can be written the answer is no: a limit that does not
        count would let everyone guess codes while the disk is full.
        """
        key = self._named(scope, who)
        now_s = int(clock.timestamp())
        try:
            with self._ledger.environment.begin(write=True) as txn:
                kept = txn.get(key, db=self._ledger.limits_db)
                count, until_s = LIMIT.unpack(kept) if kept else (0, 0)
                if until_s <= now_s or until_s > now_s + period_s:  # over; or counted by a clock that was ahead
                    count, until_s = 0, now_s + period_s
                if count >= limit:
                    return Allowed(False, until_s - now_s)
                txn.put(key, LIMIT.pack(count + 1, until_s), db=self._ledger.limits_db)
        except StoreFailed as fault:
            self._ledger.complain("a limit", fault)
            return Allowed(False, min(period_s, 60), is_counted=False)
        self._ledger.is_dirty = True
        return Allowed(True)

    def clear(self, scope: str, who: str) -> None:
        """Begin anew: what the limit guarded has succeeded."""
        try:
            with self._ledger.environment.begin(write=True) as txn:
                txn.delete(self._named(scope, who), db=self._ledger.limits_db)
        except StoreFailed as fault:
            self._ledger.complain("a limit", fault)

    def _named(self, scope: str, who: str) -> bytes:
        return derived(self._key, b"limits", f"{scope}\0{who}".encode(), 16)


_limits = OncePerProcess()


def open_limits() -> Limits:
    """This process's limits, counted in the ledger environment."""

    def opened(folder: Path) -> Limits:
        return Limits(open_ledger(folder), house_key(config().keys))

    return _limits.get(config().ledger, opened)
