from importlib import import_module

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "broadsheet.insight"
    label = "insight"

    def ready(self) -> None:
        import_module("broadsheet.insight.registrations")
