"""How the rows of the front page are set: by the rhythm each was given, as far as its stories carry it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import template

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Article, Section

register = template.Library()

FULL = 4  # fewer stories stand side by side, whatever the rhythm
PICTURES_OF_A_GRID = 2


@dataclass(frozen=True)
class SetRow:
    """`kind`, and a template `components/row_<kind>.html`: `lead` (one large, with its picture), `grid` (pictures), `led`
    (one large, in words), `words` (even columns), `few` (all side by side)."""

    section: Section
    stories: Sequence[Article]
    kind: str
    is_mirrored: bool = False

    @property
    def template(self) -> str:
        return f"components/row_{self.kind}.html"


@register.simple_tag
def set_rows(rows: Iterable[Any]) -> list[SetRow]:
    """`{% set_rows rows as rows %}`. Rows of one large picture alternate sides; of two rows of words, one is led."""
    done: list[SetRow] = []
    for row in rows:
        if row.articles:
            done.append(_set(row, done))
    return done


def _set(row: Any, above: Sequence[SetRow]) -> SetRow:
    pictured = [story for story in row.articles if story.picture_id]
    pictured_first = [*pictured, *(story for story in row.articles if not story.picture_id)]
    if len(row.articles) < FULL:
        return SetRow(row.section, row.articles, "few")
    if row.rhythm == "grid" and len(pictured) >= PICTURES_OF_A_GRID:
        return SetRow(row.section, pictured_first, "grid")
    if row.rhythm != "columns" and pictured:
        is_mirrored = sum(one.kind == "lead" for one in above) % 2 == 1
        first = pictured[0]
        others = [story for story in row.articles if story is not first]
        return SetRow(row.section, [first, *others], "lead", is_mirrored)
    is_led = bool(row.articles[0].standfirst) and not (above and above[-1].kind == "led")
    return SetRow(row.section, row.articles, "led" if is_led else "words")
