"""What a result shows: texts with the words that were found in them set apart. Only of what everybody may read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from broadsheet.newsroom.searching.backends import Match
from broadsheet.newsroom.searching.words import Token, tokens, tokens_among

BEFORE, LENGTH = 60, 220  # letters of an extract: before the first word that was found, and in all


@dataclass(frozen=True)
class Piece:
    text: str
    is_found: bool = False


Pieces = tuple[Piece, ...]


def marked(text: str, match: Match | None) -> Pieces:
    """A text in pieces: found words, and what is between them."""
    return _pieces(text, _found(text, match), 0, len(text))


def has_found(pieces: Pieces) -> bool:
    return any(piece.is_found for piece in pieces)


def extract(text: str, match: Match | None) -> Pieces:
    """The stretch of a long text with the most different words that were found; empty where none was."""
    found = _found(text, match)
    if not found:
        return ()
    best = _most_different(found)
    start = _word_begin(text, max(0, best.start - BEFORE))
    end = _word_end(text, min(len(text), max(start + LENGTH, best.end)))
    inside = [one for one in found if start <= one.start and one.end <= end]
    pieces = _pieces(text, inside, start, end)
    return (*_dots(start > 0), *pieces, *_dots(end < len(text)))


def as_written(texts: Sequence[str], word: str) -> str:
    """A folded word the way an article writes it, or as it is."""
    for text in texts:
        for token in tokens(text):
            if token.word == word:
                return text[token.start : token.end]
    return word


def _most_different(found: Sequence[Token]) -> Token:
    """The first from which on there are the most different words within the length of an extract."""
    starts = [one.start for one in found]

    def different(at: int) -> int:
        return len({one.word for one in found[at : bisect_right(starts, starts[at] + LENGTH)]})

    return found[max(range(len(found)), key=different)]


def _found(text: str, match: Match | None) -> list[Token]:
    """Tokens that belong to what was asked for, in order."""
    if match is None:
        return []
    phrases = [phrase for group in match.groups for phrase in group.phrases]
    single = {phrase[0] for phrase in phrases if len(phrase) == 1}
    beginnings = tuple(beginning for group in match.groups for beginning in group.beginnings)
    if all(len(phrase) == 1 for phrase in phrases):
        return tokens_among(text, lambda word: word in single or word.startswith(beginnings))
    all_tokens = list(tokens(text))
    kept = {i for i, token in enumerate(all_tokens) if token.word in single or token.word.startswith(beginnings)}
    for phrase in phrases:
        if len(phrase) > 1:
            for i in range(len(all_tokens) - len(phrase) + 1):
                if all(all_tokens[i + j].word == word for j, word in enumerate(phrase)):
                    kept |= set(range(i, i + len(phrase)))
    return [all_tokens[i] for i in sorted(kept)]


def _pieces(text: str, found: list[Token], start: int, end: int) -> Pieces:
    pieces = []
    for token in found:
        if token.start > start:
            pieces.append(Piece(text[start : token.start]))
        pieces.append(Piece(text[token.start : token.end], is_found=True))
        start = token.end
    if start < end:
        pieces.append(Piece(text[start:end]))
    return tuple(pieces)


def _word_begin(text: str, at: int) -> int:
    if at == 0:
        return 0
    space = text.find(" ", at, at + BEFORE)
    return space + 1 if space >= 0 else at


def _word_end(text: str, at: int) -> int:
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", at - BEFORE, at)
    return space if space >= 0 else at


def _dots(cut: bool) -> Pieces:
    return (Piece("…"),) if cut else ()
