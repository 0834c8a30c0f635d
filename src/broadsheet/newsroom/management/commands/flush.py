"""Django's command, for a database with append-only tables: whoever empties all of it means those, too."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.management.commands import flush
from django.db import connections
from django.utils.module_loading import module_has_submodule


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection, guards = connections[options["database"]], list(_append_only())
        for guard in guards:
            guard.lift_triggers(connection)
        try:
            super().handle(**options)
        finally:
            for guard in guards:
                guard.lay_triggers(connection)


def _append_only() -> Iterator[ModuleType]:
    """Of every part of the house that has such tables: its own words for them."""
    for app in apps.get_app_configs():
        if app.name.startswith("broadsheet.") and app.module and module_has_submodule(app.module, "append_only"):
            yield import_module(f"{app.name}.append_only")
