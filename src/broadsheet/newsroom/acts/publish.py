"""Publish: make a saved article public, or a live one say something new.

One act, whichever door leads to it: checks, the article, its published version, redirects and the purge, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet import clock
from broadsheet.newsroom import addresses, guard, purge, tags, versions
from broadsheet.newsroom.blocks import pictures_in
from broadsheet.newsroom.models.pictures import Missing
from broadsheet.newsroom.models.publication import Publication
from broadsheet.newsroom.models.sections import check_slug
from broadsheet.newsroom.models.tombstones import Tombstone
from broadsheet.newsroom.models.versions import ActName, ChangeClass, PublishedVersion
from broadsheet.newsroom.signals import article_published

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from broadsheet.newsroom.models import Article, Picture


class CannotPublish(ValidationError):
    """One sentence a fault, keyed by the field that has it (`None`: the article as a whole)."""

    def __init__(self, faults: dict[str | None, str]) -> None:
        super().__init__({field or "__all__": [sentence] for field, sentence in faults.items()})
        self.faults = faults

    def __str__(self) -> str:
        return " ".join(
            unescape(strip_tags(sentence)) if isinstance(sentence, SafeString) else sentence
            for sentence in self.faults.values()
        )


_LACKS = {
    (Missing.ALT_TEXT,): gettext_lazy("The picture {} has no alternative text for those who cannot see it."),
    (Missing.CREDIT,): gettext_lazy("The picture {} has no credit."),
    (Missing.ALT_TEXT, Missing.CREDIT): gettext_lazy(
        "The picture {} has no alternative text for those who cannot see it and no credit."
    ),
}
_NEEDS_NOTE = {
    ChangeClass.CLARIFICATION: gettext_lazy("A clarification needs a note that tells readers what was changed."),
    ChangeClass.CORRECTION: gettext_lazy("A correction needs a note that tells readers what was changed."),
    ChangeClass.RETRACTION: gettext_lazy("A retraction needs a note that tells readers what was changed."),
}


class Linked(SafeString):
    """A sentence with a link in it. Wagtail puts a field's label before it with `+`, which would make plain text of it."""

    def __radd__(self, before: str) -> Linked:
        return Linked("".join([conditional_escape(before), self]))


def publish(
    article: Article,
    *,
    by: AbstractBaseUser | None = None,
    change: ChangeClass | str = "",
    note: str = "",
    first_published_at: datetime | None = None,
) -> PublishedVersion:
    """Publish `article`, which hangs under its section already, as it is in memory; the version readers now see.

    `by` None: the program itself, for imports and schedules. `change` is needed from the second version on, `note` for
    clarifications, corrections and retractions. `first_published_at` keeps the date of a story that appeared elsewhere.
    Raises CannotPublish naming every fault, PermissionDenied if `by` may not publish here.
    """
    if by is not None and not article.permissions_for_user(by).can_publish():
        raise PermissionDenied(f"{by} may not publish in {article.section}.")
    article.change, article.change_note = change, note
    if first_published_at is not None:
        article.first_published_at = first_published_at
    if article.go_live_at and article.go_live_at > clock.now():
        planned = date_format(article.go_live_at.astimezone(UTC), "DATETIME_FORMAT")
        raise CannotPublish({"go_live_at": _("The story is planned for %(planned)s UTC.") % {"planned": planned}})
    check(article, by, saved_by=by.pk if by else None)
    with transaction.atomic():
        revision = article.save_revision(user=by)
        revision.publish(user=by, skip_permission_checks=True)
    article.refresh_from_db()
    version = versions.latest(article.pk)
    assert version is not None  # Article.save wrote it
    return version


def check(article: Article, by: AbstractBaseUser | None = None, saved_by: int | None = None) -> None:
    """Raises CannotPublish unless `article` may be published now, or at its own schedule."""
    faults: dict[str | None, str] = {}
    for field, sentence in _faults(article, by, saved_by):
        faults[field] = Linked(format_html("{} {}", faults[field], sentence)) if field in faults else sentence
    if faults:
        raise CannotPublish(faults)


def _faults(article: Article, by: AbstractBaseUser | None, saved_by: int | None) -> Iterator[tuple[str | None, str]]:
    if not article.title.strip():
        yield "title", _("The story has no headline.")
    if article.section_id is None:
        yield None, _("The story stands in no section.")
    try:
        check_slug(article.slug)
    except ValidationError as fault:
        yield "slug", " ".join(fault.messages)
    yield from _embargo_faults(article)
    yield from _picture_faults(article)
    yield from _change_faults(article)
    if by is not None and saved_by == by.pk and Publication.ours().four_eyes:
        yield None, _("Somebody else has to approve this: you saved it last.")


def _embargo_faults(article: Article) -> Iterator[tuple[str | None, str]]:
    embargo, now = article.embargo_until, clock.now()
    planned = article.go_live_at if article.go_live_at and article.go_live_at > now else now
    if embargo is not None and planned < embargo:
        until = date_format(embargo.astimezone(UTC), "DATETIME_FORMAT")
        yield "embargo_until", _("The story is under embargo until %(until)s UTC.") % {"until": until}


def _picture_faults(article: Article) -> Iterator[tuple[str | None, str]]:
    """Every picture a reader would see; each is named, and linked to where it can be put right."""
    shown = {picture.pk: ("picture" if n == 0 else None, picture) for n, picture in _pictures_shown(article)}
    for field, picture in shown.values():
        if picture.missing:
            page = reverse("wagtailimages:edit", args=[picture.pk])
            name = format_html('<a href="{}">“{}”</a>', page, picture.title)
            yield field, Linked(format_html(str(_LACKS[tuple(picture.missing)]), name))


def _pictures_shown(article: Article) -> Iterator[tuple[int, Picture]]:
    """With 0 for the one above the story, the others after it. Reversed, so that of one shown twice the first stands."""
    shown = [article.picture, *pictures_in(article.body)]
    for place in reversed(range(len(shown))):
        if shown[place] is not None:
            yield place, shown[place]


def _change_faults(article: Article) -> Iterator[tuple[str | None, str]]:
    if not _was_published(article):
        return
    if not article.change:
        yield "change", _("The story has been published before: say what kind of change this is.")
    elif ChangeClass(article.change).needs_note and not article.change_note.strip():
        yield "change_note", str(_NEEDS_NOTE[ChangeClass(article.change)])


def _was_published(article: Article) -> bool:
    return article.pk is not None and PublishedVersion.objects.filter(article_id=article.pk).exists()


# ── what Article.save does with it


@dataclass(frozen=True)
class Before:
    """An article as the database has it, before it is saved: what a reader may still be looking at."""

    live: bool = False
    url_path: str = ""
    section_id: int | None = None
    modified_at: datetime | None = None
    is_grief: bool = False
    lists: frozenset[str] = frozenset()

    @classmethod
    def of(cls, article: Article) -> Before:
        if article.pk is None:
            return cls()
        # Whoever publishes the same article at the same time waits here, and then sees this version as the one before.
        kept = (
            type(article)
            ._default_manager.select_for_update()
            .filter(pk=article.pk)
            .values_list("live", "url_path", "section_id", "modified_at", "is_grief")
            .first()
        )
        if kept is None:
            return cls()
        return cls(*kept, lists=lists_of(article, saved=True) if kept[0] else frozenset())


def lists_of(article: Article, *, saved: bool) -> frozenset[str]:
    """The tags of all lists the article stands in: as it is in the database, or as it is in memory."""
    if saved:
        topics = type(article).topics.through.objects.filter(article_id=article.pk).values_list("topic_id", flat=True)
        people = article.bylines.model.objects.filter(article_id=article.pk).values_list("person_id", flat=True)
    else:
        topics = [topic.pk for topic in article.topics.all()]
        people = [line.person_id for line in article.bylines.all()]
    return frozenset(
        [
            tags.ARTICLES,
            f"list:section:{article.section_id}",
            *(f"list:topic:{topic}" for topic in topics),
            *(f"list:person:{person}" for person in people),
        ]
    )


def prepare(article: Article, before: Before) -> None:
    """Before a live article is saved: refuse what no act answers for, check, and set its dates."""
    last = versions.latest(article.pk) if article.pk else None
    if before.live and not versions.differs(versions.public_fields(article), last):
        return
    act = guard.act_under_way()
    if act is None or act.name is ActName.UNPUBLISH:
        raise guard.UnrecordedChange(f"“{article.title}” was about to change before readers' eyes outside an act.")
    if act.name is not ActName.PUBLISH:
        return
    check(article, act.by, saved_by=article.live_revision.user_id if article.live_revision else None)
    if last is None:
        article.modified_at = None
        if act.begun and article.first_published_at and article.first_published_at >= act.begun:
            article.first_published_at = clock.now()  # Wagtail set it, by the machine's clock
    else:
        is_news = article.change and ChangeClass(article.change).is_news
        article.modified_at = clock.now() if is_news else before.modified_at


def record(article: Article, before: Before) -> None:
    """After it is saved: write its version, leave a redirect, and purge what shows it."""
    fields = versions.public_fields(article)
    last = versions.latest(article.pk)
    if not versions.differs(fields, last):
        if before.is_grief != article.is_grief:  # no word of the story: its page changes, and the record does not
            purge.purge({article.tag})
            _forget_change(article)
        return
    act = guard.act_under_way()
    assert act is not None  # prepare() has seen to it
    if article.change_note or act.note:
        fields["note"] = article.change_note or act.note
    version = versions.write(article.pk, act.name, article.change if last else "", act.by_id, fields)
    if article.change or article.change_note:
        _forget_change(article)
    if before.live and before.url_path != article.url_path:
        addresses.redirect(before.url_path, article)
    Tombstone.objects.filter(path=article.url).delete()
    purge_lists(article, before.lists)
    announce(article, version)


def purge_lists(article: Article, lists: frozenset[str]) -> None:
    """Purge the article, the lists it stands in now, and those it stood in before."""
    purge.purge({article.tag, *lists, *lists_of(article, saved=False)})


def _forget_change(article: Article) -> None:
    """The next change is another one. Not through save(): this is no change readers could see."""
    article.change = article.change_note = ""
    type(article)._default_manager.filter(pk=article.pk).update(change="", change_note="")


def announce(article: Article, version: PublishedVersion) -> None:
    article_published.send(sender=type(article), article=article, version=version)
