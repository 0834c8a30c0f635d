"""The triggers that make the ledger and the receipts append-only, in the words of each database."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = {
    "giving_transaction": "the ledger is append-only",
    "giving_movement": "the ledger is append-only",
    "giving_receipt": "receipts are append-only",
    "giving_receiptvoid": "receipts are append-only",
}


def lay_triggers(connection: BaseDatabaseWrapper) -> None:
    lay = _POSTGRES_LAY if connection.vendor == "postgresql" else _SQLITE_LAY
    _run(
        connection,
        [statement.format(table=table, refusal=refusal) for table, refusal in TABLES.items() for statement in lay],
    )


def lift_triggers(connection: BaseDatabaseWrapper) -> None:
    lift = _POSTGRES_LIFT if connection.vendor == "postgresql" else _SQLITE_LIFT
    _run(connection, [statement.format(table=table) for table in TABLES for statement in lift])


_SQLITE_LAY = [
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END",
]
_SQLITE_LIFT = ["DROP TRIGGER IF EXISTS {table}_no_update", "DROP TRIGGER IF EXISTS {table}_no_delete"]

_POSTGRES_LAY = [
    """CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    "CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()",
]
_POSTGRES_LIFT = ["DROP FUNCTION IF EXISTS {table}_refuse() CASCADE"]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
