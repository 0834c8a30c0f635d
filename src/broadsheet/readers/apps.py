from importlib import import_module

from django.apps import AppConfig


class ReadersConfig(AppConfig):
    name = "broadsheet.readers"
    label = "readers"

    def ready(self) -> None:
        import_module("broadsheet.readers.watch")
        import_module("broadsheet.readers.holdings")
