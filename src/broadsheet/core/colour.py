"""Colours a page may be painted in: whether ink can be read on a ground, and what a colour becomes in the dark.

Contrast is that of WCAG 2.2 (W3C, 5 October 2023), 1.4.3: text needs 4.5 to 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

READABLE = 4.5

_HEX = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)


@dataclass(frozen=True)
class Colour:
    """Three parts of 0 to 255, as `#rrggbb` writes them.

    >>> str(Colour.read("#0B5A4A"))
    '#0b5a4a'
    """

    red: int
    green: int
    blue: int

    @classmethod
    def read(cls, text: str) -> Colour:
        """Raises ValueError for anything but `#rrggbb`."""
        found = _HEX.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no colour of the form #rrggbb")
        return cls(*(int(part, 16) for part in found.groups()))

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def luminance(self) -> float:
        parts = [_linear(part / 255) for part in (self.red, self.green, self.blue)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def mixed(self, other: Colour, share: float) -> Colour:
        """This colour with `share` (0 to 1) of another."""
        pairs = zip((self.red, self.green, self.blue), (other.red, other.green, other.blue), strict=True)
        return Colour(*(round(mine + (theirs - mine) * share) for mine, theirs in pairs))


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((one.luminance, other.luminance), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(colour: Colour, *grounds: Colour) -> bool:
    return all(contrast(colour, ground) >= READABLE for ground in grounds)


def lightened_until_readable(colour: Colour, *grounds: Colour) -> Colour:
    """The nearest tint that can be read on these dark grounds; white, if nothing before it can."""
    for step in range(20):
        tint = colour.mixed(WHITE, step / 20)
        if readable_on(tint, *grounds):
            return tint
    return WHITE


def ink_on(ground: Colour) -> Colour:
    """Black or white, whichever is read better. One of them always can be: their contrasts multiply to 21."""
    return WHITE if contrast(WHITE, ground) >= contrast(BLACK, ground) else BLACK


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
