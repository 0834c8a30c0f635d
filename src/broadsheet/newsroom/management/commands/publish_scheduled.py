"""In place of Wagtail's command of this name, which stops at the first story that is refused."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from broadsheet.newsroom.scheduling import carry_out_schedule


class Command(BaseCommand):
    help = "Publish stories whose time has come, and take down those whose time is over."

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = carry_out_schedule()
        self.stdout.write(f"{outcome.published} published, {outcome.taken_down} taken down.")
        if outcome.refused:
            raise CommandError("Refused:\n" + "\n".join(outcome.refused))
