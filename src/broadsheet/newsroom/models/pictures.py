from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models, transaction
from wagtail.images.models import AbstractImage, AbstractRendition
from wagtail.search import index

from broadsheet.newsroom import tags


class Picture(tags.Tagged, AbstractImage):
    """A picture with everything a newsroom must know of it before it may be printed."""

    tag_name = "picture"

    caption = models.CharField(max_length=600, blank=True, help_text="What the picture shows: who, what, where, when.")
    credit = models.CharField(max_length=255, blank=True, help_text="Who made it, and the agency: “Ana Lima / Lusa”.")
    alt_text = models.CharField(
        "alternative text", max_length=400, blank=True, help_text="What it is for somebody who cannot see it."
    )
    source = models.CharField(max_length=255, blank=True, help_text="Where we have it from.")
    source_url = models.URLField(max_length=600, blank=True)
    licence = models.CharField(max_length=120, blank=True, help_text="On what terms we print it: “CC BY 4.0”.")
    dark = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="light",
        help_text="The same picture in dark colours, for readers whose screen is dark: maps and charts.",
    )

    admin_form_fields = (
        "title",
        "file",
        "caption",
        "credit",
        "alt_text",
        "source",
        "source_url",
        "licence",
        "dark",
        "collection",
        "focal_point_x",
        "focal_point_y",
        "focal_point_width",
        "focal_point_height",
    )
    search_fields = [*AbstractImage.search_fields, index.SearchField("caption"), index.SearchField("credit")]

    class Meta(AbstractImage.Meta):
        verbose_name = "picture"

    @property
    def default_alt_text(self) -> str:
        return self.alt_text

    def tags_touched(self) -> Iterable[str]:
        return (self.tag,)


class Rendition(AbstractRendition):
    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)

    @classmethod
    def from_db(cls, db: str | None, field_names: Iterable[str], values: Iterable[Any]) -> Self:
        rendition = super().from_db(db, field_names, values)
        tags.note(f"picture:{rendition.image_id}")
        return rendition
