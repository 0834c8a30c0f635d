"""How many requests the gate itself refused, by status: counted together by all its workers, read by whoever wants to know.

One number a status in mapped memory. Two that refuse in the same instant may count once: it is for a curve, not an account.
"""

from __future__ import annotations

from pathlib import Path

from broadsheet.gate.mapped import mapped

_STATUSES = 600
_SIZE = _STATUSES * 8


class Refusals:
    def __init__(self, file: Path) -> None:
        self._counts = memoryview(mapped(file, _SIZE, "Refusals")).cast("Q")

    def count(self, status: int) -> None:
        self._counts[status] += 1

    def by_status(self) -> dict[int, int]:
        return {status: count for status, count in enumerate(self._counts) if count}
