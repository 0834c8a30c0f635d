"""Triggers that make a table append-only, in the words of each database. Which tables: each app's `append_only.py`."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper


def lay_on(connection: BaseDatabaseWrapper, table: str, refusal: str, *, fixed: Sequence[str] = ()) -> None:
    """Refuse updates and deletes, in the words of `refusal`.

    Where `fixed` names columns, one change is let through: an erasure, which counts itself in `erasures` and leaves these be.
    """
    postgres = connection.vendor == "postgresql"
    when = ""
    if fixed:
        differs = "IS DISTINCT FROM" if postgres else "IS NOT"
        changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in fixed)
        when = f"WHEN (NEW.erasures <> OLD.erasures + 1 OR {changed})"
    lay = _POSTGRES_LAY if postgres else _SQLITE_LAY
    _run(connection, [statement.format(table=table, refusal=refusal, when=when) for statement in lay])


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
