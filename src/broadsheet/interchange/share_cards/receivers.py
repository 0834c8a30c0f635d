"""What makes a card old: a story published, or something that stands on many cards changed."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from broadsheet.interchange.share_cards.tasks import draw_card, draw_cards
from broadsheet.newsroom.models import Article, Picture, Publication, Section
from broadsheet.newsroom.signals import article_published, article_unpublished, picture_taken_in


def connect() -> None:
    article_published.connect(have_card_drawn)
    article_unpublished.connect(have_card_drawn)
    picture_taken_in.connect(have_cards_with_picture_drawn)
    post_save.connect(have_all_cards_drawn, sender=Publication)
    post_save.connect(have_cards_of_section_drawn, sender=Section)


def have_card_drawn(sender: type[Article], article: Article, **kwargs: Any) -> None:
    transaction.on_commit(partial(draw_card.enqueue, article.pk))


def have_cards_with_picture_drawn(sender: type[Picture], picture: Picture, **kwargs: Any) -> None:
    if Article.objects.filter(picture=picture, live=True).exists():
        transaction.on_commit(partial(draw_cards.enqueue, picture_id=picture.pk))


def have_all_cards_drawn(sender: type[Publication], created: bool, **kwargs: Any) -> None:
    if Article.objects.filter(live=True).exists():
        transaction.on_commit(draw_cards.enqueue)


def have_cards_of_section_drawn(sender: type[Section], instance: Section, created: bool, **kwargs: Any) -> None:
    if not created and Article.objects.filter(section=instance, live=True).exists():
        transaction.on_commit(partial(draw_cards.enqueue, section_id=instance.pk))
