"""Take the demo edition out again: what `load.py` brought, as far as nothing of the newsroom's own hangs on it.

First a plan that can be read, then the removal: one transaction an article, so that an interrupted one goes on where it
stopped, and a second one finds nothing. Articles are taken down as any other: their addresses answer 410 with a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath

from django.db import transaction
from django.db.models import ManyToOneRel

from broadsheet.interchange.demo import edition as carried
from broadsheet.interchange.demo.load import NOTICE_OF_REMOVAL, REPORT_EVERY, wagtail_silent
from broadsheet.newsroom.acts.set_up import begin_plain_pages
from broadsheet.newsroom.blocks import pictures_in
from broadsheet.newsroom.models import (
    Article,
    Byline,
    Person,
    Picture,
    Publication,
    Rendition,
    Section,
    Tombstone,
    Topic,
)


@dataclass(frozen=True)
class Plan:
    """Ids of what goes; `kept` says what stays because the newsroom uses it."""

    articles: tuple[int, ...]
    pictures: tuple[int, ...]
    sections: tuple[int, ...]
    people: tuple[int, ...]
    topics: tuple[int, ...]
    kept: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.articles or self.pictures or self.sections or self.people or self.topics)

    def __str__(self) -> str:
        if self.is_empty:
            return "\n".join(["There is nothing of the demo edition here to remove.", *self._kept()])
        counts = [
            (len(self.articles), "article"),
            (len(self.pictures), "picture"),
            (len(self.sections), "section"),
            (len(self.topics), "topic"),
        ]
        named = [f"{count} {noun}{'s' * (count != 1)}" for count, noun in counts]
        people = f"{len(self.people)} name{'s' * (len(self.people) != 1)} of bylines"
        what = f"Of the demo edition: {', '.join(named)} and {people}."
        return "\n".join([what, *self._kept(), "Settings, accounts and everything of your own stay."])

    def _kept(self) -> list[str]:
        return [f"Kept, because you use it: {thing}" for thing in self.kept]


@dataclass(frozen=True)
class Removed:
    articles: int

    def __str__(self) -> str:
        return f"The demo edition is gone: {self.articles} addresses now say that their story was removed."


def plan(edition: carried.Edition | None = None) -> Plan:
    """What is here of the edition and can go. Reads, and changes nothing."""
    edition = edition or carried.read_edition()
    articles = _articles(edition)
    kept: list[str] = []
    return Plan(
        tuple(articles),
        _pictures(edition, articles, kept),
        _sections(edition, articles, kept),
        _people(edition, articles, kept),
        _topics(edition, articles, kept),
        tuple(kept),
    )


def remove_demo(planned: Plan, progress: Callable[[str], None]) -> Removed:
    """Remove what was planned; `progress` hears a line now and then."""
    with wagtail_silent():
        for number, article_id in enumerate(planned.articles, 1):
            _take_out(article_id)
            if number % (REPORT_EVERY * 5) == 0 or number == len(planned.articles):
                progress(f"{number} of {len(planned.articles)} articles")
        for picture in Picture.objects.filter(pk__in=planned.pictures).order_by(
            "-dark"
        ):  # the light ones name the dark
            picture.delete()
        with transaction.atomic():
            for model, ids in ((Topic, planned.topics), (Person, planned.people)):
                for thing in model._default_manager.filter(pk__in=ids):
                    thing.delete()
            for section in Section.objects.filter(pk__in=planned.sections):
                section.delete()
            begin_plain_pages(Publication.ours())
    return Removed(len(planned.articles))


def _take_out(article_id: int) -> None:
    article = Article.objects.filter(pk=article_id).first()
    if article is None:  # somebody was quicker
        return
    with transaction.atomic():
        article.delete()
        Tombstone.objects.filter(article_id=article_id).update(notice=NOTICE_OF_REMOVAL)


# ── what is whose


def _articles(edition: carried.Edition) -> list[int]:
    """Known by the address of their original, wherever they were moved to and whatever was changed in them."""
    originals = {article.attribution.url for article in edition.articles}
    here = Article.objects.exclude(source_url="").order_by("pk").values_list("pk", "source_url")
    return [pk for pk, original in here if original in originals]


def _pictures(edition: carried.Edition, articles: Iterable[int], kept: list[str]) -> tuple[int, ...]:
    """Known by title, credit and file, as `load.py` names them."""
    known = {(picture.title, picture.credit): PurePath(picture.file).stem for picture in edition.pictures}
    known |= {
        (f"{picture.title} (dark)", picture.credit): PurePath(picture.dark).stem
        for picture in edition.pictures
        if picture.dark
    }
    found = {
        picture.pk: picture
        for picture in Picture.objects.all()
        if (stem := known.get((picture.title, picture.credit))) is not None
        and PurePath(str(picture.file.name)).name.startswith(stem)
    }
    in_use = _used_by_others(found, set(articles))
    # The dark twin of one that stays, stays.
    in_use |= {dark for pk in in_use if (dark := found[pk].dark_id) in found}
    kept += [f"the picture “{found[pk].title}”" for pk in sorted(in_use)]
    return tuple(pk for pk in found if pk not in in_use)


def _used_by_others(pictures: dict[int, Picture], articles: set[int]) -> set[int]:
    """Asked of the rows themselves: Wagtail's index of references is written by the worker, which may be behind."""
    used: set[int] = set()
    for relation in Picture._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ManyToOneRel) or relation.related_model in (Picture, Rendition):
            continue
        model, field = relation.related_model, relation.field
        users = model._default_manager.exclude(**{field.name: None})
        if model is Article:
            users = users.exclude(pk__in=articles)
        used |= set(users.values_list(field.attname, flat=True))
    for article in Article.objects.exclude(pk__in=articles):
        used |= {picture.pk for picture in pictures_in(article.body) if picture}
    own = Picture.objects.exclude(pk__in=pictures).exclude(dark=None)
    return (used | set(own.values_list("dark_id", flat=True))) & set(pictures)


def _sections(edition: carried.Edition, articles: list[int], kept: list[str]) -> tuple[int, ...]:
    gone = set(articles)
    going = []
    for section in Section.objects.filter(slug__in=[section.slug for section in edition.sections]):
        if set(section.get_children().values_list("pk", flat=True)) <= gone:
            going.append(section.pk)
        else:
            kept.append(f"the section “{section.name}”")
    return tuple(going)


def _people(edition: carried.Edition, articles: list[int], kept: list[str]) -> tuple[int, ...]:
    names = {person.slug: person.name for person in edition.people}
    gone = set(articles)
    theirs = {
        person for person, article in Byline.objects.values_list("person_id", "article_id") if article not in gone
    }
    going = []
    for person in Person.objects.filter(slug__in=names):
        if person.name != names[person.slug]:
            continue
        if person.pk in theirs:
            kept.append(f"the name “{person.name}”")
        else:
            going.append(person.pk)
    return tuple(going)


def _topics(edition: carried.Edition, articles: list[int], kept: list[str]) -> tuple[int, ...]:
    gone = set(articles)
    uses = Article.topics.through._default_manager.values_list("topic_id", "article_id")
    theirs = {topic for topic, article in uses if article not in gone}
    going = []
    for topic in Topic.objects.filter(slug__in=[topic.slug for topic in edition.topics]):
        if topic.pk in theirs:
            kept.append(f"the topic “{topic.name}”")
        else:
            going.append(topic.pk)
    return tuple(going)
