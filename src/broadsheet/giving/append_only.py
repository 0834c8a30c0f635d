"""The triggers that make the ledger and the receipts append-only, in the words of each database."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import atomic

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
    """`erasable`: its `content` may change, and nothing else, where `erasures` counts one more."""
    postgres = connection.vendor == "postgresql"
    when = ""
    if erasable:
        differs = "IS DISTINCT FROM" if postgres else "IS NOT"
        changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in _FIXED_ON_RECEIPTS)
        when = f"WHEN (NEW.erasures <> OLD.erasures + 1 OR {changed})"
    lay = _POSTGRES_LAY if postgres else _SQLITE_LAY
    _run(connection, [statement.format(table=table, refusal=TABLES[table], when=when) for statement in lay])


def lift_from(connection: BaseDatabaseWrapper, table: str) -> None:
    lift = _POSTGRES_LIFT if connection.vendor == "postgresql" else _SQLITE_LIFT
    _run(connection, [statement.format(table=table) for statement in lift])


_SQLITE_LAY = [
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
]
_SQLITE_LIFT = ["DROP TRIGGER IF EXISTS {table}_no_update", "DROP TRIGGER IF EXISTS {table}_no_delete"]

_POSTGRES_LAY = [
    """CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {table}_refuse()",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()",
]
_POSTGRES_LIFT = ["DROP FUNCTION IF EXISTS {table}_refuse() CASCADE"]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


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
