from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.newsroom import tags


def known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone; use a name such as Europe/Berlin.")


class Direction(models.TextChoices):
    LEFT_TO_RIGHT = "ltr", "left to right"
    RIGHT_TO_LEFT = "rtl", "right to left"


@register_setting(icon="globe", order=100)
class Publication(tags.Tagged, BaseGenericSetting):
    """What the publication says of itself; one row. Everything else asks `Publication.ours()`."""

    tag_name = "settings"

    name = models.CharField(max_length=80, default="The Broadsheet", help_text="In the nameplate, notices and mails.")
    tagline = models.CharField(max_length=160, blank=True)
    description = models.CharField(
        max_length=300, blank=True, help_text="One or two sentences, for search engines and feeds."
    )
    language = models.CharField(
        max_length=12, default="en", help_text="Language of the articles, as in HTML: en, de, pt-BR, he …"
    )
    direction = models.CharField(max_length=3, choices=Direction.choices, default=Direction.LEFT_TO_RIGHT)
    zone = models.CharField(
        "time zone", max_length=60, default="UTC", validators=[known_zone], help_text="Such as Europe/Berlin."
    )
    contact = models.EmailField("contact address", blank=True, help_text="Shown to readers.")
    four_eyes = models.BooleanField(
        "somebody else publishes",
        default=False,
        help_text="Nobody publishes what they themselves saved last: another person approves it.",
    )

    panels = [
        MultiFieldPanel(
            [FieldPanel("name"), FieldPanel("tagline"), FieldPanel("description"), FieldPanel("contact")],
            "The publication",
        ),
        MultiFieldPanel([FieldPanel("language"), FieldPanel("direction"), FieldPanel("zone")], "Language and time"),
        FieldPanel("four_eyes"),
    ]

    class Meta:
        verbose_name = "publication"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def ours(cls) -> Publication:
        """The row, or its defaults where nobody has saved one yet; noted either way."""
        tags.note(tags.SETTINGS)
        return cls.objects.order_by("pk").first() or cls()

    @property
    def tag(self) -> str:
        return tags.SETTINGS

    def tags_touched(self) -> Iterable[str]:
        return (tags.SETTINGS,)

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)
