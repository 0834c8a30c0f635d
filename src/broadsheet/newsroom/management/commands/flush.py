"""Django's command, for a database with an append-only table: whoever empties all of it means that table, too."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from broadsheet.newsroom.append_only import lay_triggers, lift_triggers


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        lift_triggers(connection)
        try:
            super().handle(**options)
        finally:
            lay_triggers(connection)
