from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.search import index

from broadsheet.newsroom import tags
from broadsheet.newsroom.models.called import called


@called(_("topics"), name=_("name"), slug=_("slug"), description=_("description"))
class Topic(tags.Tagged, index.Indexed):
    """What a story is about. Not where it runs (a section), nor who made it (a desk)."""

    tag_name = "topic"

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(
        max_length=120, unique=True, allow_unicode=True, help_text=_("The address: /topics/<slug>/")
    )
    description = models.CharField(max_length=300, blank=True)

    search_fields = [index.SearchField("name", boost=2), index.AutocompleteField("name")]
    panels = [FieldPanel("name"), FieldPanel("slug"), FieldPanel("description")]

    class Meta:
        verbose_name = _("topic")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"/topics/{self.slug}/"
