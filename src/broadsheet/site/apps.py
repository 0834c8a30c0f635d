from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_save


class SiteConfig(AppConfig):
    name = "broadsheet.site"
    label = "broadsheet_site"

    def ready(self) -> None:
        from django.conf import settings

        from broadsheet.site.catalogues import compile_to, link_wagtails

        compile_to(settings.LOCALE_PATHS[0])
        link_wagtails(settings.LOCALE_PATHS[1:])
        post_save.connect(_write_down_page, sender="newsroom.Publication", dispatch_uid="write the down page")


def _write_down_page(**_: Any) -> None:
    """It follows the edition's language."""
    from broadsheet.config import config
    from broadsheet.site.down import write_or_complain  # asks for models, which are there once all apps are ready

    transaction.on_commit(lambda: write_or_complain(config()))
