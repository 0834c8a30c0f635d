"""Setting a few lines of type: which of our fonts has a letter, where lines break, and in which order letters stand.

Our fonts come in parts, so a line may need several. Hebrew is set from right to left by the rules that matter for a headline
(Unicode Standard Annex 9, without explicit marks). Scripts whose letters join, such as Arabic, and scripts we have no font
for cannot be set: `Lettering.can_set` says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont

_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_NEUTRAL, _LEFT, _RIGHT = "neutral", "left", "right"


@dataclass(frozen=True)
class Face:
    """The files of one typeface, asked in this order. `weight`: of those that have several."""

    files: tuple[Path, ...]
    weight: int = 0


class Lettering:
    """A face at one size."""

    def __init__(self, face: Face, size: int) -> None:
        self.size = size
        self._fonts = [_font(file, size, face.weight) for file in face.files]

    def can_set(self, text: str) -> bool:
        return all(self._font_of(letter) is not None for letter in text)

    def width(self, line: str) -> float:
        return sum(font.getlength(run) for font, run in self._runs(line))

    def broken(self, text: str, width: float) -> list[str]:
        """In lines no wider than `width`, but for a word that is wider by itself."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.width(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def draw(self, on: ImageDraw.ImageDraw, at: tuple[float, float], line: str, ink: str, *, is_rtl: bool) -> None:
        """One line. `at`: the point of its baseline where reading begins."""
        x, y = at
        x -= self.width(line) if is_rtl else 0
        for font, run in self._runs(in_order_of_sight(line, is_rtl=is_rtl)):
            on.text((x, y), run, font=font, fill=ink, anchor="ls")
            x += font.getlength(run)

    def _runs(self, line: str) -> Iterator[tuple[Font, str]]:
        for font, letters in groupby(line, key=lambda letter: self._font_of(letter) or self._fonts[0]):
            yield font, "".join(letters)

    def _font_of(self, letter: str) -> Font | None:
        return next((font for font in self._fonts if _has(font, letter)), None)


def in_order_of_sight(line: str, *, is_rtl: bool) -> str:
    """From left to right as the eye finds the letters.

    >>> in_order_of_sight("אב 12 גד", is_rtl=True)
    'דג 12 בא'
    """
    sides = [_side(letter) for letter in line]
    own, other = (_RIGHT, _LEFT) if is_rtl else (_LEFT, _RIGHT)
    for place, side in enumerate(sides):
        if side == _NEUTRAL:
            before = sides[place - 1] if place else own
            after = next((later for later in sides[place:] if later != _NEUTRAL), own)
            sides[place] = other if before == after == other else own
    runs = [(side, [line[place] for place in places]) for side, places in _grouped(sides)]
    seen = ["".join(letters) if side == _LEFT else _backwards(letters) for side, letters in runs]
    return "".join(reversed(seen) if is_rtl else seen)


def _grouped(sides: Sequence[str]) -> list[tuple[str, list[int]]]:
    return [(side, list(places)) for side, places in groupby(range(len(sides)), key=lambda place: sides[place])]


def _side(letter: str) -> str:
    kind = unicodedata.bidirectional(letter)
    if kind in ("R", "AL"):
        return _RIGHT
    return _LEFT if kind in ("L", "EN") else _NEUTRAL


def _backwards(letters: list[str]) -> str:
    return "".join(reversed(letters)).translate(_MIRRORED)


@cache
def _font(file: Path, size: int, weight: int) -> Font:
    # Pillow's own layout: the order is ours, and it is the same on every machine.
    font = ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    if weight:
        font.set_variation_by_axes([weight])
    return font


@cache
def _has(font: Font, letter: str) -> bool:
    if letter == " ":
        return True
    drawn, missing = font.getmask(letter), font.getmask("\uffff")
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))
