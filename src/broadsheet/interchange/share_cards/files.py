"""Where the card of a story is kept. Its name is made of all that stands on it, so it may be kept for ever by whoever asks."""

from __future__ import annotations

from dataclasses import astuple
from hashlib import blake2b

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from broadsheet.config import config
from broadsheet.interchange.share_cards.drawing import Card
from broadsheet.newsroom import dress, tags
from broadsheet.newsroom.models import Article, Picture, Publication
from broadsheet.newsroom.models.publication import Direction

FOLDER = "cards"
DRAWN_ANEW = 1  # raised when cards are to look otherwise


def card_of(article: Article, publication: Publication) -> Card:
    return Card(
        headline=article.headline,
        section=article.section.name if article.section else "",
        nameplate=publication.name,
        is_rtl=publication.direction == Direction.RIGHT_TO_LEFT,
        paper=str(dress.PAPERS[publication.paper].paper),
        accent=publication.accent,
    )


def name_of(article: Article, publication: Publication) -> str:
    """Below the media folder; whether or not it is there."""
    told = (DRAWN_ANEW, *astuple(card_of(article, publication)), *_picture(article.picture))
    return f"{FOLDER}/{article.pk}/{blake2b(repr(told).encode(), digest_size=8).hexdigest()}.jpg"


def card_url(article: Article, publication: Publication) -> str:
    """Of the card as the story stands; empty until it has been drawn. The page being made is made anew when it is."""
    tags.note(tag_of(article.pk))
    name = name_of(article, publication)
    return config().base_url + default_storage.url(name) if default_storage.exists(name) else ""


def tag_of(article_id: int) -> str:
    return f"card:{article_id}"


def keep(name: str, card: bytes) -> None:
    default_storage.save(name, ContentFile(card))


def remove_all_but(article_id: int, name: str) -> int:
    """Cards of this story that nobody names any more; how many."""
    folder = f"{FOLDER}/{article_id}"
    old = [f"{folder}/{file}" for file in _files_in(folder) if f"{folder}/{file}" != name]
    for file in old:
        default_storage.delete(file)
    return len(old)


def _files_in(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []


def _picture(picture: Picture | None) -> tuple[object, ...]:
    return (picture.file.name, picture.focal_point_x, picture.focal_point_y) if picture else ()
