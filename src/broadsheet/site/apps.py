from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "broadsheet.site"
    label = "broadsheet_site"

    def ready(self) -> None:
        from django.conf import settings

        from broadsheet.site.catalogues import compile_to

        compile_to(settings.LOCALE_PATHS[0])
