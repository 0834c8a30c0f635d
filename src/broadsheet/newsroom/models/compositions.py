"""The front page as an edition that somebody composed: which story stands where, from when on, and who said so.

A composition is never changed once it stands: the next one takes its place, so that the history is the log and any of them
can be put back. Places nobody filled are filled by `broadsheet.newsroom.front`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from broadsheet.newsroom import tags

LEAD, SECONDARY, OPINION = "lead", "secondary", "opinion"
PLACES = {LEAD: 1, SECONDARY: 4, OPINION: 4}
ROW_PLACES = 6
_ROW = "row:"


class Place(NamedTuple):
    """One place of the front page: a group and a position in it, from 0. Written `secondary.2`, `row:17.0`."""

    group: str
    number: int

    @classmethod
    def parse(cls, written: str) -> Place:
        """Raises ValueError for what is no place."""
        group, _dot, digits = written.rpartition(".")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 3 and int(digits) < places_in(group)):
            raise ValueError(f"{written!r} is no place of the front page")
        return cls(group, int(digits))

    def __str__(self) -> str:
        return f"{self.group}.{self.number}"

    @property
    def section_id(self) -> int | None:
        """Of a row's place: only stories of this section may stand there."""
        return int(self.group.removeprefix(_ROW)) if self.group.startswith(_ROW) else None


def row_of(section_id: int) -> str:
    return f"{_ROW}{section_id}"


def places_in(group: str) -> int:
    """How many places a group has; 0 if there is no such group."""
    if group.startswith(_ROW):
        digits = group.removeprefix(_ROW)
        return ROW_PLACES if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return PLACES.get(group, 0)


@dataclass(frozen=True)
class Plan:
    """Which article (by id) stands in which place; places not named are filled automatically."""

    chosen: Mapping[Place, int] = field(default_factory=dict)

    def with_article(self, place: Place, article_id: int) -> Plan:
        """A story stands in one place only: it leaves the one it had."""
        others = {each: pk for each, pk in self.chosen.items() if pk != article_id}
        return Plan({**others, place: article_id})

    def automatic(self, place: Place) -> Plan:
        return Plan({each: pk for each, pk in self.chosen.items() if each != place})

    def swapped(self, one: Place, other: Place) -> Plan:
        swap = {one: other, other: one}
        return Plan({swap.get(each, each): pk for each, pk in self.chosen.items()})

    def in_group(self, group: str) -> dict[int, int]:
        """{position: article id}."""
        return {place.number: pk for place, pk in self.chosen.items() if place.group == group}

    def to_json(self) -> dict[str, int]:
        return {str(place): self.chosen[place] for place in sorted(self.chosen)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Plan:
        return cls(dict(_places_kept(kept)))


def _places_kept(kept: Mapping[str, Any]) -> Iterator[tuple[Place, int]]:
    for written, pk in kept.items():
        try:
            yield Place.parse(written), int(pk)
        except (ValueError, TypeError):
            continue  # a place that a later release no longer has


class CompositionQuerySet(models.QuerySet[Any]):
    def standing(self) -> CompositionQuerySet:
        """Those that were or will be shown, in the order in which they take each other's place."""
        return self.filter(withdrawn_at__isnull=True).order_by("from_at", "pk")

    def in_force(self, now: datetime) -> Composition | None:
        """The one readers see; the moment the next takes its place is noted."""
        tags.note(tags.FRONT)
        tags.note_until(self.planned(now).values_list("from_at", flat=True).first())
        return self.past(now).first()

    def planned(self, now: datetime) -> CompositionQuerySet:
        return self.standing().filter(from_at__gt=now)

    def past(self, now: datetime) -> CompositionQuerySet:
        """The one in force and those before it, the newest first."""
        return self.standing().filter(from_at__lte=now).reverse()


CompositionManager = models.Manager.from_queryset(CompositionQuerySet)


class Composition(models.Model):
    """A front page somebody composed, and from when on it stands."""

    kept_plan = models.JSONField(default=dict)
    from_at = models.DateTimeField(db_index=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changes = models.JSONField(default=list)  # sentences: what is other than in the one before
    withdrawn_at = models.DateTimeField(null=True)  # planned, and called off before it was shown

    objects = CompositionManager()

    class Meta:
        verbose_name = _("composition of the front page")
        verbose_name_plural = _("compositions of the front page")
        default_permissions = ("change",)

    def __str__(self) -> str:
        return gettext("Front page from %(at)s") % {"at": f"{self.from_at:%Y-%m-%d %H:%M}"}

    @property
    def plan(self) -> Plan:
        return Plan.from_json(self.kept_plan)


class FrontDraft(models.Model):
    """The front page that is being worked on: one for the whole newsroom. No row: nobody has begun."""

    kept_plan = models.JSONField(default=dict)
    touched_at = models.DateTimeField()
    touched_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # A planned front page that is being changed: it is called off when this one is put in its place.
    replaces = models.ForeignKey(Composition, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("front page in the making")
        verbose_name_plural = _("front pages in the making")
        default_permissions = ()

    def __str__(self) -> str:
        return gettext("Front page in the making")

    @property
    def plan(self) -> Plan:
        return Plan.from_json(self.kept_plan)


class Breaking(models.Model):
    """The bar above the front page, for a time. Apart from compositions: the next one must not take it away."""

    article = models.ForeignKey("newsroom.Article", on_delete=models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("breaking news")
        verbose_name_plural = _("breaking news")
        default_permissions = ()

    def __str__(self) -> str:
        return f"Breaking: {self.article_id}"

    @classmethod
    def at(cls, now: datetime) -> Breaking | None:
        """The bar that stands now, the last made if there are several; the moment this changes is noted."""
        tags.note(tags.FRONT)
        those = list(cls.objects.filter(ends_at__gt=now).order_by("pk"))
        for one in those:
            tags.note_until(one.starts_at if one.starts_at > now else one.ends_at)
        return next((one for one in reversed(those) if one.starts_at <= now), None)


class MostRead(models.Model):
    """What readers read most just now, from 1. Written by whoever knows the reading log (`acts/most_read.py`)."""

    position = models.PositiveSmallIntegerField(unique=True)
    article = models.ForeignKey("newsroom.Article", on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("most read story")
        verbose_name_plural = _("most read stories")
        default_permissions = ()
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}: {self.article_id}"
