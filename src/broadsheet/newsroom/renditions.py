"""The files a picture is printed from: which there are, and making those there are not yet.

Making an AVIF takes a second or two: the worker does it. Until then a page is drawn with the files there are, of which the
JPEG is made at once if need be, and is made anew when the worker is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from broadsheet.newsroom import purge

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture, Rendition

WIDTHS = (400, 800, 1600)
MODERN = ("avif", "webp")  # the best first; a browser takes the first it knows
FALLBACK_WIDTH = 800


def spec(width: int, kind: str) -> str:
    """In Wagtail's words."""
    return f"width-{width}|format-{kind}"


def widths(picture: Picture) -> list[int]:
    """Never wider than the picture itself, which would name one file by several widths."""
    narrower = [width for width in WIDTHS if width < picture.width]
    return [*narrower, picture.width] if picture.width <= WIDTHS[-1] else narrower


def fallback_width(picture: Picture) -> int:
    return min(FALLBACK_WIDTH, picture.width)


def share_width(picture: Picture) -> int:
    return widths(picture)[-1]


def specs_of(picture: Picture) -> list[str]:
    """Every file a page may name."""
    modern = [spec(width, kind) for kind in MODERN for width in widths(picture)]
    return [*modern, *_jpegs(picture)]


def renditions_of(picture: Picture) -> dict[str, Rendition]:
    """The files there are, by their spec. The JPEGs are always among them."""
    kept: dict[str, Rendition] | None = getattr(picture, "_printed", None)
    if kept is None:
        found = {rendition.filter_spec: rendition for rendition in picture.renditions.all()}
        for jpeg in _jpegs(picture):
            if jpeg not in found:
                found[jpeg] = picture.get_rendition(jpeg)
        kept = picture._printed = {name: found[name] for name in specs_of(picture) if name in found}
    return kept


def share_rendition(picture: Picture) -> Rendition:
    """The file that other sites and feeds show; JPEG, for not all of them read more."""
    return renditions_of(picture)[spec(share_width(picture), "jpeg")]


def make_all(picture: Picture) -> int:
    """Make what is missing; pages that were drawn without it are made anew. How many files were made."""
    found = {rendition.filter_spec for rendition in picture.renditions.all()}
    missing = [name for name in specs_of(picture) if name not in found]
    if missing:
        picture.get_renditions(*missing)
        purge.purge([picture.tag])
    return len(missing)


def _jpegs(picture: Picture) -> list[str]:
    return sorted({spec(fallback_width(picture), "jpeg"), spec(share_width(picture), "jpeg")})
