"""Pictures in the sizes and formats a screen needs, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from broadsheet.config import config

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture, Rendition

register = template.Library()

WIDTHS = (400, 800, 1600)
MODERN = ("avif", "webp")  # the best first; a browser takes the first it knows
FALLBACK_WIDTH = 800


@register.simple_tag
def picture(picture: Picture, sizes: str) -> SafeString:
    """A picture that is loaded when it comes near the screen. `sizes` as in HTML: how wide it stands at which width."""
    return _drawn(picture, sizes, 'loading="lazy" decoding="async"')


@register.simple_tag
def lead_picture(picture: Picture, sizes: str) -> SafeString:
    """The one picture a page should have first."""
    return _drawn(picture, sizes, 'fetchpriority="high"')


@register.simple_tag
def share_picture(picture: Picture) -> SafeString:
    """The Open Graph tags of a picture."""
    rendition = share_rendition(picture)
    tags = format_html(
        '<meta property="og:image" content="{}">\n<meta property="og:image:width" content="{}">\n'
        '<meta property="og:image:height" content="{}">',
        config().base_url + rendition.url,
        rendition.width,
        rendition.height,
    )
    if picture.alt_text:
        tags += format_html('\n<meta property="og:image:alt" content="{}">', picture.alt_text)
    return tags


def share_rendition(picture: Picture) -> Rendition:
    """The file that other sites show; JPEG, for not all of them read more."""
    return renditions_of(picture)[_spec(_widths(picture)[-1], "jpeg")]


def renditions_of(picture: Picture) -> dict[str, Rendition]:
    """Every file a page may name, by its filter; those that do not exist yet are made."""
    kept = getattr(picture, "_printed", None)
    if kept is None:
        widths = _widths(picture)
        modern = [_spec(width, kind) for kind in MODERN for width in widths]
        kept = picture.get_renditions(*modern, *{_spec(w, "jpeg") for w in (_fallback_width(picture), widths[-1])})
        picture._printed = kept  # type: ignore[attr-defined]
    return kept


def _drawn(picture: Picture, sizes: str, attributes: str) -> SafeString:
    light, dark = _srcsets(picture), _srcsets(picture.dark) if picture.dark_id else {}
    sizes = conditional_escape(sizes)
    parts = []
    for kind in MODERN:
        start = f'<source type="image/{kind}"'
        if dark:
            parts.append(f'{start} media="(prefers-color-scheme: dark)" srcset="{dark[kind]}" sizes="{sizes}">')
        parts.append(f'{start} srcset="{light[kind]}" sizes="{sizes}">')
    fallback = renditions_of(picture)[_spec(_fallback_width(picture), "jpeg")]
    parts.append(
        f'<img src="{conditional_escape(fallback.url)}" alt="{conditional_escape(picture.alt_text)}"'
        f' width="{picture.width}" height="{picture.height}" {attributes}>'
    )
    return mark_safe(f"<picture>{''.join(parts)}</picture>")  # noqa: S308


def _srcsets(picture: Picture) -> dict[str, str]:
    files, widths = renditions_of(picture), _widths(picture)
    return {
        kind: ", ".join(f"{conditional_escape(files[_spec(width, kind)].url)} {width}w" for width in widths)
        for kind in MODERN
    }


def _widths(picture: Picture) -> list[int]:
    """Never wider than the picture itself, which would name one file by several widths."""
    narrower = [width for width in WIDTHS if width < picture.width]
    return [*narrower, picture.width] if picture.width <= WIDTHS[-1] else narrower


def _fallback_width(picture: Picture) -> int:
    return min(FALLBACK_WIDTH, picture.width)


def _spec(width: int, kind: str) -> str:
    return f"width-{width}|format-{kind}"
