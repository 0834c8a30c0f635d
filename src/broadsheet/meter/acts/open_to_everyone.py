"""Open to everyone until …: the public-interest switch, turned without editing the story. It ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from broadsheet import clock
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Article, ChangeClass, PublishedVersion


class NotOpened(ValueError):
    """The article cannot be opened as asked; the message says why."""


def open_to_everyone(article: Article, until: datetime, *, by: AbstractBaseUser) -> PublishedVersion:
    """Open a live article at once, on every worker, until a moment to come.

    Raises NotOpened, and whatever publishing raises: it is a version of the public record like any other.
    """
    if until <= clock.now():
        raise NotOpened(_("That moment has passed."))
    with speaking():  # the note stands in the record of the article, whoever writes it
        note = _("Open to everyone until %(moment)s UTC, in the public interest.") % {
            "moment": date_format(until.astimezone(UTC), "DATETIME_FORMAT")
        }
    return _set(article, until, by, note)


def close_again(article: Article, *, by: AbstractBaseUser) -> PublishedVersion:
    """End it before its time."""
    if not article.is_freed_at(clock.now()):
        raise NotOpened(_("The article is not open to everyone for a time."))
    with speaking():
        note = _("No longer open to everyone.")
    return _set(article, None, by, note)


@transaction.atomic
def _set(article: Article, until: datetime | None, by: AbstractBaseUser, note: str) -> PublishedVersion:
    if not article.live:
        raise NotOpened(_("The article is not published."))
    draft = article.get_latest_revision_as_object() if article.has_unpublished_changes else None
    # What readers see now, and not what somebody is still writing.
    public = Article.objects.get(pk=article.pk)
    public.free_until = until
    version = publish(public, by=by, change=ChangeClass.STYLE, note=note)
    if draft is not None:
        draft.free_until = until
        draft.save_revision(user=by)
    return version
