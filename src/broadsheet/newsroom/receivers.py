"""Doors to the public record that do not pass through `Article.save`: the tree, deletion, and pages saved as plain pages."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.models import Page, PageViewRestriction, ReferenceIndex
from wagtail.search import index
from wagtail.signals import post_page_move, pre_page_move

from broadsheet.newsroom import addresses, guard, purge, tags
from broadsheet.newsroom.acts import publish as publishing
from broadsheet.newsroom.acts import unpublish as unpublishing
from broadsheet.newsroom.blocks import pictures_in
from broadsheet.newsroom.models import (
    ActName,
    Article,
    File,
    Person,
    Picture,
    PlainPage,
    Rendition,
    Section,
    Topic,
)
from broadsheet.newsroom.models.pictures import Files
from broadsheet.newsroom.signals import article_published, picture_taken_in
from broadsheet.newsroom.tasks import make_renditions


def connect() -> None:
    pre_save.connect(guard_plain_page, sender=Page)
    pre_delete.connect(take_down, sender=Article)
    pre_delete.connect(refuse_full_section, sender=Section)
    pre_page_move.connect(demand_move, sender=Article)
    post_page_move.connect(follow_move, sender=Article)
    for model in (Section, PlainPage):
        post_page_move.connect(follow_order, sender=model)
    pre_save.connect(refuse_restriction, sender=PageViewRestriction)
    for model in (Picture, File, Topic):
        pre_delete.connect(refuse_in_print, sender=model)
    for model in (Picture, File, Topic, Person, Section, PlainPage):
        pre_delete.connect(forget, sender=model)
    for model in (Picture, File):
        post_save.connect(index_at_once, sender=model)
        post_delete.connect(leave_index, sender=model)
    picture_taken_in.connect(have_files_made)
    article_published.connect(have_missing_files_made)


def guard_plain_page(sender: type[Page], instance: Page, **kwargs: Any) -> None:
    """What was loaded and is saved as Wagtail's bare page: only what readers cannot see may change."""
    if instance.pk is None or instance.cached_content_type.model_class() not in (Article, PlainPage):
        return
    before = Page.objects.filter(pk=instance.pk).values("live", "title", "slug", "first_published_at").first()
    if before is None or not (before["live"] or instance.live):
        return
    written = kwargs.get("update_fields")
    changed = [name for name in before if before[name] != getattr(instance, name) and (not written or name in written)]
    if changed:
        raise guard.UnrecordedChange(
            f"“{instance.title}”, saved as a plain page, would change {changed}; use .specific."
        )


def take_down(sender: type[Article], instance: Article, **kwargs: Any) -> None:
    """A live article that is deleted leaves its record and a tombstone."""
    article = Article.objects.filter(pk=instance.pk, live=True).first()
    if article is None:
        return
    act = guard.act_under_way()
    with guard.acting(ActName.UNPUBLISH, act.by if act else None, act.note if act else ""):
        unpublishing.record(article, publishing.Before.of(article))


def refuse_full_section(sender: type[Section], instance: Section, **kwargs: Any) -> None:
    count = Article.objects.filter(section_id=instance.pk, live=True).count()
    if count:
        refusal = ngettext(
            "The section “%(name)s” still holds %(count)d published article: move it or take it down first.",
            "The section “%(name)s” still holds %(count)d published articles: move them or take them down first.",
            count,
        )
        raise guard.UnrecordedChange(refusal % {"name": instance.name, "count": count})


def refuse_in_print(sender: type[Picture | File | Topic], instance: Picture | File | Topic, **kwargs: Any) -> None:
    """What a published story shows is not taken out of it behind its back."""
    if isinstance(instance, Topic):
        stories = Article.objects.filter(live=True, topics=instance)
    else:
        of_articles = ContentType.objects.get_for_model(Article)
        uses = ReferenceIndex.get_references_to(instance).filter(content_type=of_articles)
        stories = Article.objects.filter(
            live=True, pk__in=[int(use) for use in uses.values_list("object_id", flat=True)]
        )
    count = stories.count()
    if count:
        refusal = ngettext(
            "“%(name)s” is in %(count)d published article: change that or take it down first.",
            "“%(name)s” is in %(count)d published articles: change or take those down first.",
            count,
        )
        raise guard.UnrecordedChange(refusal % {"name": instance, "count": count})


def forget(sender: type[tags.Tagged], instance: tags.Tagged, **kwargs: Any) -> None:
    purge.purge(instance.tags_touched())


def demand_move(
    sender: type[Article], instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any
) -> None:
    if instance.live and parent_page_before.pk != parent_page_after.pk:
        guard.demand(ActName.MOVE, f"“{instance.title}” was about to be moved")


def follow_move(
    sender: type[Article],
    instance: Page,
    parent_page_before: Page,
    parent_page_after: Page,
    url_path_before: str,
    **kwargs: Any,
) -> None:
    """The article's section is the page above it; its old address leads to the new one."""
    if parent_page_before.pk == parent_page_after.pk:
        return
    article = Article.objects.get(pk=instance.pk)
    old_lists = publishing.lists_of(article, saved=True)
    article.section_id = parent_page_after.pk
    article.save(clean=False)
    if article.live:
        addresses.redirect(url_path_before, article)
        publishing.purge_lists(article, old_lists)


def follow_order(sender: type[Section | PlainPage], **kwargs: Any) -> None:
    """The menu and the footer have the order of the tree."""
    purge.purge([tags.SECTIONS if sender is Section else tags.PLAIN_PAGES])


def refuse_restriction(sender: type[PageViewRestriction], instance: PageViewRestriction, **kwargs: Any) -> None:
    raise guard.UnrecordedChange(
        _(
            "Pages are stored for all readers: they cannot be made private. Use “members only”, or leave the story a draft."
        )
    )


def index_at_once(sender: type[Picture | File], instance: Picture | File, **kwargs: Any) -> None:
    """For the desk's own search. Wagtail's forms do so too, and would leave it to the worker besides: where both came to
    the same new picture in one moment, the upload failed."""
    if not kwargs["raw"]:
        index.insert_or_update_object(instance)


def leave_index(sender: type[Picture | File], instance: Picture | File, **kwargs: Any) -> None:
    index.remove_object(instance)


def have_files_made(sender: type[Picture], picture: Picture, **kwargs: Any) -> None:
    """Long before a page names them, if the worker is well."""
    transaction.on_commit(lambda: make_renditions.enqueue(picture.pk))


def have_missing_files_made(sender: type[Article], article: Article, **kwargs: Any) -> None:
    """For pictures that were here before the worker, or whose files were swept."""
    printed = Rendition.objects.filter(filter_spec__endswith="format-webp").values("image_id")
    shown = Picture.objects.filter(pk__in=_pictures_of(article))
    for picture_id in shown.exclude(pk__in=printed, files=Files.READY).values_list("pk", flat=True):
        transaction.on_commit(partial(make_renditions.enqueue, picture_id))


def _pictures_of(article: Article) -> set[int]:
    pictures = [article.picture, *pictures_in(article.body)]
    return {found for picture in pictures if picture for found in (picture.pk, picture.dark_id) if found}
