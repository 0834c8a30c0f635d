"""Drawing cards, in the worker. Each may be run again at any time: what is there already is not drawn twice."""

from __future__ import annotations

from io import BytesIO

from django.core.files.storage import default_storage
from django_tasks import task

from broadsheet.interchange.share_cards import drawing, files
from broadsheet.interchange.share_cards.drawing import Photo
from broadsheet.newsroom.models import Article, Picture, Publication
from broadsheet.newsroom.purge import purge

AT_ONCE = 25  # a second or two, so that other work need not wait long


@task()
def draw_card(article_id: int) -> int:
    """How many were drawn: one or none. An article that is not published has none, and loses those it had."""
    article = Article.objects.filter(pk=article_id, live=True).select_related("section", "picture").first()
    if article is None:
        return -files.remove_all_but(article_id, "")
    return _draw(article, Publication.ours())


@task()
def draw_cards(before: int | None = None, section_id: int | None = None, picture_id: int | None = None) -> int:
    """Those of all stories, or of one section, or with one picture; newest first, a few at a time. How many were drawn."""
    stories = Article.objects.filter(live=True).select_related("section", "picture").defer("body").order_by("-pk")
    for field, value in (("pk__lt", before), ("section", section_id), ("picture", picture_id)):
        if value is not None:
            stories = stories.filter(**{field: value})
    some, publication = list(stories[:AT_ONCE]), Publication.ours()
    drawn = sum(_draw(article, publication) for article in some)
    if len(some) == AT_ONCE:
        draw_cards.enqueue(before=some[-1].pk, section_id=section_id, picture_id=picture_id)
    return drawn


def draw_those_missing() -> bool:
    """Have all drawn if the newest story has no card as this release draws it; whether it has none."""
    newest = Article.objects.filter(live=True).select_related("section", "picture").order_by("-pk").first()
    if newest is None or default_storage.exists(files.name_of(newest, Publication.ours())):
        return False
    draw_cards.enqueue()
    return True


def _draw(article: Article, publication: Publication) -> int:
    name = files.name_of(article, publication)
    if default_storage.exists(name):
        return 0
    card = drawing.draw(files.card_of(article, publication), _photo(article.picture) if article.picture else None)
    if card is not None:
        files.keep(name, card)
    purge([files.tag_of(article.pk)])  # before the old one goes: no page names what is not there
    files.remove_all_but(article.pk, name)
    return int(card is not None)


def _photo(picture: Picture) -> Photo | None:
    try:
        with default_storage.open(picture.file.name) as opened:
            file = BytesIO(opened.read())
    except OSError:
        return None
    if not picture.has_focal_point():
        return Photo(file, (0.5, 0.5))
    return Photo(file, (picture.focal_point_x / picture.width, picture.focal_point_y / picture.height))
