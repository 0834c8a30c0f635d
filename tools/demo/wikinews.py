"""English Wikinews as plain text, to articles.

The source is a table of address, date, title and text. The text has lost what the wiki page showed beside it: pictures,
boxes and quotations are gone, but their captions and the names under them are left standing as paragraphs. Each of
these has a rule below that turns it into what it was, or leaves it out; what no rule can tell is in `curation.toml`.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typography import sentences, set_text, slug

from broadsheet.interchange.demo.edition import Attribution, Block, Fields

DATE_LINE = re.compile(r"^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [A-Z][a-z]+ \d{1,2}, \d{4}$")
CAPTION = re.compile(r"Image: [^.]+(?:\.[^.]*)*\.?$|\(Image: [^)]+\)$")
ORPHANED_NAME = re.compile(r"^—\s?\S")  # the name under a pull quote whose words are not in the text
QUOTED_BY = re.compile(r"^–\s?(?P<speaker>.+)$")  # the name under a displayed quotation, whose words are
LEGEND = re.compile(r"^██\s*(?P<name>.+?)(?: - (?P<seats>\d+) seats?)?$")
TABLE_NOTE = re.compile(r"^\d\. (?=[A-Z])")
LIST_LOST = re.compile(r"^(?:Other classes included):$")
QUESTION = re.compile(r"^\(\((?:Wikinews|WN)\)\)\s*")
# "((es))Spanish language: …", to the paragraph's end.
ORIGINAL = re.compile(r"\s*\(\([a-z]{2}\)\)[A-Z]\w+(?: language)?: .*$")
REFERENCE = re.compile(r"\[\d+\]")
# A text that begins with one of these leans on a sentence before it. “He” and “She” do too, but may: the standfirst
# that names them stands right above.
CANNOT_OPEN = re.compile(
    r"^[“‘\[]?(?:It|Its|They|Their|Theirs|This|That|These|Those|Such|But|And|Or|So|However|Also|Both|Another|Others?"
    r"|Instead|Meanwhile|Nevertheless|Then|There|Here|One|Two|Three|Four|Five|Six|Seven|All|None|Each|Wikinews)\b"
    r"|^(?:The|A) (?:\w+ )?(?:bill|move|latter|former|second|other|man|woman|accident|crash|ruling)\b"
    r"|^(?:The|A) (?:\w+ )?(?:decision|toilet|study|law)\b"
)
SHORTEST_OPENING = 60  # characters; less than this does not make a paragraph to begin with
GALLERY_CAPTION = 90  # characters; three or more paragraphs shorter than this at the end are captions of a gallery
Curation = dict[str, Any]  # `curation.toml`, as read

LICENCE = "Creative Commons Attribution 2.5 Generic"
LICENCE_URL = "https://creativecommons.org/licenses/by/2.5/"


@dataclass
class Story:
    """One article on its way: `said` notes what was done to the text, for the attribution."""

    headline: str
    slug: str
    url: str
    published: datetime
    standfirst: str = ""
    blocks: list[Block] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    opening: str = ""  # the first paragraph as it was, for sorting

    @property
    def plain(self) -> str:
        return "\n".join(plain_text(block) for block in self.blocks)

    def attribution(self) -> Attribution:
        changes = (
            "Set in our style, without pictures and their captions" + "".join(f"; {note}" for note in self.said) + "."
        )
        return Attribution("English Wikinews", self.url, LICENCE, LICENCE_URL, changes)


def read_stories(file: Path, curation: Curation) -> Iterator[Story]:
    """The articles, oldest first, in the order of the file within a day."""
    csv.field_size_limit(1 << 24)
    with file.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    day, number = "", 0
    for row in rows:
        # The source knows the day only. Noon in UTC, where Wikinews keeps its days, is the same date almost everywhere.
        number = number + 1 if row["date"] == day else 0
        day = row["date"]
        published = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC) + timedelta(minutes=10 * number)
        headline = set_text(row["title"])
        for wrong, right in curation["headline"].items():
            headline = headline.replace(wrong, right)
        story = Story(headline, slug(headline), row["url"].replace("//wiki/", "/wiki/"), published)
        if story.slug in curation["left_out"]:
            continue
        lines = _lines(row["text"], story, curation["correction"].get(story.slug, {}))
        story.blocks = list(_blocks(lines, story, curation))
        _raise_standfirst(story)
        _move_table_into_text(story)
        _place_pull_quote(story, curation["pull_quote"].get(story.slug))
        _box_background(story, curation["background"].get(story.slug))
        yield story


def plain_text(block: Block) -> str:
    def strip(markup: str) -> str:
        return html.unescape(re.sub(r"<[^>]+>", " ", markup))

    if isinstance(block.value, str):
        return strip(block.value)
    return " ".join(_words(block.value))


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield html.unescape(re.sub(r"<[^>]+>", " ", value))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)


def _lines(text: str, story: Story, corrections: dict[str, str]) -> list[str]:
    """The paragraphs, corrected, without the date line and the captions at the end."""
    text = re.sub("[\u200b\u200d]", "", text).replace("\u00a0", " ")
    for wrong, right in corrections.items():
        assert text.count(wrong) >= 1, f"{story.slug}: nothing to correct at {wrong!r}"
        text = text.replace(wrong, right)
    if corrections:
        story.said.append("slips corrected")
    lines = [REFERENCE.sub("", line) for line in text.splitlines() if line.strip()]
    assert DATE_LINE.match(lines[0].strip()), f"{story.slug}: {lines[0]!r} is not a date"
    shown = datetime.strptime(f"{lines[0].strip()} +0000", "%A, %B %d, %Y %z").date()
    assert shown == story.published.date(), f"{story.slug}: {shown} in the text, {story.published.date()} in the table"
    lines = lines[1:]
    kept = [line for line in lines if not CAPTION.search(line.strip())]
    story.left_out += [line for line in lines if line not in kept]
    end = len(kept)
    while end and len(kept[end - 1].strip()) < GALLERY_CAPTION:
        end -= 1
    if len(kept) - end >= 3 and not any(
        LEGEND.match(line.strip()) or QUOTED_BY.match(line.strip()) for line in kept[end:]
    ):
        story.left_out += kept[end:]
        kept = kept[:end]
    return kept


def _blocks(lines: list[str], story: Story, curation: Curation) -> Iterator[Block]:
    seats: list[tuple[str, str]] = []
    speakers: dict[str, str] = curation["speakers"].get(story.slug, {})
    asked = False
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        at += 1
        if ORPHANED_NAME.match(line) or TABLE_NOTE.match(line) or LIST_LOST.match(line):
            story.left_out.append(line)
        elif legend := LEGEND.match(line):
            if legend["seats"]:
                seats.append((set_text(legend["name"]), legend["seats"]))
            else:
                story.left_out.append(line)
        elif (closing := _quotation_end(lines, at - 1)) is not None:
            name = QUOTED_BY.match(lines[closing].strip())
            assert name
            speaker, _, role = set_text(name["speaker"]).partition(", ")
            said = "\n\n".join(set_text(part) for part in lines[at - 1 : closing])
            yield Block("quote", {"text": said, "speaker": speaker, "role": role})
            at = closing + 1
        elif QUESTION.match(line):
            answered = at < len(lines) and any(re.match(rf"{key}:? ", lines[at].strip()) for key in speakers)
            orphan = at < len(lines) and ORPHANED_NAME.match(lines[at].strip())
            if not speakers or not (answered or orphan):
                story.left_out.append(line)  # the answer is not in the source
                continue
            if not asked:
                asked = True
                story.said.append("the interview set as questions and answers")
                yield Block("subheading", "Questions and answers")
            yield Block("paragraph", f"<b>{_html(set_text(QUESTION.sub('', line)))}</b>")
        else:
            text = ORIGINAL.sub("", line)
            if text != line:
                story.left_out.append(line[len(text) :])
                story.said.append("the original wording of translated quotations left out")
            if not text:
                continue
            for key, name in speakers.items():
                if answer := re.match(rf"{key}:? (?=[“\"A-Z])", text):
                    yield Block("paragraph", f"<b>{name}:</b> {_html(set_text(text[answer.end() :]))}")
                    break
            else:
                yield Block("paragraph", _html(set_text(text)))
    if seats:
        story.said.append("the key to a map set as a table")
        yield Block("table", {"caption": "Seats won", "head": ["Party", "Seats"], "rows": [list(row) for row in seats]})
    story.said = list(dict.fromkeys(story.said))


def _quotation_end(lines: list[str], at: int) -> int | None:
    """Where a displayed quotation that begins here is signed; it begins with a space, the trace of its indent."""
    if not lines[at].startswith(" "):
        return None
    for later in range(at + 1, min(at + 3, len(lines))):
        if QUOTED_BY.match(lines[later].strip()):
            return later
    return None


def _raise_standfirst(story: Story) -> None:
    """Move the opening sentence up, where what follows can open the text by itself.

    A Wikinews article has no standfirst; its first sentence is written to be one. It is moved, not repeated. It stays
    where it is when it is too long or too short to stand alone, or when what comes next leans on it.
    """
    first, second = story.blocks[0], story.blocks[1]
    assert first.type == "paragraph" and isinstance(first.value, str), story.slug
    story.opening = html.unescape(first.value)
    said = sentences(story.opening)
    rest = " ".join(said[1:])
    follows = rest or (plain_text(second) if second.type == "paragraph" else "")
    quoted_whole = said[0].count("“") == said[0].count("”")
    if len(follows) < SHORTEST_OPENING or CANNOT_OPEN.match(follows):
        return
    if not 60 <= len(said[0]) <= 230 or not quoted_whole:
        return
    story.standfirst = said[0]
    story.blocks[0:1] = [Block("paragraph", _html(rest))] if rest else []
    story.said.append("the opening sentence set as standfirst")


def _move_table_into_text(story: Story) -> None:
    """A table made from a key stands after the third paragraph, when the text has come to the figures."""
    if story.blocks[-1].type == "table" and len(story.blocks) > 4:
        story.blocks.insert(3, story.blocks.pop())


def _place_pull_quote(story: Story, pulled: dict[str, str] | None) -> None:
    """Set a pull quote before the paragraph its words stand in."""
    if not pulled:
        return
    for number, block in enumerate(story.blocks):
        if block.type == "paragraph" and pulled["text"][1:] in plain_text(block):
            story.blocks.insert(max(number, 1), Block("pull_quote", dict(pulled)))
            story.said.append("a pull quote set")
            return
    raise AssertionError(f"{story.slug}: the pull quote {pulled['text']!r} is not in the text")


def _box_background(story: Story, box: Fields | None) -> None:
    """Set paragraphs of background apart, in a fact box at the place of the first."""
    if not box:
        return
    chosen = [
        number
        for number, block in enumerate(story.blocks)
        if block.type == "paragraph" and any(plain_text(block).startswith(begin) for begin in box["begins"])
    ]
    assert len(chosen) == len(box["begins"]), f"{story.slug}: {box['begins']} are not all there"
    body = "".join(f"<p>{story.blocks[number].value}</p>" for number in chosen)
    boxed = Block("fact_box", {"heading": box["heading"], "text": body})
    story.blocks = [
        boxed if number == chosen[0] else block
        for number, block in enumerate(story.blocks)
        if number == chosen[0] or number not in chosen
    ]
    story.said.append("background set in a box")


def _html(text: str) -> str:
    return html.escape(text, quote=False)
