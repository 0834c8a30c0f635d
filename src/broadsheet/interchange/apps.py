from django.apps import AppConfig


class InterchangeConfig(AppConfig):
    name = "broadsheet.interchange"
    label = "interchange"
