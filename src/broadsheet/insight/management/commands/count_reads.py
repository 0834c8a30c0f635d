"""What the worker runs every few minutes, in a process of its own: pyarrow's memory ends with it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from broadsheet.config import config
from broadsheet.insight.refresh import refresh


class Command(BaseCommand):
    help = "Count what is read, from the reading log, and refresh the list of what is read most."

    def handle(self, *args: Any, **options: Any) -> None:
        refresh(config().log)
