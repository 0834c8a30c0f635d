"""A card as it looks: the section, the headline, the nameplate, and the story's picture beside them if it has one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.contrib.staticfiles import finders
from PIL import Image, ImageDraw, ImageOps

from broadsheet.interchange.share_cards.lettering import Face, Lettering

log = logging.getLogger(__name__)

WIDTH, HEIGHT = 1200, 630  # what those who show cards ask for
QUALITY = 84

_MARGIN = 56
_PICTURE_WIDTH = 500
_RULE = 10
_INK, _QUIET = "#14171a", "#474d52"
_HEADLINE_SIZES = range(104, 39, -4)
_LARGEST_BESIDE_PICTURE = 84
_LEADING = 1.1
_KICKER_SIZE = 27
_NAMEPLATE_SIZE = 40
_LONGEST_HEADLINE = 6  # lines, at the smallest size; what follows is cut


@dataclass(frozen=True)
class Photo:
    """A file of a picture, and the point of it that must stay in sight, in shares of its width and height."""

    file: BytesIO
    focus: tuple[float, float]


@dataclass(frozen=True)
class Card:
    headline: str
    section: str
    nameplate: str
    is_rtl: bool
    paper: str
    accent: str  # empty: ink


def draw(card: Card, photo: Photo | None) -> bytes | None:
    """A JPEG; None where the headline has a letter that none of our fonts has."""
    faces = _Faces()
    if not all(Lettering(faces.headline, 40).can_set(text) for text in (card.headline, card.section, card.nameplate)):
        return None
    image = Image.new("RGB", (WIDTH, HEIGHT), card.paper)
    inset = _PICTURE_WIDTH if photo is not None and _paste(image, photo, is_rtl=card.is_rtl) else 0
    _set(ImageDraw.Draw(image), card, faces, WIDTH - inset - 2 * _MARGIN)
    written = BytesIO()
    image.save(written, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return written.getvalue()


def _paste(image: Image.Image, photo: Photo, *, is_rtl: bool) -> bool:
    """At the end of the line, whole in height; whether it could be read."""
    try:
        with Image.open(photo.file) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
            small = ImageOps.fit(
                upright, (_PICTURE_WIDTH, HEIGHT), method=Image.Resampling.LANCZOS, centering=photo.focus
            )
    except (OSError, ValueError) as fault:
        log.warning("A picture cannot be read for a share card: %s", fault)
        return False
    image.paste(small, (0 if is_rtl else WIDTH - _PICTURE_WIDTH, 0))
    return True


def _set(on: ImageDraw.ImageDraw, card: Card, faces: _Faces, width: int) -> None:
    start = WIDTH - _MARGIN if card.is_rtl else _MARGIN
    accent = card.accent or _INK
    end = start - width if card.is_rtl else start + width
    on.rectangle((min(start, end), _MARGIN, max(start, end), _MARGIN + _RULE - 1), fill=accent)
    y: float = _MARGIN + _RULE + 48
    if card.section:
        Lettering(faces.kicker, _KICKER_SIZE).draw(on, (start, y), card.section, accent, is_rtl=card.is_rtl)
        y += 24
    room = HEIGHT - _MARGIN - _NAMEPLATE_SIZE - 32 - y
    letters, lines = _fitted(card.headline, faces.headline, width, room)
    y += letters.size * 0.88
    for line in lines:
        letters.draw(on, (start, y), line, _INK, is_rtl=card.is_rtl)
        y += letters.size * _LEADING
    nameplate = _nameplate(card.nameplate, faces, width)
    nameplate.draw(on, (start, HEIGHT - _MARGIN), card.nameplate, _QUIET, is_rtl=card.is_rtl)


def _fitted(text: str, face: Face, width: int, height: float) -> tuple[Lettering, list[str]]:
    """As large as it fits; what does not fit at the smallest size ends with an ellipsis."""
    largest = _HEADLINE_SIZES[0] if width > WIDTH / 2 else _LARGEST_BESIDE_PICTURE
    for size in (size for size in _HEADLINE_SIZES if size <= largest):
        letters = Lettering(face, size)
        lines = letters.broken(text, width)
        if len(lines) * size * _LEADING <= height and max(map(letters.width, lines)) <= width:
            return letters, lines
    most = min(_LONGEST_HEADLINE, int(height / (letters.size * _LEADING)))
    return letters, [
        _cut(line, letters, width, is_last=n == most - 1 < len(lines) - 1) for n, line in enumerate(lines[:most])
    ]


def _cut(line: str, letters: Lettering, width: int, *, is_last: bool) -> str:
    end = "…" if is_last or letters.width(line) > width else ""
    while line and letters.width(line + end) > width:
        line = line[:-1]
    return line + end


def _nameplate(text: str, faces: _Faces, width: int) -> Lettering:
    face = faces.nameplate if Lettering(faces.nameplate, _NAMEPLATE_SIZE).can_set(text) else faces.headline
    sizes = (size for size in range(_NAMEPLATE_SIZE, 15, -2) if Lettering(face, size).width(text) <= width)
    return Lettering(face, next(sizes, 16))


class _Faces:
    """The house's letters. Hebrew has fonts of its own, which hold nothing but Hebrew."""

    def __init__(self) -> None:
        display = [_file(f"newsreader-display-{part}") for part in ("latin", "accents", "ext")]
        sans = [_file(f"libre-franklin-{part}") for part in ("latin", "accents", "ext")]
        self.headline = Face((*display, _file("frank-ruhl-libre-hebrew")))
        self.nameplate = Face((_file("newsreader-nameplate"),))
        self.kicker = Face((*sans, _file("assistant-hebrew")), weight=600)


def _file(name: str) -> Path:
    found = finders.find(f"fonts/{name}.woff2")
    assert isinstance(found, str), f"The font {name} belongs to the program and is missing."
    return Path(found)
