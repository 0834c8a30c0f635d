"""Unpublish: take an article down. Its address then answers 410 with a notice; nothing is silently gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction

from broadsheet import clock
from broadsheet.newsroom import guard, versions
from broadsheet.newsroom.acts.publish import Before, purge_lists
from broadsheet.newsroom.models.addresses import address_in_tree
from broadsheet.newsroom.models.tombstones import Tombstone
from broadsheet.newsroom.models.versions import ActName, PublishedVersion
from broadsheet.newsroom.signals import article_unpublished

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from broadsheet.newsroom.models import Article


def unpublish(article: Article, *, by: AbstractBaseUser | None = None, notice: str = "") -> PublishedVersion:
    """Take a live article down; `notice` is shown at its address. Raises PermissionDenied if `by` may not."""
    if by is not None and not article.permissions_for_user(by).can_unpublish():
        raise PermissionDenied(f"{by} may not take down {article.title!r}.")
    with transaction.atomic(), guard.acting(ActName.UNPUBLISH, by, notice):
        article.unpublish(user=by)
    version = versions.latest(article.pk)
    assert version is not None  # Article.save wrote it
    return version


def record(article: Article, before: Before) -> None:
    """After an article that was live was saved as a draft, or before it is deleted."""
    act = guard.demand(ActName.UNPUBLISH, f"“{article.title}” was about to be taken down")
    address = address_in_tree(before.url_path)
    fields = {"headline": article.title, "address": address, "note": act.note}
    version = versions.write(article.pk, ActName.UNPUBLISH, "", act.by_id, fields)
    Tombstone.objects.update_or_create(
        path=address,
        defaults={"article_id": article.pk, "headline": article.title, "notice": act.note, "at": clock.now()},
    )
    purge_lists(article, before.lists)
    article_unpublished.send(sender=type(article), article=article, version=version)
