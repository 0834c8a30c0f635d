"""The demo edition as it is carried in the package: openly licensed news, ready to be set.

`edition.jsonl.xz` holds one record a line, `[kind, fields]`, in the order they are needed: sections, people, topics,
pictures, articles (oldest first). `pictures/` holds the picture files. Both are made by `tools/demo/build.py`, which
writes them through this module: the classes below are the format.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Fields = dict[str, Any]  # one record, as JSON has it

HERE = Path(__file__).parent
FILE = HERE / "edition.jsonl.xz"
PICTURES = HERE / "pictures"


@dataclass(frozen=True)
class Section:
    slug: str
    name: str
    description: str


@dataclass(frozen=True)
class Person:
    """Somebody who can stand in a byline; `kind` is "person" or "organisation"."""

    slug: str
    name: str
    kind: str
    agency: str  # whom they work for; empty where the source does not say
    description: str
    url: str


@dataclass(frozen=True)
class Topic:
    slug: str
    name: str


@dataclass(frozen=True)
class Picture:
    """A picture file, in the light and the dark colours of the pages."""

    name: str
    title: str
    file: str
    dark: str
    width: int
    height: int
    caption: str
    credit: str
    alt: str
    source: str
    source_url: str
    licence: str


@dataclass(frozen=True)
class Block:
    """One piece of an article's body.

    | type | value |
    |---|---|
    | paragraph | inline HTML: a (with href), b, i, br |
    | subheading | plain text |
    | list | {"numbered": bool, "items": [inline HTML]} |
    | quote | {"text", "speaker", "role"}, plain text; an empty line parts paragraphs |
    | pull_quote | {"text", "speaker"}, plain text |
    | fact_box | {"heading": plain text, "text": HTML of p, ul, ol} |
    | table | {"caption", "head": [cell], "rows": [[cell]]}, plain text |
    | embed | {"url", "title"} |
    """

    type: str
    value: str | dict[str, object]


@dataclass(frozen=True)
class Attribution:
    """Where the text comes from and on what terms, as the licence asks: author, title, source, licence, changes."""

    source: str
    url: str
    licence: str
    licence_url: str
    changes: str


@dataclass(frozen=True)
class Article:
    slug: str
    section: str
    headline: str
    standfirst: str
    kicker: str
    dateline: str
    kind: str
    published: datetime
    byline: tuple[str, ...]  # slugs of people, in order
    topics: tuple[str, ...]  # slugs
    picture: str  # name of a picture, or empty
    body: tuple[Block, ...]
    attribution: Attribution


@dataclass(frozen=True)
class Edition:
    sections: tuple[Section, ...]
    people: tuple[Person, ...]
    topics: tuple[Topic, ...]
    pictures: tuple[Picture, ...]
    articles: tuple[Article, ...]


def read_edition(file: Path = FILE) -> Edition:
    found: dict[str, list[Fields]] = {"section": [], "person": [], "topic": [], "picture": [], "article": []}
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            kind, fields = json.loads(line)
            found[kind].append(fields)
    return Edition(
        tuple(Section(**fields) for fields in found["section"]),
        tuple(Person(**fields) for fields in found["person"]),
        tuple(Topic(**fields) for fields in found["topic"]),
        tuple(Picture(**fields) for fields in found["picture"]),
        tuple(_article(fields) for fields in found["article"]),
    )


def write_edition(edition: Edition, file: Path = FILE) -> None:
    """Write the edition; the same edition makes the same bytes."""
    lines = [
        *_lines("section", edition.sections),
        *_lines("person", edition.people),
        *_lines("topic", edition.topics),
        *_lines("picture", edition.pictures),
        *_lines("article", edition.articles),
    ]
    file.write_bytes(lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))


def _lines(kind: str, records: Iterable[object]) -> Iterable[str]:
    for record in records:
        fields = asdict(record)  # type: ignore[call-overload]
        yield json.dumps([kind, fields], ensure_ascii=False, sort_keys=True, default=datetime.isoformat) + "\n"


def _article(fields: Fields) -> Article:
    return Article(
        **{
            **fields,
            "published": datetime.fromisoformat(fields["published"]),
            "byline": tuple(fields["byline"]),
            "topics": tuple(fields["topics"]),
            "body": tuple(Block(**block) for block in fields["body"]),
            "attribution": Attribution(**fields["attribution"]),
        }
    )
