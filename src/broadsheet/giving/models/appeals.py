"""Appeals: the words, and where in the publication they ask."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.models import PreviewableMixin

from broadsheet.giving import words
from broadsheet.giving.house_words import HouseWordsForm
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.models.called import called
from broadsheet.newsroom.purge import purge

APPEALS_TAG = "appeals"  # of every page an appeal may stand on


class Place(models.TextChoices):
    INSIDE = "inside", _("Inside articles")
    END = "end", _("At the end of articles")
    WALL = "wall", _("On the wall")
    ACCOUNT = "account", _("On the account page")


class AppealQuerySet(models.QuerySet["Appeal"]):
    def standing(self, places: Collection[Place], now: datetime) -> list[Appeal]:
        """Those that stand there now, the first of each place first. Notes when that will be otherwise."""
        wanted = self.filter(is_on=True, place__in=places).exclude(until_at__lte=now)
        standing = []
        for appeal in wanted.order_by("order", "pk"):
            if appeal.from_at is not None and appeal.from_at > now:
                tags.note_until(appeal.from_at)
            else:
                tags.note_until(appeal.until_at)
                standing.append(appeal)
        return standing

    def delete(self) -> tuple[int, dict[str, int]]:
        """Also of several at once, as the admin's lists do."""
        with transaction.atomic():
            gone = super().delete()
            purge([APPEALS_TAG])
        return gone


@called(_("appeals"), after_paragraphs=_("after paragraph"))
class Appeal(PreviewableMixin, models.Model):
    """What the publication asks its readers. Of those that stand in a place now, the first is shown.

    Never to supporters, never on a story marked as grief, and not again within a day of being closed.
    """

    place = models.CharField(_("place"), max_length=12, choices=Place)
    after_paragraphs = models.PositiveSmallIntegerField(
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Only inside articles. In a shorter article the appeal stands at its end."),
    )
    heading = models.CharField(
        _("heading"),
        max_length=120,
        default=words.HEADING,
        validators=[words.may_hold_the_name],
        help_text=_("May hold {name}."),
    )
    text = models.TextField(
        _("text"),
        max_length=1200,
        default=words.TEXT,
        validators=[words.may_hold_the_name],
        help_text=_("May hold {name}. An empty line begins a new paragraph."),
    )
    button = models.CharField(_("button"), max_length=40, default=words.BUTTON)
    shows_amounts = models.BooleanField(
        _("shows amounts"), default=True, help_text=_("The suggested amounts, each leading to the donation page.")
    )
    is_on = models.BooleanField(_("on"), default=True)
    from_at = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: from now on."))
    until_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for good."))
    order = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("Of several in one place, the lowest stands there.")
    )

    objects = AppealQuerySet.as_manager()
    base_form_class = HouseWordsForm
    panels = [
        FieldRowPanel([FieldPanel("place"), FieldPanel("after_paragraphs")]),
        MultiFieldPanel(
            [FieldPanel("heading"), FieldPanel("text"), FieldPanel("button"), FieldPanel("shows_amounts")],
            _("What it says"),
        ),
        MultiFieldPanel(
            [FieldPanel("is_on"), FieldRowPanel([FieldPanel("from_at"), FieldPanel("until_at")]), FieldPanel("order")],
            _("When it stands there"),
            help_text=_(
                "Never shown to those who give, to subscribers and to staff, nor on a story of grief; and for a day not to"
                " readers who closed one."
            ),
        ),
    ]

    class Meta:
        verbose_name = _("appeal")
        ordering = ["place", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.get_place_display()}: {words.said(self.heading)}"

    def said_heading(self) -> str:
        return words.said(self.heading)

    said_heading.short_description = _("heading")  # type: ignore[attr-defined]  # what lists call it

    def clean(self) -> None:
        super().clean()
        if self.from_at and self.until_at and self.until_at <= self.from_at:
            raise ValidationError({"until_at": _("It cannot end before it begins.")})

    # ── preview: as readers see it, by itself

    def get_preview_template(self, request: HttpRequest, mode_name: str) -> str:
        return "giving/appeal_preview.html"

    def get_preview_context(self, request: HttpRequest, mode_name: str) -> dict[str, Any]:
        given = super().get_preview_context(request, mode_name)
        return {**given, "appeal": self, "publication": Publication.ours()}

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            purge([APPEALS_TAG])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            gone = super().delete(*args, **kwargs)
            purge([APPEALS_TAG])
        return gone
