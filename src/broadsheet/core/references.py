"""What a bank transfer is to say, so that we know whose it is: eight letters and digits that look like no others.

They are copied by hand, read out and typed into old forms: none of them is mistaken for another (0 O, 1 I L, 2 Z, 5 S, 8 B
and U V are left out), and the last proves the others. Of wrong copies with one letter changed, or two exchanged, all are found.
"""

from __future__ import annotations

import re

LETTERS = "34679ACDEFGHJKMNPQRTWXY"  # a prime number of them, which the proof needs
FREE = 7  # drawn by lot: more than three thousand million

_BASE = len(LETTERS)
_LENGTH = FREE + 1
_WRITTEN = re.compile(rf"(?<![0-9A-Z])[{LETTERS}]{{4}}[ \-–.]?[{LETTERS}]{{4}}(?![0-9A-Z])")


def reference(drawn: str) -> str:
    """With the letter that proves the `drawn` ones.

    >>> reference("ACDEFGH")
    'ACDEFGH7'
    """
    if len(drawn) != FREE or set(drawn) - set(LETTERS):
        raise ValueError(f"{drawn!r} is not {FREE} of {LETTERS}")
    weighed = _weigh(drawn)
    return drawn + LETTERS[-weighed * pow(_LENGTH, -1, _BASE) % _BASE]


def said(reference: str) -> str:
    """As it is shown and copied.

    >>> said("ACDEFGH7")
    'ACDE-FGH7'
    """
    return f"{reference[:4]}-{reference[4:]}"


def references_in(text: str) -> list[str]:
    """Those that stand in a line of a bank statement, in any spelling; wrong copies are none.

    >>> references_in("donation acde fgh7, thanks"), references_in("ACDE-FHG7")
    (['ACDEFGH7'], [])
    """
    found = (re.sub(r"[^0-9A-Z]", "", written) for written in _WRITTEN.findall(text.upper()))
    return [each for each in found if _weigh(each) % _BASE == 0]


def _weigh(letters: str) -> int:
    return sum(place * LETTERS.index(letter) for place, letter in enumerate(letters, 1))
