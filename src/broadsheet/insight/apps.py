from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "broadsheet.insight"
    label = "insight"
