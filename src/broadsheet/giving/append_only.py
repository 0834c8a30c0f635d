"""The ledger and the receipts are append-only, by triggers."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import atomic

from broadsheet.newsroom import triggers
from broadsheet.newsroom.triggers import lift_from

TABLES = {
    "giving_transaction": "the ledger is append-only",
    "giving_movement": "the ledger is append-only",
    "giving_receipt": "receipts are append-only",
    "giving_receiptvoid": "receipts are append-only",
}
RECEIPTS = "giving_receipt"
_FIXED_ON_RECEIPTS = ("id", "entity", "year", "number", "donation_id", "issued_at")


def lay_triggers(connection: BaseDatabaseWrapper) -> None:
    for table in TABLES:
        lay_on(connection, table, erasable=table == RECEIPTS)


def lift_triggers(connection: BaseDatabaseWrapper) -> None:
    for table in TABLES:
        lift_from(connection, table)


def lay_on(connection: BaseDatabaseWrapper, table: str, *, erasable: bool = False) -> None:
    """`erasable`: the content of a receipt may be erased, which counts itself."""
    triggers.lay_on(connection, table, TABLES[table], fixed=_FIXED_ON_RECEIPTS if erasable else ())


def missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Of those that ought to be laid: not there, or switched off."""
    acts = ["no_update", "no_delete"]
    if connection.vendor == "postgresql":
        acts.append("no_truncate")
        there = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    else:
        there = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(there)
        names = {name for (name,) in cursor.fetchall()}
    return sorted({f"{table}_{act}" for table in TABLES for act in acts} - names)


def lay_missing_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Again, all of them, where one is missing; which were. What was changed while they were is for other checks to find."""
    missing = missing_triggers(connection)
    if missing:
        with atomic():
            lift_triggers(connection)
            lay_triggers(connection)
    return missing
