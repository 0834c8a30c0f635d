"""Pictures in the sizes and formats a screen needs, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from broadsheet.config import config
from broadsheet.newsroom.renditions import MODERN, fallback_width, renditions_of, share_rendition, spec, widths

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Article, Picture

register = template.Library()


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


@register.filter
def pictured_first(stories: Sequence[Article]) -> Sequence[Article]:
    """A row's stories with the newest that has a picture in front: it is the one set large."""
    for place, story in enumerate(stories):
        if story.picture_id:
            return [story, *stories[:place], *stories[place + 1 :]]
    return stories


def _drawn(picture: Picture, sizes: str, attributes: str) -> SafeString:
    light, dark = _srcsets(picture), _srcsets(picture.dark) if picture.dark else {}
    sizes = conditional_escape(sizes)
    parts = []
    for kind in MODERN:
        start = f'<source type="image/{kind}"'
        if kind in dark:
            parts.append(f'{start} media="(prefers-color-scheme: dark)" srcset="{dark[kind]}" sizes="{sizes}">')
        if kind in light:
            parts.append(f'{start} srcset="{light[kind]}" sizes="{sizes}">')
    if picture.dark and not dark:  # the worker has not come to it: its JPEG serves the dark until then
        source = conditional_escape(_jpeg(picture.dark))
        parts.append(f'<source type="image/jpeg" media="(prefers-color-scheme: dark)" srcset="{source}">')
    parts.append(
        f'<img src="{conditional_escape(_jpeg(picture))}" alt="{conditional_escape(picture.alt_text)}"'
        f' width="{picture.width}" height="{picture.height}" {attributes}>'
    )
    return mark_safe(f"<picture>{''.join(parts)}</picture>")  # noqa: S308


def _jpeg(picture: Picture) -> str:
    """The address of the file for browsers that know no better, which is always there."""
    return renditions_of(picture)[spec(fallback_width(picture), "jpeg")].url


def _srcsets(picture: Picture) -> dict[str, str]:
    """What stands in `srcset`, by format; a format whose files the worker has not made yet is left out."""
    files = renditions_of(picture)
    named = {
        kind: [
            f"{conditional_escape(files[name].url)} {width}w"
            for width in widths(picture)
            if (name := spec(width, kind)) in files
        ]
        for kind in MODERN
    }
    return {kind: ", ".join(names) for kind, names in named.items() if names}
