"""References of bank transfers: copied wrongly, they are none; in a bank's statement, they are found."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from broadsheet.core.references import FREE, LETTERS, reference, references_in, said

SOME = [reference("".join(random.Random(seed).choices(LETTERS, k=FREE))) for seed in range(40)]


@pytest.mark.parametrize("right", SOME)
def test_one_letter_changed_is_always_found(right: str) -> None:
    wrong = [
        right[:place] + other + right[place + 1 :]
        for place in range(len(right))
        for other in LETTERS
        if other != right[place]
    ]
    assert len(wrong) == 8 * 22
    assert not [each for each in wrong if references_in(each)]


@pytest.mark.parametrize("right", SOME)
def test_two_letters_exchanged_are_always_found(right: str) -> None:
    for first, second in combinations(range(len(right)), 2):
        if right[first] != right[second]:
            letters = list(right)
            letters[first], letters[second] = letters[second], letters[first]
            assert references_in("".join(letters)) == []


@pytest.mark.parametrize(
    "line",
    [
        "ACDE-FGH7",
        "acdefgh7",
        "Spende ACDE FGH7 vielen Dank",
        "SVWZ+acde.fgh7//",
        "12.50 EUR (ACDE–FGH7)",
    ],
)
def test_it_is_found_however_a_bank_writes_it(line: str) -> None:
    assert references_in(line) == ["ACDEFGH7"]


@pytest.mark.parametrize("line", ["", "DE89370400440532013000", "ACDEFGH7X", "XACDE-FGH7", "ACDE  FGH7", "thank you"])
def test_what_only_looks_like_one_is_none(line: str) -> None:
    assert references_in(line) == []


def test_none_of_its_letters_is_mistaken_for_another() -> None:
    for alike in ("0O", "1IL", "2Z", "5S", "8B", "UV"):
        assert len(set(alike) & set(LETTERS)) <= 1
    assert said(SOME[0]).replace("-", "") == SOME[0]


@pytest.mark.parametrize("drawn", ["", "ACDEFG", "ACDEFGHJ", "ACDEFG0", "acdefgh"])
def test_only_seven_of_them_make_one(drawn: str) -> None:
    with pytest.raises(ValueError, match="is not 7 of"):
        reference(drawn)
