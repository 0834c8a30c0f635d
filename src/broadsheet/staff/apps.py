from importlib import import_module

from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "broadsheet.staff"
    label = "staff"

    def ready(self) -> None:
        import_module("broadsheet.staff.watch")
        import_module("broadsheet.staff.holdings")
