from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_save


class MeterConfig(AppConfig):
    name = "broadsheet.meter"
    label = "meter"

    def ready(self) -> None:
        # The publication's name and time zone are part of what the gate reads.
        for model in ("meter.MeterSettings", "newsroom.Publication"):
            post_save.connect(_put_in_force, sender=model, dispatch_uid=f"put {model} in force")


def _put_in_force(**_: Any) -> None:
    from broadsheet.meter import force  # its models can only be imported once all apps are ready

    transaction.on_commit(force.publish_or_complain)
