"""The version ledger is append-only, by triggers."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from broadsheet.newsroom import triggers

TABLE = "newsroom_publishedversion"

# All but `content` and `erasures`.
_FIXED = ("id", "article_id", "number", "act", "change", "at", "by_id", "previous_seal", "seal")


def lay_triggers(connection: BaseDatabaseWrapper) -> None:
    triggers.lay_on(connection, TABLE, "published versions are append-only", fixed=_FIXED)


def lift_triggers(connection: BaseDatabaseWrapper) -> None:
    triggers.lift_from(connection, TABLE)
