from django.apps import AppConfig


class InterchangeConfig(AppConfig):
    name = "broadsheet.interchange"
    label = "interchange"

    def ready(self) -> None:
        from broadsheet.interchange.share_cards import receivers  # models exist only now

        receivers.connect()
