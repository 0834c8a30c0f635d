"""Readers who read while something else goes on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Self


class Crowd:
    """Several at work, each in a thread, from `with` to its end: each stops when `stopping` is set."""

    def __init__(self, *work: Callable[[], None]) -> None:
        self.stopping = threading.Event()
        self.seen: Counter[object] = Counter()  # what they were answered
        self._threads = [threading.Thread(target=one) for one in work]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
