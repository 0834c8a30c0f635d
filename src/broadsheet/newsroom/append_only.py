"""The triggers that make the version ledger append-only, in the words of each database."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "newsroom_publishedversion"

# All but `content` and `erasures`.
_FIXED = ("id", "article_id", "number", "act", "change", "at", "by_id", "previous_seal", "seal")
_REFUSAL = "published versions are append-only"

_SQLITE_CHANGED = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _FIXED)
_SQLITE_LAY = [
    f"""CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE}
        WHEN NEW.erasures <> OLD.erasures + 1 OR {_SQLITE_CHANGED}
        BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
    f"""CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
]
_SQLITE_LIFT = [f"DROP TRIGGER IF EXISTS {TABLE}_no_update", f"DROP TRIGGER IF EXISTS {TABLE}_no_delete"]

_POSTGRES_CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED)
_POSTGRES_LAY = [
    f"""CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    f"""CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} FOR EACH ROW
        WHEN (NEW.erasures <> OLD.erasures + 1 OR {_POSTGRES_CHANGED}) EXECUTE FUNCTION {TABLE}_refuse()""",
    f"""CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()""",
    f"""CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} EXECUTE FUNCTION {TABLE}_refuse()""",
]
_POSTGRES_LIFT = [f"DROP FUNCTION IF EXISTS {TABLE}_refuse() CASCADE"]


def lay_triggers(connection: BaseDatabaseWrapper) -> None:
    _run(connection, _POSTGRES_LAY if connection.vendor == "postgresql" else _SQLITE_LAY)


def lift_triggers(connection: BaseDatabaseWrapper) -> None:
    _run(connection, _POSTGRES_LIFT if connection.vendor == "postgresql" else _SQLITE_LIFT)


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
