"""The publication's own dress: its paper, its colour and its letters, as a style sheet that follows the house's own.

It sets tokens (`site/static/css/tokens.css`) and nothing else, so that no choice can break a page. A publication that has
changed nothing has no such sheet, and its readers ask for none.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from broadsheet.core.colour import Colour, ink_on, lightened_until_readable, readable_on


@dataclass(frozen=True)
class Paper:
    """What pages are printed on by day. At night every paper is the house's own: dark grounds of many hues look dirty."""

    paper: Colour
    newsprint: Colour  # of boxes and bands
    hair: Colour  # of thin rules


PAPERS: dict[str, Paper] = {
    "white": Paper(Colour.read("#ffffff"), Colour.read("#f4f4f0"), Colour.read("#d8d9d3")),
    "ivory": Paper(Colour.read("#fffdf6"), Colour.read("#f6f1e4"), Colour.read("#ddd6c6")),
    "salmon": Paper(Colour.read("#fff4ea"), Colour.read("#f9e8d9"), Colour.read("#e3cdbb")),
    "mist": Paper(Colour.read("#f9fafb"), Colour.read("#eef1f4"), Colour.read("#d3d8de")),
}
NIGHT = (Colour.read("#121416"), Colour.read("#1b1e20"))  # --paper and --newsprint of tokens.css in the dark

# The three texts of tokens.css that a paper must carry.
INKS = tuple(Colour.read(ink) for ink in ("#14171a", "#474d52", "#5f666b"))

_SERIF = '"Newsreader", "Newsreader Hebrew", "Newsreader Fallback", Georgia, serif'
_SANS = '"Libre Franklin", "Assistant", "Libre Franklin Fallback", "Helvetica Neue", Arial, sans-serif'
TYPEFACES: dict[str, dict[str, str]] = {
    "newsreader": {},
    "franklin-headlines": {"--display": _SANS, "--nameplate": _SANS},
    "newsreader-nameplate": {"--display": _SANS},
    "franklin": {"--serif": _SANS, "--display": _SANS, "--nameplate": _SANS},
    "system": {
        "--serif": "Georgia, Cambria, serif",
        "--display": "Georgia, Cambria, serif",
        "--nameplate": "Georgia, Cambria, serif",
        "--sans": "system-ui, sans-serif",
    },
}


def accent_fault(accent: str, paper: str) -> str:
    """Why this colour cannot be used on this paper, for whoever chose it; empty if it can."""
    try:
        colour = Colour.read(accent)
    except ValueError:
        return "not-a-colour"
    ground = PAPERS[paper]
    return "" if readable_on(colour, ground.paper, ground.newsprint) else "unreadable"


def sheet(paper: str, accent: str, typeface: str) -> str:
    """The style sheet of these choices; empty if they are the house's own."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    if paper != "white":
        ground = PAPERS[paper]
        light |= {"--paper": str(ground.paper), "--newsprint": str(ground.newsprint), "--hair": str(ground.hair)}
    if accent:
        colour = Colour.read(accent)
        light |= _painted(colour)
        dark |= _painted(lightened_until_readable(colour, *NIGHT))
    letters = TYPEFACES[typeface]
    if not (light or letters):
        return ""
    # The selectors of tokens.css, so that its dark stays dark, and its layer, so that print stays black.
    by_day = ':root:not([data-scheme="dark"])'
    rules = [_rule(":root", letters), _rule(by_day, light)]
    if light:
        at_night = {name: value for name, value in _NIGHT_AGAIN.items() if name in light} | dark
        rules += [
            "@media (prefers-color-scheme: dark) { " + _rule(':root:not([data-scheme="light"])', at_night) + " }",
            _rule(':root[data-scheme="dark"]', at_night),
        ]
    return "@layer tokens {\n" + "\n".join(filter(None, rules)) + "\n}\n"


def mark(css: str) -> str:
    """What the sheet's address ends in: another text, another address, so that it may be kept for ever."""
    return blake2b(css.encode(), digest_size=6).hexdigest()


_NIGHT_AGAIN = {"--paper": str(NIGHT[0]), "--newsprint": str(NIGHT[1]), "--hair": "#34393c"}


def _painted(accent: Colour) -> dict[str, str]:
    return {"--accent": str(accent), "--rule": str(accent), "--press": str(accent), "--on-press": str(ink_on(accent))}


def _rule(selector: str, tokens: dict[str, str]) -> str:
    return f"{selector} {{ {' '.join(f'{name}: {value};' for name, value in tokens.items())} }}" if tokens else ""
