from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.search import index

from broadsheet.newsroom import tags
from broadsheet.newsroom.models.called import called


@called(_("people"), name=_("name"), slug=_("slug"), role=_("role"), agency=_("agency"), website=_("website"))
class Person(tags.Tagged, index.Indexed):
    """Somebody who can stand in a byline: a person, or an organisation that signs as one."""

    tag_name = "person"

    name = models.CharField(max_length=120)
    slug = models.SlugField(
        max_length=120, unique=True, allow_unicode=True, help_text=_("The address: /people/<slug>/")
    )
    role = models.CharField(max_length=160, blank=True, help_text=_("Such as “science reporter”."))
    bio = models.TextField(_("about"), blank=True, help_text=_("A few sentences for their page."))
    is_organisation = models.BooleanField(_("an organisation"), default=False)
    agency = models.CharField(max_length=160, blank=True, help_text=_("Whom they work for, where it is not us."))
    website = models.URLField(blank=True)

    search_fields = [index.SearchField("name", boost=2), index.AutocompleteField("name")]
    panels = [
        FieldPanel("name"),
        FieldRowPanel([FieldPanel("role"), FieldPanel("agency")]),
        FieldPanel("bio"),
        MultiFieldPanel([FieldPanel("slug"), FieldPanel("website"), FieldPanel("is_organisation")], _("Address")),
    ]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def description(self) -> str:
        return self.bio

    @property
    def url(self) -> str:
        return f"/people/{self.slug}/"

    def tags_touched(self) -> Iterable[str]:
        return (self.tag,)
