from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsroomConfig(AppConfig):
    name = "broadsheet.newsroom"
    label = "newsroom"
    verbose_name = _("Newsroom")

    def ready(self) -> None:
        from broadsheet.newsroom import receivers  # models exist only now
        from broadsheet.newsroom.searching import receivers as search_receivers

        receivers.connect()
        search_receivers.connect()
