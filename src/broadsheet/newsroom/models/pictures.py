from __future__ import annotations

from collections.abc import Collection, Iterable
from io import BytesIO
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models
from wagtail.images.models import AbstractImage, AbstractRendition
from wagtail.search import index
from wagtail.utils.file import hash_filelike

from broadsheet.newsroom import metadata, tags
from broadsheet.newsroom.signals import picture_taken_in


class Picture(tags.Tagged, AbstractImage):
    """A picture with everything a newsroom must know of it before it may be printed."""

    tag_name = "picture"

    caption = models.CharField(max_length=600, blank=True, help_text="What the picture shows: who, what, where, when.")
    credit = models.CharField(
        max_length=255, blank=True, help_text="Who made it, and the agency: “photographer / agency”."
    )
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new_file = bool(self.file) and not getattr(self.file, "_committed", True)
        if is_new_file:
            self._take_in()
        super().save(*args, **kwargs)
        if is_new_file:
            picture_taken_in.send(sender=type(self), picture=self)

    def _take_in(self) -> None:
        """Read what the file says into the fields that are empty, and store it without what it need not say.

        Raises ValidationError for a file that is not a picture, or one too large to be drawn.
        """
        self._check_size()
        try:
            said = metadata.read(self.file.file)
            clean = metadata.cleaned(self.file.file, said)
        except metadata.NotAPicture as fault:
            raise ValidationError({"file": str(fault)}) from fault
        for name, value in (
            ("caption", said.caption),
            ("credit", said.credit_line),
            ("alt_text", said.alt_text),
            ("source", said.source),
            ("licence", said.licence),
        ):
            if value and not getattr(self, name):
                setattr(self, name, value[: self._longest(name)])
        self.file = ContentFile(clean, name=self.file.name)
        self.file_size = len(clean)
        self.file_hash = hash_filelike(BytesIO(clean))

    def _longest(self, name: str) -> int | None:
        return getattr(self._meta.get_field(name), "max_length", None)

    def _check_size(self) -> None:
        most = settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS
        if self.width * self.height > most:
            raise ValidationError(
                {"file": f"This picture has {self.width * self.height:,} pixels; at most {most:,} can be drawn."}
            )


class Rendition(AbstractRendition):
    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        rendition = super().from_db(db, field_names, values, **options)
        tags.note(f"picture:{rendition.image_id}")
        return rendition
