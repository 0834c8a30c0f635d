from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GivingConfig(AppConfig):
    name = "broadsheet.giving"
    label = "giving"
    verbose_name = _("Giving")

    def ready(self) -> None:
        import_module("broadsheet.giving.watch")  # who claims what was given
        import_module("broadsheet.giving.holdings")  # what is held about an account
