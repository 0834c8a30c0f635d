from __future__ import annotations

from collections.abc import Collection, Iterable
from io import BytesIO
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.base import File as StoredFile
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.images.models import AbstractImage, AbstractRendition, Filter, SourceImageIOError
from wagtail.search import index
from wagtail.utils.file import hash_filelike

from broadsheet.newsroom import metadata, tags
from broadsheet.newsroom.models.called import called
from broadsheet.newsroom.printing import PrintedFilter
from broadsheet.newsroom.signals import picture_taken_in

_FOCUS = ("focal_point_x", "focal_point_y", "focal_point_width", "focal_point_height")


class Files(models.TextChoices):
    """How far the worker is with the files that pages name."""

    WAITING = "waiting", _("Its sizes are being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Its sizes could not be made")


class Missing(models.TextChoices):
    """What keeps a story with the picture from being published."""

    ALT_TEXT = "alt_text", _("No alternative text for those who cannot see it")
    CREDIT = "credit", _("No credit")


@called(
    _("pictures"),
    title=_("title"),
    caption=_("caption"),
    credit=_("credit"),
    source=_("source"),
    source_url=_("source address"),
    licence=_("licence"),
    place=_("place"),
    dark=_("dark"),
)
class Picture(tags.Tagged, AbstractImage):
    """A picture with everything a newsroom must know of it before it may be printed."""

    tag_name = "picture"
    search_auto_update = False  # receivers.index_at_once

    caption = models.CharField(
        max_length=600, blank=True, help_text=_("What the picture shows: who, what, where, when.")
    )
    credit = models.CharField(
        max_length=255, blank=True, help_text=_("Who made it, and the agency: “photographer / agency”.")
    )
    alt_text = models.CharField(
        _("alternative text"), max_length=400, blank=True, help_text=_("What it is for somebody who cannot see it.")
    )
    is_decorative = models.BooleanField(
        _("decorative"),
        default=False,
        help_text=_(
            "It tells nothing that the story does not: screen readers pass it over, and it has no alternative text."
        ),
    )
    source = models.CharField(max_length=255, blank=True, help_text=_("Where we have it from."))
    source_url = models.URLField(max_length=600, blank=True)
    licence = models.CharField(max_length=120, blank=True, help_text=_("On what terms we print it: “CC BY 4.0”."))
    rights = models.CharField(
        _("copyright notice"),
        max_length=255,
        blank=True,
        help_text=_("Written into every file readers get: “© 2026 Agency”."),
    )
    place = models.CharField(
        max_length=255, blank=True, help_text=_("Where it was taken, in words. For the newsroom; readers are not told.")
    )
    taken_on = models.DateField(
        _("taken on"), null=True, blank=True, help_text=_("For the newsroom; readers are not told.")
    )
    dark = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="light",
        help_text=_("The same picture in dark colours, for readers whose screen is dark: maps and charts."),
    )

    files = models.CharField(max_length=7, choices=Files.choices, default=Files.WAITING, editable=False)
    why_failed = models.CharField(max_length=300, blank=True, editable=False)
    # The formats for screens that are worth having, best first: AVIF only where it is smaller than WebP.
    formats = models.CharField(max_length=20, default="avif,webp", editable=False)

    admin_form_fields = (
        "title",
        "file",
        "caption",
        "credit",
        "alt_text",
        "is_decorative",
        "rights",
        "place",
        "taken_on",
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
        verbose_name = _("picture")

    @property
    def default_alt_text(self) -> str:
        return self.printed_alt_text

    @property
    def printed_alt_text(self) -> str:
        """Empty for a decorative picture, which screen readers then pass over."""
        return "" if self.is_decorative else self.alt_text

    @property
    def missing(self) -> list[Missing]:
        """What it must have before a story with it may be published."""
        needed = []
        if not self.is_decorative and not self.alt_text.strip():
            needed.append(Missing.ALT_TEXT)
        if not self.credit.strip():
            needed.append(Missing.CREDIT)
        return needed

    def tags_touched(self) -> Iterable[str]:
        return (self.tag,)

    def save(self, *args: Any, **kwargs: Any) -> None:
        is_new_file = bool(self.file) and not getattr(self.file, "_committed", True)
        is_cropped_anew = not is_new_file and self._has_new_focus(kwargs.get("update_fields"))
        if is_new_file:
            self._take_in()
        if is_new_file or is_cropped_anew:
            self.files, self.why_failed, self.formats = Files.WAITING, "", "avif,webp"
        super().save(*args, **kwargs)
        if is_cropped_anew:
            mounted = Q(filter_spec__startswith="max-", filter_spec__contains="|")
            self.renditions.filter(Q(filter_spec__startswith="fill-") | mounted).delete()
        if is_new_file or is_cropped_anew:
            picture_taken_in.send(sender=type(self), picture=self)

    def generate_rendition_file(self, filter: Filter, *, source: StoredFile | None = None) -> StoredFile:  # noqa: A002
        """Files that pages name are written by us: small, in sRGB, and they say who made them."""
        printed = PrintedFilter(filter.spec) if PrintedFilter.takes(filter.spec) else filter
        try:
            return super().generate_rendition_file(printed, source=source)
        except metadata.MALFORMED as fault:
            # Wagtail's lists show a broken picture for this, and fail for anything else.
            raise SourceImageIOError(str(fault)) from fault

    def _has_new_focus(self, written: Iterable[str] | None) -> bool:
        if self.pk is None or (written is not None and not set(_FOCUS) & set(written)):
            return False
        kept = type(self)._default_manager.filter(pk=self.pk).values_list(*_FOCUS).first()
        return kept is not None and kept != tuple(getattr(self, name) for name in _FOCUS)

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
            ("alt_text", "" if self.is_decorative else said.alt_text),
            ("rights", said.copyright),
            ("place", said.place),
            ("source", said.source),
            ("licence", said.licence),
        ):
            if value and not getattr(self, name):
                setattr(self, name, value[: self._longest(name)])
        self.taken_on = self.taken_on or said.taken_on
        # Which sets width and height anew: it may have been turned.
        self.file: Any = ContentFile(clean, name=self.file.name)
        self.file_size = len(clean)
        self.file_hash = hash_filelike(BytesIO(clean))

    def _longest(self, name: str) -> int | None:
        return getattr(self._meta.get_field(name), "max_length", None)

    def _check_size(self) -> None:
        most = settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS
        if self.width * self.height > most:
            raise ValidationError(
                {
                    "file": _("This picture has too many pixels: %(pixels)s. At most %(most)s can be drawn.")
                    % {"pixels": f"{self.width * self.height:,}", "most": f"{most:,}"}
                }
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
