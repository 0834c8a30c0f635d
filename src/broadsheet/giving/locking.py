"""One at a time: postings of money wait for each other, so that "is it there already?" has one answer. And for good: what was
committed is on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Until the transaction ends. SQLite has one writer anyway: our transactions take its lock when they begin."""
    for_good()
    if connection.vendor == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
    yield


def for_good() -> None:
    """What this transaction writes is on the disk before its commit is answered, also where the server was told not to wait.

    SQLite does so by its settings (`synchronous=FULL`); PostgreSQL unless `synchronous_commit` is off.
    """
    assert connection.in_atomic_block
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
            )
