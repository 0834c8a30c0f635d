"""The files a picture is printed from: which there are, and making those there are not yet.

Making an AVIF takes a second or two: the worker does it. Until then a page is drawn with the files there are, of which the
JPEG is made at once if need be, and is made anew when the worker is done. A picture whose files cannot be made is printed
from the file it came as, which says nothing it should not.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from wagtail.images.models import Filter

from broadsheet.newsroom import purge

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture, Rendition

log = logging.getLogger(__name__)

# A phone of 390 px and two dots to the pixel takes 800; with three dots, 1200; a desk's screen, 1200 or 1600.
WIDTHS = (400, 800, 1200, 1600)
CARD_WIDTHS = (400, 800, 1200)  # a card stands at most 38 rem wide
MODERN = ("avif", "webp")  # the best first; a browser takes the first it knows
FALLBACK_WIDTH = 800

# Cards and heroes are 3:2, cut around the focal point. A hero keeps its own shape while that is not far from it: a tall picture
# would push the story off the screen, a very wide one be a stripe on a phone.
_RATIO = 3 / 2
_CARD_TOLERANCE = 0.02
_HERO_SHAPES = (1.3, 2.2)


class Shape(StrEnum):
    WHOLE = "whole"
    HERO = "hero"
    CARD = "card"


@dataclass(frozen=True)
class FileToShow:
    url: str
    width: int
    height: int


def shape_of(picture: Picture, wanted: Shape | str) -> Shape:
    """WHOLE where a cut would change nothing worth a file of its own."""
    ratio = picture.width / max(1, picture.height)
    if wanted == Shape.CARD and abs(ratio / _RATIO - 1) > _CARD_TOLERANCE:
        return Shape.CARD
    if wanted == Shape.HERO and not _HERO_SHAPES[0] <= ratio <= _HERO_SHAPES[1]:
        return Shape.HERO
    return Shape.WHOLE


def spec(width: int, kind: str, shape: Shape = Shape.WHOLE) -> str:
    """In Wagtail's words."""
    cut = f"width-{width}" if shape is Shape.WHOLE else f"fill-{width}x{height_of_cut(width)}"
    return f"{cut}|format-{kind}"


def height_of_cut(width: int) -> int:
    return round(width / _RATIO)


def widths(picture: Picture, shape: Shape = Shape.WHOLE) -> list[int]:
    """Never wider than the picture, or what is cut out of it, which would name one file by several widths."""
    wanted = CARD_WIDTHS if shape is Shape.CARD else WIDTHS
    widest = picture.width if shape is Shape.WHOLE else min(picture.width, int(picture.height * _RATIO))
    narrower = [width for width in wanted if width < widest]
    return [*narrower, widest] if widest <= wanted[-1] else narrower


def fallback_width(picture: Picture, shape: Shape = Shape.WHOLE) -> int:
    return min(FALLBACK_WIDTH, widths(picture, shape)[-1])


def share_width(picture: Picture) -> int:
    return widths(picture)[-1]


def formats(picture: Picture) -> list[str]:
    return [kind for kind in MODERN if kind in picture.formats.split(",")]


def specs_of(picture: Picture) -> list[str]:
    """Every file a page may name."""
    named = {
        spec(width, kind, shape): None
        for shape in shapes_of(picture)
        for kind in formats(picture)
        for width in widths(picture, shape)
    }
    return [*named, *_jpegs(picture)]


def shapes_of(picture: Picture) -> list[Shape]:
    """The different shapes it is printed in."""
    return sorted({shape_of(picture, wanted) for wanted in Shape}, reverse=True)


def renditions_of(picture: Picture) -> dict[str, Rendition]:
    """The files there are, by their spec: the JPEGs among them, unless they cannot be made."""
    kept: dict[str, Rendition] | None = getattr(picture, "_printed", None)
    if kept is None:
        found = {rendition.filter_spec: rendition for rendition in picture.renditions.all()}
        for jpeg in _jpegs(picture):
            if jpeg not in found and not _has_failed(picture):
                try:
                    found[jpeg] = picture.create_rendition(Filter(jpeg))
                except Exception as fault:  # whatever decoders raise: one picture must not take the page with it
                    log.warning("Picture %s cannot be printed as %s: %s", picture.pk, jpeg, fault)
                    picture._cannot_be_made = True
        kept = picture._printed = {name: found[name] for name in specs_of(picture) if name in found}
    return kept


def share_rendition(picture: Picture) -> FileToShow:
    """The file that other sites and feeds show; JPEG, for not all of them read more."""
    made = renditions_of(picture).get(spec(share_width(picture), "jpeg"))
    if made is None:
        return as_it_came(picture)
    return FileToShow(made.url, made.width, made.height)


def as_it_came(picture: Picture) -> FileToShow:
    """What there is to show where nothing else can be made."""
    return FileToShow(picture.file.url, picture.width, picture.height)


def make_all(picture: Picture) -> int:
    """Make what is missing; pages that were drawn without it are made anew. How many files were made.

    AVIF is kept only where it is the smaller: flat colours, as of maps, are often smaller in WebP.
    """
    found = {rendition.filter_spec for rendition in picture.renditions.all()}
    missing = [name for name in specs_of(picture) if name not in found]
    if missing:
        # Not get_renditions(): each process remembers files there, and would not notice that another has deleted them.
        picture.create_renditions(*map(Filter, missing))
        _drop_wasteful(picture)
        purge.purge([picture.tag])
    return len(missing)


def _drop_wasteful(picture: Picture) -> None:
    if formats(picture) != list(MODERN):
        return
    weights = dict.fromkeys(MODERN, 0)
    avifs = []
    for rendition in picture.renditions.all():
        kind = rendition.filter_spec.rpartition("format-")[2]
        if kind in weights:
            weights[kind] += rendition.file.size
        if kind == "avif":
            avifs.append(rendition)
    if weights["avif"] >= weights["webp"]:
        picture.formats = "webp"
        type(picture)._default_manager.filter(pk=picture.pk).update(formats="webp")
        for rendition in avifs:
            rendition.delete()


def _has_failed(picture: Picture) -> bool:
    return picture.files == "failed" or getattr(picture, "_cannot_be_made", False)


def _jpegs(picture: Picture) -> list[str]:
    wanted = {spec(fallback_width(picture, shape), "jpeg", shape): None for shape in shapes_of(picture)}
    return [*wanted, *({spec(share_width(picture), "jpeg")} - set(wanted))]
