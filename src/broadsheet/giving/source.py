"""Where a giver came from: what an appeal's link says of itself. First-party, and never which reader read what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from broadsheet.giving.models import Appeal, Place

FIELDS = ("place", "appeal", "article", "newsletter")

_NUMBER = re.compile(r"[0-9]{1,18}")
_NAME = re.compile(r"[-\w.]{1,60}")


@dataclass(frozen=True)
class Source:
    """What is not as we write it in our links is left out: a giver is never refused for it."""

    place: str = ""
    appeal: int | None = None
    article: int | None = None
    newsletter: str = ""


def source_of(said: Mapping[str, str]) -> Source:
    place, newsletter = said.get("place", ""), said.get("newsletter", "")
    appeal = _number(said.get("appeal", ""))
    return Source(
        place=place if place in Place.values else "",
        appeal=appeal if appeal is not None and Appeal.objects.filter(pk=appeal).exists() else None,
        article=_number(said.get("article", "")),
        newsletter=newsletter if _NAME.fullmatch(newsletter) else "",
    )


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
