"""Wagtail's older name for `publish_scheduled`."""

from broadsheet.newsroom.management.commands.publish_scheduled import Command

__all__ = ["Command"]
