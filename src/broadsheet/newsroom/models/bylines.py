from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.models import Orderable

from broadsheet.newsroom.models.called import called


class Role(models.TextChoices):
    """What somebody in a byline did, in the words that stand before their name."""

    BY = "by", _("By")
    REPORTED = "reported by", _("Reported by")
    ADDITIONAL = "additional reporting by", _("Additional reporting by")
    PHOTOGRAPHS = "photographs by", _("Photographs by")
    MAP = "map by", _("Map by")
    GRAPHICS = "graphics by", _("Graphics by")
    ILLUSTRATIONS = "illustrations by", _("Illustrations by")
    TRANSLATED = "translated by", _("Translated by")
    EDITED = "edited by", _("Edited by")


@called(_("bylines"), person=_("person"), role=_("role"))
class Byline(Orderable):
    """One name under a headline; in the order the newsroom gives them."""

    article = ParentalKey("newsroom.Article", on_delete=models.CASCADE, related_name="bylines")
    person = models.ForeignKey("newsroom.Person", on_delete=models.PROTECT, related_name="bylines")
    role = models.CharField(max_length=40, choices=Role.choices, default=Role.BY)

    panels = [FieldRowPanel([FieldPanel("role"), FieldPanel("person")])]

    class Meta(Orderable.Meta):
        verbose_name = _("byline")

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.person}"
