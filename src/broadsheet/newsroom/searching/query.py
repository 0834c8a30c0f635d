"""A reader's question, taken apart: words, "words in this order", -words that must not be there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from broadsheet.newsroom.searching import words

LONGEST = 200
MOST_WORDS = 12

# Inside a Hebrew word the sign stands for an abbreviation.
_CHUNK = re.compile(r'(?<!\w)(-?)"([^"]*)"(?!\w)|(\S+)')
_QUOTES = str.maketrans("“”„«»‟", '""""""')


@dataclass(frozen=True)
class Term:
    """One thing asked for: several words have to stand one after the other. `asked`: as the reader wrote it."""

    words: tuple[str, ...]
    asked: str
    is_exact: bool = False

    @property
    def can_be_corrected(self) -> bool:
        return not self.is_exact and len(self.words) == 1 and words.is_spelled(self.words[0])


@dataclass(frozen=True)
class Query:
    asked: str
    terms: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()
    is_shortened: bool = False  # it was longer than what is looked for

    @property
    def is_empty(self) -> bool:
        return not self.terms

    def with_words(self, better: Mapping[str, str]) -> str:
        """The question as the reader wrote it, with words replaced."""
        parts = [f'"{term.asked}"' if term.is_exact else better.get(term.asked, term.asked) for term in self.terms]
        return " ".join(
            [*parts, *(f'-"{one.asked}"' if " " in one.asked else f"-{one.asked}" for one in self.excluded)]
        )


def cleaned(text: str) -> str:
    """One line without control characters, as it is shown and looked for."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()


def read(text: str) -> Query:
    """Never fails: what means nothing is left out.

    >>> read('harbour "ferry line" -strike').with_words({"harbour": "harbor"})
    'harbor "ferry line" -strike'
    """
    asked = cleaned(text)
    shown = asked[:LONGEST]
    terms: list[Term] = []
    excluded: list[Term] = []
    for minus, term in _terms(shown.translate(_QUOTES)):
        kept = excluded if minus else terms
        if term not in kept:
            kept.append(term)
    left = MOST_WORDS
    taken = []
    for term in terms:
        if left > 0:
            taken.append(replace(term, words=term.words[:left]))
        left -= len(term.words)
    is_shortened = len(asked) > LONGEST or left < 0
    return Query(shown, tuple(taken), tuple(excluded[:MOST_WORDS]), is_shortened)


def _terms(text: str) -> Iterator[tuple[bool, Term]]:
    for chunk in _CHUNK.finditer(text):
        minus, phrase, bare = chunk.groups()
        if phrase is not None:
            if found := words.words_of(phrase):
                yield bool(minus), Term(tuple(found), phrase.strip(), is_exact=True)
            continue
        is_minus = bare.startswith("-") and bare[1:2].isalnum()
        yield from ((is_minus, term) for term in _bare(bare.strip('-"'), is_minus))


def _bare(chunk: str, is_minus: bool) -> Iterator[Term]:
    found = list(words.tokens(chunk))
    # “North-east” is two words to look for; “U.S.” and words of scripts that do not part them have to stand together.
    if len(found) > 1 and (is_minus or any(len(token.word) < 3 for token in found)):
        yield Term(tuple(token.word for token in found), chunk)
    else:
        yield from (Term((token.word,), chunk[token.start : token.end]) for token in found)
