"""Registrations, by the story they began on: a number a day, noted when an account is made. Nothing says whose they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F, Sum
from django.dispatch import receiver

from broadsheet import clock
from broadsheet.insight.models import StoryRegistrations
from broadsheet.newsroom.models import Article, Publication
from broadsheet.readers.models import User
from broadsheet.readers.signals import registered


@receiver(registered, sender=User)
def note(came_from: str, **_: Any) -> None:
    """Who registered elsewhere came from no story, and is in no number."""
    match came_from.strip("/").split("/"):
        case [section, slug]:
            story = Article.objects.at(section, slug).values_list("pk", flat=True).first()
        case _:
            story = None
    if story is not None:
        today = clock.now().astimezone(Publication.ours().time_zone).date()
        StoryRegistrations.objects.get_or_create(day=today, article_id=story)
        StoryRegistrations.objects.filter(day=today, article_id=story).update(number=F("number") + 1)


def between(first: date, last: date) -> dict[int, int]:
    """By story, both days included."""
    noted = StoryRegistrations.objects.filter(day__gte=first, day__lte=last)
    return dict(noted.values_list("article_id").annotate(Sum("number")))


def grouped(by_story: Mapping[int, int], groups: Mapping[int, int]) -> dict[int, int]:
    """As `counts.tallies` groups: what belongs to no group is in group 0."""
    found: dict[int, int] = {}
    for article, number in by_story.items():
        group = groups.get(article, 0)
        found[group] = found.get(group, 0) + number
    return found


def by_day(article: int) -> dict[date, int]:
    return dict(StoryRegistrations.objects.filter(article_id=article).values_list("day", "number"))
