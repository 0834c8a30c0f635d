"""Words, as the search compares them: folded, without marks, case and final letters; and words that are nearly the same."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

SHORTEST_SPELLED, LONGEST_SPELLED = 4, 24  # of words a typo is sought in
LONGEST = 40  # nobody looks for more letters of one word
PREFIX_FROM = 4  # shorter beginnings would find half of the language


class Token(NamedTuple):
    """A word as it is compared, and where it stands in its text."""

    word: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Every word of a text, in order. Scripts that do not part words give one token a letter: phrases of them are words.

    >>> [token.word for token in tokens("Trump's “façade”, l'État; שָׁלוֹם")]
    ['trump', 'facade', 'etat', 'שלומ']
    """
    for match in _matches(text):
        if word := folded(match[0]):
            yield Token(word, match.start(), match.end())


def tokens_among(text: str, is_wanted: Callable[[str], bool]) -> list[Token]:
    """Those that are wanted: of a long text a few. Each word is asked about once."""
    wanted: dict[str, bool] = {}
    found = []
    for match in _matches(text):
        word = folded(match[0])
        if word not in wanted:
            wanted[word] = bool(word) and is_wanted(word)
        if wanted[word]:
            found.append(Token(word, match.start(), match.end()))
    return found


def words_of(text: str) -> list[str]:
    return [token.word for token in tokens(text)]


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """One word as it is compared. Kept: a few thousand words are most of any text."""
    word = _POSSESSIVE.sub("", _ELISION.sub("", word))
    if word.isascii():
        return _INSIDE.sub("", word).lower()[:LONGEST]
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not _is_dropped(letter))
    plain = _INSIDE.sub("", unicodedata.normalize("NFC", plain.casefold())).translate(_SAME)
    return plain[:LONGEST]


def forms(word: str) -> list[str]:
    """The word and the forms of it that are worth a look: English endings, the particles Hebrew writes in front.

    No stemmer: a form that no article has costs nothing, and one too many is ranked below the word itself.
    """
    if _HEBREW.match(word):
        return [word, *_hebrew_forms(word)]
    if len(word) < PREFIX_FROM or not word.isascii() or not word.isalpha():
        return [word]
    return list(dict.fromkeys([word, *_english_forms(word)]))


def is_prefix(word: str) -> bool:
    """Whether longer words that begin with this one are meant, too: elect, elections."""
    return len(word) >= PREFIX_FROM and word.isalpha()


def _english_forms(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    elif word.endswith("y"):
        yield word[:-1] + "ies"
    if word.endswith("ing") and len(word) > 5:
        yield from (word[:-3], word[:-3] + "e", word[:-3] + "ed", word[:-3] + "es")
    elif word.endswith("ed") and len(word) > 4:
        yield from (word[:-2], word[:-1], word[:-2] + "ing", word[:-2] + "es")
    elif word.endswith("e"):
        yield word[:-1] + "ing"


_PARTICLES = "והבלמשכ"  # and, the, in, to, from, that, as


def _hebrew_forms(word: str) -> Iterator[str]:
    yield from (particle + word for particle in _PARTICLES)
    if word[0] in _PARTICLES and len(word) > 3:
        yield word[1:]


# ── nearly the same


def is_spelled(word: str) -> bool:
    """Whether a typo in it can be found."""
    return SHORTEST_SPELLED <= len(word) <= LONGEST_SPELLED and word.isalpha()


def spelling_keys(word: str) -> set[str]:
    """The word, and the word with any one letter left out. Two words one typo apart have one of these in common: left out,
    added, replaced and swapped letters all come to that."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def typos_between(one: str, other: str, most: int = 2) -> int:
    """How many letters were left out, added, replaced or swapped with their neighbour; `most` + 1 for more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i] + [0] * len(other)
        for j, letter_there in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != letter_there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == letter_there:
                row[j] = min(row[j], earlier[j - 2] + 1)
    return min(row[-1], most + 1)


# ── what a word is made of


def _ranges(letters: Iterator[int]) -> str:
    """A class of a regular expression, as ranges."""
    parts: list[list[int]] = []
    for letter in letters:
        if parts and parts[-1][1] == letter - 1:
            parts[-1][1] = letter
        else:
            parts.append([letter, letter])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in parts)


# Marks stand with the letter they belong to; for Python they are no part of a word.
_MARKS = _ranges(
    point for point in range(0x300, min(0x11FFF, sys.maxunicode)) if unicodedata.category(chr(point))[0] == "M"
)
# Scripts without spaces between words: Thai, Lao, Burmese, Khmer; kana, Han.
_UNPARTED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"(?:(?![{_UNPARTED}])[^\W_][{_MARKS}]*)"
_APOSTROPHE = "['’ʼ׳״]"
_WORD = re.compile(
    rf'[{_UNPARTED}][{_MARKS}]*|{_LETTER}+(?:(?:{_APOSTROPHE}|(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])){_LETTER}+)*'
)
# Most texts are of letters that are neither, and signs: Latin, Greek, Cyrillic, Hebrew. They are read four times as fast.
_NEEDS_CARE = re.compile("[^\x00-\u02ff\u0370-\u0482\u05d0-\u05ea\u2000-\u20cf]")
_PLAIN_WORD = re.compile(rf'[^\W_]+(?:(?:{_APOSTROPHE}|(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea]))[^\W_]+)*')
_HEBREW = re.compile(r"[\u05d0-\u05ea]{2,}\Z")
_POSSESSIVE = re.compile("['’ʼ][sS]\\Z")
_ELISION = re.compile("\\A(?:[dljmtncDLJMTNC]|[Qq]u)['’ʼ](?=\\w{2})")
_INSIDE = re.compile("[\"'’ʼ׳״\u0640\u200c\u200d]")
# Letters that count as one: final letters of Hebrew, forms of Arabic, letters Unicode does not take apart.
_SAME = str.maketrans(
    {"ם": "מ", "ן": "נ", "ץ": "צ", "ף": "פ", "ך": "כ", "ى": "ي", "ة": "ه", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae",
     "œ": "oe", "ı": "i", "ħ": "h", "ς": "σ"}
)  # fmt: skip


def _matches(text: str) -> Iterator[re.Match[str]]:
    return (_WORD if _NEEDS_CARE.search(text) else _PLAIN_WORD).finditer(text)


def _is_dropped(mark: str) -> bool:
    """Accents, niqqud, cantillation, harakat. Not the vowels of Indic scripts and Thai, which are marks to Unicode only."""
    place = unicodedata.combining(mark)
    return 10 <= place <= 36 or place >= 200
