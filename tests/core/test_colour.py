"""Contrast as WCAG computes it, and what a colour becomes in the dark."""

from __future__ import annotations

import pytest

from broadsheet.core.colour import BLACK, WHITE, Colour, contrast, ink_on, lightened_until_readable, readable_on


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(Colour.read(one), Colour.read(other)) == pytest.approx(ratio, abs=0.005)
    assert contrast(Colour.read(other), Colour.read(one)) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("text", ["", "0b5a4a", "#0b5a4", "#0b5a4g", "red", "#0b5a4a;}", "#0b5a4a\n#0b5a4a"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no colour"):
        Colour.read(text)


@pytest.mark.parametrize("text", ["#000000", "#0b5a4a", "#7a0019", "#1f3a93", "#ffffff"])
def test_in_the_dark_a_colour_is_lightened_until_it_can_be_read_and_no_further(text: str) -> None:
    night, colour = Colour.read("#1b1e20"), Colour.read(text)
    tint = lightened_until_readable(colour, night)
    assert readable_on(tint, night)
    if readable_on(colour, night):
        assert tint == colour


def test_one_of_black_and_white_can_be_read_on_every_grey() -> None:
    for part in range(256):
        grey = Colour(part, part, part)
        assert ink_on(grey) in (BLACK, WHITE)
        assert readable_on(ink_on(grey), grey)
