"""Sentences of stories, and how to find them in any text."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

SHORTEST = 40  # characters: what is shorter may stand anywhere by chance
KEY = 4  # words by which a sentence is looked up

Words = tuple[str, ...]


@dataclass
class Sentences:
    """Sentences of all stories, found in any text by their words: spaces, case and punctuation hide nothing."""

    by_key: dict[Words, list[tuple[Words, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, sentence: str) -> None:
        words = words_of(sentence)
        self.by_key[words[:KEY]].append((words, sentence))

    def in_text(self, text: str) -> set[str]:
        return {sentence for words in readings(text) for sentence in self._in_words(words)}

    def _in_words(self, words: list[str]) -> Iterator[str]:
        for start in range(len(words) - KEY + 1):
            for looked_for, sentence in self.by_key.get(tuple(words[start : start + KEY]), ()):
                if tuple(words[start : start + len(looked_for)]) == looked_for:
                    yield sentence


def words_of(text: str) -> Words:
    return tuple(re.findall(r"[^\W_]+", text.lower()))


def readings(text: str) -> Iterator[list[str]]:
    """The words of an answer in every way they might stand in it: as text, in attributes, escaped, in JSON, in a URL."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    text = html.unescape(html.unescape(text))
    yield list(words_of(re.sub(r"<[^>]*>", "", text)))
    yield list(words_of(re.sub(r"<[^>]*>", " ", text)))
    yield list(words_of(unquote(text)))


def sentences_of(block: dict[str, object]) -> list[str]:
    """The sentences of a block of the body, without markup; of whatever kind the block is."""
    found = []
    for text in strings_in(block["value"]):
        plain = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"</(?:p|li)>", "\n", text)))).strip()
        parts = re.split(r"(?<=[.!?…])[\"”’)]*\s+(?=[\"“‘(]?[A-Z0-9])", plain)
        found += [part for part in parts if len(part) >= SHORTEST and len(words_of(part)) > KEY]
    return found


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in ("id", "type", "url"):
                yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)
