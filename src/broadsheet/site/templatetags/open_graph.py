"""How a link looks where somebody passes it on: Open Graph (https://ogp.me), and the names Twitter gave."""

from __future__ import annotations

from mimetypes import guess_type
from typing import TYPE_CHECKING

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from broadsheet.config import config
from broadsheet.interchange.share_cards.drawing import HEIGHT, WIDTH
from broadsheet.interchange.share_cards.files import card_url
from broadsheet.newsroom.renditions import share_rendition

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Article

register = template.Library()


@register.simple_tag(takes_context=True)
def share_image(context: Context, article: Article | str) -> SafeString:
    """The story's card; before it is drawn, or where none can be, its picture; else a small card of words.

    `article`: the empty string on pages that are of no story, as templates write what is not there.
    """
    named = _image(context, article) if not isinstance(article, str) else []
    large = "summary_large_image" if named else "summary"
    tags = format_html_join("", '<meta property="{}" content="{}">\n', named)
    return format_html('{}<meta name="twitter:card" content="{}">', tags, large)


@register.filter
def open_graph_locale(language: str) -> str:
    """Open Graph wants a territory; where the publication names none, nothing is said.

    >>> open_graph_locale("pt-BR"), open_graph_locale("en")
    ('pt_BR', '')
    """
    spoken, _, territory = language.partition("-")
    return f"{spoken.lower()}_{territory.upper()}" if len(territory) == 2 else ""


@register.filter
def whole_address(path: str) -> str:
    """With our host."""
    return config().base_url + path


def _image(context: Context, article: Article) -> list[tuple[str, object]]:
    card = card_url(article, context["publication"])
    if card:
        return _named(card, WIDTH, HEIGHT, article.headline)
    if article.picture is None:
        return []
    shown = share_rendition(article.picture)
    return _named(config().base_url + shown.url, shown.width, shown.height, article.picture.printed_alt_text)


def _named(url: str, width: int, height: int, alt: str) -> list[tuple[str, object]]:
    named: list[tuple[str, object]] = [
        ("og:image", url),
        ("og:image:type", guess_type(url)[0] or "image/jpeg"),
        ("og:image:width", width),
        ("og:image:height", height),
    ]
    return [*named, ("og:image:alt", alt)] if alt else named
