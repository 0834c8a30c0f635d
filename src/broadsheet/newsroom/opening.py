"""The opening: how much of an article everyone may read, also before the wall.

Whole blocks only, from the top: about the first two paragraphs, at most about a fifth of the words, and never the whole of a
short article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broadsheet.newsroom.blocks import words_in

Block = Any  # a StreamValue.StreamChild; Wagtail carries no types

MOST_PARAGRAPHS = 2
SHARE = 0.20
# A first paragraph longer than a fifth is still shown, up to this share: without it a reader could not tell what the story is.
FIRST_SHARE = 0.34
SHOWN = ("paragraph", "subheading", "picture", "list", "quote")


@dataclass(frozen=True)
class Opening:
    blocks: Sequence[Block]
    words_left: int


def opening_of(body: Sequence[Block]) -> Opening:
    counts = [words_in(block) for block in body]
    total = sum(counts)
    shown = words = paragraphs = 0
    for index, (block, count) in enumerate(zip(body, counts, strict=True)):
        share = FIRST_SHARE if paragraphs == 0 else SHARE
        if block.block_type not in SHOWN or words + count > total * share or paragraphs == MOST_PARAGRAPHS:
            break
        words += count
        if block.block_type == "paragraph":
            paragraphs += 1
        if block.block_type != "subheading":  # a subheading alone at the end announces what does not come
            shown = index + 1
    return Opening(list(body[:shown]), total - sum(counts[:shown]))
