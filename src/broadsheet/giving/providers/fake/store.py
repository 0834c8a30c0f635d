"""The fake provider's own books, in a file of its own: what it says was paid is not read from the house that it tells it to.

One connection, one act at a time; an act is one transaction, with the events that tell of it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER, FILE = "fake-payments", "store.sqlite3"

Row = dict[str, Any]

# Moments are seconds since 1970, amounts minor units.
_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pages (
    id TEXT PRIMARY KEY, purpose TEXT NOT NULL, key TEXT UNIQUE, state TEXT NOT NULL, fault TEXT NOT NULL DEFAULT '',
    amount INTEGER NOT NULL, currency TEXT NOT NULL, frequency TEXT NOT NULL, email TEXT NOT NULL,
    card TEXT NOT NULL DEFAULT '', last4 TEXT NOT NULL DEFAULT '', payer TEXT NOT NULL DEFAULT '',
    payment TEXT, pledge TEXT, thanks_url TEXT NOT NULL, back_url TEXT NOT NULL, made_at REAL NOT NULL, expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS pledges (
    id TEXT PRIMARY KEY, page TEXT NOT NULL, customer TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    frequency TEXT NOT NULL, card TEXT NOT NULL, last4 TEXT NOT NULL, state TEXT NOT NULL, started_at REAL NOT NULL,
    due_at REAL NOT NULL, next_at REAL, failing_since REAL, failed_tries INTEGER NOT NULL DEFAULT 0,
    fault TEXT NOT NULL DEFAULT '', paused_until REAL, ended_at REAL, end_reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS pledges_due ON pledges (next_at);
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, page TEXT, pledge TEXT, customer TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    fee INTEGER NOT NULL, last4 TEXT NOT NULL, paid_at REAL NOT NULL, dispute_at REAL
);
CREATE INDEX IF NOT EXISTS payments_disputed ON payments (dispute_at) WHERE dispute_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL, key TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (payment);
CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, fee INTEGER NOT NULL, at REAL NOT NULL,
    state TEXT NOT NULL, answer_by REAL NOT NULL, decided_at REAL
);
CREATE TABLE IF NOT EXISTS payouts (id TEXT PRIMARY KEY, amount INTEGER NOT NULL, currency TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS lines (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, object TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    at REAL NOT NULL, UNIQUE (kind, object)
);
CREATE INDEX IF NOT EXISTS lines_by_time ON lines (at);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY, event INTEGER NOT NULL, event_id TEXT NOT NULL, due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, fault TEXT NOT NULL DEFAULT '', delivered_at REAL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE delivered_at IS NULL;
"""


class Store:
    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, timeout=20, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA cache_size=-1000")
        self._db.executescript(_TABLES)
        # In every name: a store that begins anew never gives the names of the one before it to other things.
        with self.act():
            self.setting("tag", secrets.token_hex(3))

    @contextmanager
    def act(self) -> Iterator[Store]:
        """Whole or not at all, and safely on the disk when it ends. One within another is part of it."""
        with self._lock:
            if self._db.in_transaction:
                yield self
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def one(self, sql: str, *values: object) -> Row | None:
        return next(iter(self.all(sql, *values)), None)

    def all(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def run(self, sql: str, *values: object) -> int:
        """How many rows it changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def add(self, table: str, row: Row) -> Row:
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608 - our own words
        return row

    def change(self, table: str, id_: str, **values: object) -> None:
        named = ", ".join(f"{name} = ?" for name in values)
        self.run(f"UPDATE {table} SET {named} WHERE id = ?", *values.values(), id_)  # noqa: S608 - our own words

    def setting(self, name: str, otherwise: Any) -> Any:
        """As it was set; `otherwise`, from now on, where it never was."""
        row = self.one("SELECT value FROM settings WHERE name = ?", name)
        if row is None:
            self.set(name, otherwise)
            return otherwise
        return json.loads(row["value"])

    def set(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, json.dumps(value))

    def new_id(self, prefix: str) -> str:
        number = self.setting("last number", 0) + 1
        self.set("last number", number)
        return f"{prefix}_{self.setting('tag', '')}{number}"
