from __future__ import annotations

from django.db import models
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.models import Orderable


class Role(models.TextChoices):
    """What somebody in a byline did, in the words that stand before their name."""

    BY = "by", "By"
    REPORTED = "reported by", "Reported by"
    ADDITIONAL = "additional reporting by", "Additional reporting by"
    PHOTOGRAPHS = "photographs by", "Photographs by"
    MAP = "map by", "Map by"
    GRAPHICS = "graphics by", "Graphics by"
    ILLUSTRATIONS = "illustrations by", "Illustrations by"
    TRANSLATED = "translated by", "Translated by"
    EDITED = "edited by", "Edited by"


class Byline(Orderable):
    """One name under a headline; in the order the newsroom gives them."""

    article = ParentalKey("newsroom.Article", on_delete=models.CASCADE, related_name="bylines")
    person = models.ForeignKey("newsroom.Person", on_delete=models.PROTECT, related_name="bylines")
    role = models.CharField(max_length=40, choices=Role.choices, default=Role.BY)

    panels = [FieldRowPanel([FieldPanel("role"), FieldPanel("person")])]

    class Meta(Orderable.Meta):
        verbose_name = "byline"

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.person}"
