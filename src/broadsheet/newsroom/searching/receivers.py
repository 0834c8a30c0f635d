"""What changes the index: acts on articles, in their own transaction, and names that change."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_save

from broadsheet.newsroom.models import Article, Person, PublishedVersion, Topic
from broadsheet.newsroom.searching import index
from broadsheet.newsroom.searching.tasks import AT_ONCE, rename_in_index
from broadsheet.newsroom.signals import article_published, article_unpublished


def connect() -> None:
    article_published.connect(index_article)
    article_unpublished.connect(forget_article)
    for model in (Topic, Person):
        pre_save.connect(note_name, sender=model)
        post_save.connect(follow_name, sender=model)


def index_article(sender: type[Article], article: Article, version: PublishedVersion, **kwargs: Any) -> None:
    index.index(article, version.number)


def forget_article(sender: type[Article], article: Article, **kwargs: Any) -> None:
    index.forget([article.pk])


def note_name(sender: type[Topic | Person], instance: Topic | Person, **kwargs: Any) -> None:
    before = sender._default_manager.filter(pk=instance.pk).values_list("name", flat=True).first()
    instance._is_renamed = before is not None and before != instance.name


def follow_name(sender: type[Topic | Person], instance: Topic | Person, **kwargs: Any) -> None:
    """At once in as many articles as a save can bear; in the rest by the worker, soon."""
    if not getattr(instance, "_is_renamed", False):
        return
    articles = Article.objects.filter(live=True)
    named = articles.filter(topics=instance) if sender is Topic else articles.filter(bylines__person=instance)
    ids = list(named.order_by("-first_published_at").values_list("pk", flat=True).distinct())
    index.rename(ids[:AT_ONCE])
    for start in range(AT_ONCE, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        transaction.on_commit(partial(rename_in_index.enqueue, some))
