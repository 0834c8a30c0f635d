"""Appeals: the words, and where in the publication they ask."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from broadsheet.giving import words
from broadsheet.newsroom.models.called import called
from broadsheet.newsroom.purge import purge

APPEALS_TAG = "appeals"  # of every page an appeal may stand on


class Place(models.TextChoices):
    INSIDE = "inside", _("Inside articles")
    END = "end", _("At the end of articles")
    WALL = "wall", _("On the wall")
    ACCOUNT = "account", _("On the account page")
    NEWSLETTER = "newsletter", _("In newsletters")


@called(_("appeals"), after_paragraphs=_("after paragraph"))
class Appeal(models.Model):
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

    class Meta:
        verbose_name = _("appeal")
        ordering = ["place", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.get_place_display()}: {words.said(self.heading)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            purge([APPEALS_TAG])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            gone = super().delete(*args, **kwargs)
            purge([APPEALS_TAG])
        return gone
