"""The files a picture is printed from: which there are, and making those there are not yet.

Making an AVIF takes a second or two: the worker does it. Until then a page is drawn with the files there are, of which the
JPEG is made at once if need be, and is made anew when the worker is done. A picture whose files cannot be made is printed
from the file it came as, which says nothing it should not.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps
from django.core.files.storage import default_storage
from wagtail.images.models import Filter

from broadsheet.newsroom import purge

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Picture

log = logging.getLogger(__name__)

# A phone of 390 px and two dots to the pixel takes 800; with three dots, 1200; a desk's screen, 1200 or 1600.
WIDTHS = (400, 800, 1200, 1600)
CARD_WIDTHS = (400, 800, 1200)  # a card stands at most 38 rem wide
MODERN = ("avif", "webp")  # the best first; a browser takes the first it knows
FALLBACK_WIDTH = 800

# Cards and heroes are 3:2, cut around the focal point. A hero keeps its own shape while that is not far from it: a tall picture
# would push the story off the screen, a very wide one be a stripe on a phone. A picture whose focal area is larger than the cut
# would lose what the newsroom called essential, such as the scale of a map: it is mounted, whole, on a ground of that shape.
_RATIO = 3 / 2
_CARD_TOLERANCE = 0.02
_HERO_SHAPES = (1.3, 2.2)


class Shape(StrEnum):
    WHOLE = "whole"
    HERO = "hero"
    CARD = "card"
    MOUNTED = "mounted"  # never asked for: what becomes of a card or a hero that cannot be cut


@dataclass(frozen=True)
class FileToShow:
    url: str
    width: int
    height: int


class PrintedFile(NamedTuple):
    """A file made of a picture, as far as pages need it. A front page names a thousand; making a model of each, as a prefetch
    does, took half of its time."""

    name: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return _url(self.name)

    @property
    def size(self) -> int:
        """In bytes. Raises OSError if it is not there."""
        return default_storage.size(self.name)


@lru_cache(maxsize=10_000)
def _url(name: str) -> str:
    """Kept, as joining and quoting a name takes longer than all the rest of its mention."""
    return default_storage.url(name)


def shape_of(picture: Picture, wanted: Shape | str) -> Shape:
    """WHOLE where a cut would change nothing worth a file of its own."""
    ratio = picture.width / max(1, picture.height)
    if wanted == Shape.CARD and abs(ratio / _RATIO - 1) > _CARD_TOLERANCE:
        return Shape.CARD if _can_be_cut(picture) else Shape.MOUNTED
    if wanted == Shape.HERO and not _HERO_SHAPES[0] <= ratio <= _HERO_SHAPES[1]:
        return Shape.HERO if _can_be_cut(picture) else Shape.MOUNTED
    return Shape.WHOLE


def _can_be_cut(picture: Picture) -> bool:
    """Whether what was marked as essential fits into 3:2."""
    cut_width = min(picture.width, picture.height * _RATIO)
    focus_width, focus_height = picture.focal_point_width or 0, picture.focal_point_height or 0
    return focus_width <= cut_width and focus_height <= cut_width / _RATIO


def spec(width: int, kind: str, shape: Shape = Shape.WHOLE) -> str:
    """In Wagtail's words."""
    match shape:
        case Shape.WHOLE:
            drawn = f"width-{width}"
        case Shape.MOUNTED:
            drawn = f"max-{width}x{height_of_cut(width)}"  # PrintedFilter puts it on its ground
        case _:
            drawn = f"fill-{width}x{height_of_cut(width)}"
    return f"{drawn}|format-{kind}"


def height_of_cut(width: int) -> int:
    return round(width / _RATIO)


def widths(picture: Picture, shape: Shape = Shape.WHOLE) -> list[int]:
    """Never wider than the picture, or what is cut out of it, which would name one file by several widths."""
    wanted = CARD_WIDTHS if shape is Shape.CARD else WIDTHS
    match shape:
        case Shape.WHOLE:
            widest = picture.width
        case Shape.MOUNTED:
            widest = max(picture.width, int(picture.height * _RATIO))
        case _:
            widest = min(picture.width, int(picture.height * _RATIO))
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


def read_files(pictures: Iterable[Picture | None]) -> None:
    """Read which files there are of all these, and of their dark variants, in one query. Lists ask before they are drawn."""
    # A picture may stand in a list twice, each time as another object.
    together: dict[int, list[Picture]] = defaultdict(list)
    for picture in pictures:
        for one in (picture, picture and _dark_at_hand(picture)):
            if one is not None and not hasattr(one, "_files_read"):
                together[one.pk].append(one)
    if not together:
        return
    found: dict[int, dict[str, PrintedFile]] = defaultdict(dict)
    rows = apps.get_model("newsroom", "Rendition").objects.filter(image_id__in=together).order_by()
    for pk, name_of_spec, name, width, height in rows.values_list("image_id", "filter_spec", "file", "width", "height"):
        found[pk][name_of_spec] = PrintedFile(name, width, height)
    for pk, ones in together.items():
        for one in ones:
            one._files_read = found[pk]


def _dark_at_hand(picture: Picture) -> Picture | None:
    return picture.dark if picture.dark_id and "dark" in picture._state.fields_cache else None


def renditions_of(picture: Picture) -> dict[str, PrintedFile]:
    """The files there are, by their spec: the JPEGs among them, unless they cannot be made."""
    kept: dict[str, PrintedFile] | None = getattr(picture, "_printed", None)
    if kept is None:
        read_files([picture])
        found = dict(picture._files_read)
        for jpeg in _jpegs(picture):
            if jpeg not in found and not _has_failed(picture):
                try:
                    made = picture.create_rendition(Filter(jpeg))
                    found[jpeg] = PrintedFile(made.file.name, made.width, made.height)
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
