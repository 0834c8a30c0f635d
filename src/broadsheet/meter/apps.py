from django.apps import AppConfig


class MeterConfig(AppConfig):
    name = "broadsheet.meter"
    label = "meter"
