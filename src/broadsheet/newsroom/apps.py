from django.apps import AppConfig


class NewsroomConfig(AppConfig):
    name = "broadsheet.newsroom"
    label = "newsroom"

    def ready(self) -> None:
        from broadsheet.newsroom import receivers  # models exist only now
        from broadsheet.newsroom.searching import receivers as search_receivers

        receivers.connect()
        search_receivers.connect()
