"""Pictures in the sizes and formats a screen needs, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from broadsheet.newsroom.renditions import (
    FileToShow,
    Shape,
    as_it_came,
    fallback_width,
    formats,
    height_of_cut,
    renditions_of,
    shape_of,
    spec,
    widths,
)

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture

register = template.Library()


@register.simple_tag
def picture(picture: Picture, sizes: str, shape: str = Shape.WHOLE) -> SafeString:
    """A picture that is loaded when it comes near the screen.

    `sizes` as in HTML: how wide it stands at which width. `shape`: `whole`, `card` (3:2, around the focal point) or `hero`.
    """
    return _drawn(picture, sizes, Shape(shape), 'loading="lazy" decoding="async"')


@register.simple_tag
def lead_picture(picture: Picture, sizes: str, shape: str = Shape.HERO) -> SafeString:
    """The one picture a page should have first."""
    return _drawn(picture, sizes, Shape(shape), 'fetchpriority="high"')


def _drawn(picture: Picture, sizes: str, wanted: Shape, attributes: str) -> SafeString:
    shape = shape_of(picture, wanted)
    light, dark = _srcsets(picture, shape), {}
    if picture.dark:
        dark_shape = shape_of(picture.dark, wanted)
        dark = _srcsets(picture.dark, dark_shape)
    sizes = conditional_escape(sizes)
    # A browser takes the first it knows: a dark one must not be missed because a light one comes in a better format.
    parts = [
        f'<source type="image/{kind}" media="(prefers-color-scheme: dark)" srcset="{files}" sizes="{sizes}">'
        for kind, files in dark.items()
    ]
    if picture.dark and not dark:  # the worker has not come to it: its JPEG serves the dark until then
        source = conditional_escape(_fallback(picture.dark, dark_shape).url)
        parts.append(f'<source media="(prefers-color-scheme: dark)" srcset="{source}">')
    parts += [f'<source type="image/{kind}" srcset="{files}" sizes="{sizes}">' for kind, files in light.items()]
    plain = _fallback(picture, shape)
    parts.append(
        f'<img src="{conditional_escape(plain.url)}" alt="{conditional_escape(picture.printed_alt_text)}"'
        f' width="{plain.width}" height="{plain.height}" {attributes}>'
    )
    return mark_safe(f"<picture>{''.join(parts)}</picture>")  # noqa: S308


def _fallback(picture: Picture, shape: Shape) -> FileToShow:
    """The file for browsers that know no better, and the room to keep: its JPEG, or as it came if none can be made."""
    jpeg = renditions_of(picture).get(spec(fallback_width(picture, shape), "jpeg", shape))
    if jpeg is None:
        return as_it_came(picture)
    if shape is Shape.WHOLE:
        return FileToShow(jpeg.url, picture.width, picture.height)
    widest = widths(picture, shape)[-1]
    return FileToShow(jpeg.url, widest, height_of_cut(widest))


def _srcsets(picture: Picture, shape: Shape) -> dict[str, str]:
    """What stands in `srcset`, by format, best first; a format whose files the worker has not made yet is left out."""
    files = renditions_of(picture)
    named = {
        kind: [
            f"{conditional_escape(files[name].url)} {width}w"
            for width in widths(picture, shape)
            if (name := spec(width, kind, shape)) in files
        ]
        for kind in formats(picture)
    }
    return {kind: ", ".join(names) for kind, names in named.items() if names}
