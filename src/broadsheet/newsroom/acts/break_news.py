"""Break news: the bar above the front page, for a time, and its end before that time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from broadsheet import clock
from broadsheet.newsroom import purge, tags
from broadsheet.newsroom.acts.compose import CannotCompose, demand_composer
from broadsheet.newsroom.models.articles import Article
from broadsheet.newsroom.models.compositions import Breaking
from broadsheet.newsroom.models.front import FrontPage

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def break_news(
    article: Article, ends_at: datetime, *, by: AbstractBaseUser | None, starts_at: datetime | None = None
) -> Breaking:
    """The bar shows `article` from `starts_at` (None: now) to `ends_at`; another story's bar ends where it begins.

    Raises CannotCompose, PermissionDenied.
    """
    demand_composer(by)
    now = clock.now()
    starts_at = max(starts_at or now, now)
    if ends_at <= starts_at:
        raise CannotCompose(_("The breaking bar has to end after it begins."))
    if not article.live:
        raise CannotCompose(_("“%(headline)s” is not published.") % {"headline": article.headline})
    with transaction.atomic():
        Breaking.objects.filter(ends_at__gt=starts_at, starts_at__lt=starts_at).update(ends_at=starts_at)
        Breaking.objects.filter(starts_at__gte=starts_at, starts_at__lt=ends_at).delete()
        breaking = Breaking.objects.create(
            article=article, starts_at=starts_at, ends_at=ends_at, made_at=now, made_by_id=by.pk if by else None
        )
        _log(by, "newsroom.front.break", breaking)
        purge.purge([tags.FRONT])
    return breaking


def end_breaking(breaking: Breaking, *, by: AbstractBaseUser | None) -> None:
    """Now, or before it began."""
    demand_composer(by)
    now = clock.now()
    with transaction.atomic():
        if breaking.starts_at > now:
            breaking.delete()
        elif breaking.ends_at > now:
            breaking.ends_at = now
            breaking.save(update_fields=["ends_at"])
        _log(by, "newsroom.front.end_breaking", breaking)
        purge.purge([tags.FRONT])


def _log(by: AbstractBaseUser | None, action: str, breaking: Breaking) -> None:
    data = {
        "headline": breaking.article.headline,
        "starts": breaking.starts_at.isoformat(),
        "ends": breaking.ends_at.isoformat(),
    }
    log(FrontPage.objects.first(), action, user=by, data=data)
