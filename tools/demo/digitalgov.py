"""Articles of digital.gov, from Markdown with Hugo shortcodes, to articles.

Which ones: a hand-read list in `curation.toml`. What it takes to be on it is checked here (`fit`): a standfirst,
authors, a decent length, and a text that stands without the pictures, which are not in the source.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt
from typography import sentences, slug
from wikinews import Curation

from broadsheet.interchange.demo.edition import Attribution, Block, Fields, Person, Topic

SITE = "https://digital.gov"
IMAGE = re.compile(r"\{\{<\s*(?:legacy-)?img(?:-right|-left)?\s.*?>\}\}", re.S)
LINKED_IMAGE = re.compile(r"\[\s*" + IMAGE.pattern + r"\s*\]\([^)]*\)", re.S)
REFERENCE = re.compile(r'\{\{<\s*ref\s+"([^"]+)"\s*>\}\}')
YOUTUBE = re.compile(r'\{\{<\s*youtube\s+id="(?P<id>[\w-]+)"\s+title="(?P<title>[^"]*)"\s*>\}\}')
QUOTE = re.compile(r'\{\{<\s*quote-block\s+text="(?P<text>[^"]*)"\s+cite="(?P<cite>[^"]*)"\s*>\}\}')
BUTTON = re.compile(r'\{\{<\s*button\s+href="(?P<href>[^"]*)"\s+text="(?P<text>[^"]*)"\s*>\}\}')
PAIRED = re.compile(
    r"\{\{<\s*(?P<name>note|highlight|box|card-prompt)\b[^>]*>\}\}(?P<inner>.*?)\{\{<\s*/\s*(?P=name)\s*>\}\}", re.S
)
NEEDS_PICTURES = re.compile(
    r"screen ?shot|\b(?:image|figure|chart|graph|graphic|picture|photo|diagram)s? (?:below|above)"
    r"|shown (?:below|above)|see (?:the )?(?:image|figure|chart)",
    re.I,
)
INVITATION = re.compile(
    r"[\w.+-]+@[\w.-]+[.]gov\b|comment(?:ing|s)? below|in the comments|leave a comment|submit your idea|^View the full",
    re.I,
)
INLINE = {"a", "b", "i", "br"}
LICENCE = "CC0 1.0 Universal (public domain)"
LICENCE_URL = "https://creativecommons.org/publicdomain/zero/1.0/"


@dataclass(frozen=True)
class Dispatch:
    """One article as it will be set."""

    slug: str
    headline: str
    standfirst: str
    published: datetime
    byline: tuple[Person, ...]
    topics: tuple[Topic, ...]
    blocks: tuple[Block, ...]
    attribution: Attribution


class DoesNotFit(ValueError):
    """An article on the list that the demo edition cannot carry."""


def read_dispatches(file: Path, curation: Curation) -> Iterator[Dispatch]:
    """The listed articles, oldest first."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        articles = [json.loads(line) for line in lines]
    addresses = {Path(article["id"]).name: article["url"] for article in articles}
    by_slug = {article["url"].rstrip("/").rsplit("/", 1)[-1]: article for article in articles}
    chosen = [by_slug[name] for name in curation["digitalgov"]["picked"]]
    for article in sorted(chosen, key=lambda article: (article["date"], article["url"])):
        fit(article)
        yield _dispatch(article, addresses, curation)


def fit(article: Fields) -> None:
    text = article["body_markdown"]
    words = len(text.split())
    for wrong in (
        not 30 <= len(article["standfirst"]) <= 330 and "the standfirst is missing or too long",
        not (article["authors"] and all(author["name"] for author in article["authors"])) and "no byline",
        article["source"] and "it belongs to another publisher",
        not 350 <= words <= 1700 and f"{words} words",
        NEEDS_PICTURES.search(text) and f"it leans on a picture: {NEEDS_PICTURES.search(text)}",
        re.search(r"\{\{<\s*(?:tmp|tweet|fb-video|asset|legacy-file)", text)
        and "it shows things that are not in the source",
    ):
        if wrong:
            raise DoesNotFit(f"{article['url']}: {wrong}")


def _dispatch(article: Fields, addresses: dict[str, str], curation: Curation) -> Dispatch:
    url = article["url"]
    headline = _line(article["title"])
    names = dict.fromkeys(topic[0].upper() + topic[1:] for topic in article["topics"])
    text = article["body_markdown"]
    for wrong, right in curation["digitalgov"]["correction"].items():
        text = text.replace(wrong, right)
    standfirst, blocks = _without_repetition(_standfirst(article["standfirst"]), list(_blocks(text, addresses)))
    return Dispatch(
        slug=slug(url.rstrip("/").rsplit("/", 1)[-1]),
        headline=headline,
        standfirst=standfirst,
        published=datetime.strptime(article["date"], "%Y-%m-%d %H:%M:%S %z"),
        byline=tuple(_person(author) for author in article["authors"]),
        topics=tuple(Topic(slug(name), name) for name in names),
        blocks=tuple(blocks),
        attribution=Attribution(
            "Digital.gov, U.S. General Services Administration",
            url,
            LICENCE,
            LICENCE_URL,
            "Set in our style, without pictures, invitations long closed and the repetition of the standfirst;"
            " links made absolute.",
        ),
    )


def _person(author: Fields) -> Person:
    name = _line(author["name"])
    group = re.search(r"\b(?:Team|Office|Program|Staff)\b", name)
    agency = author["agency"].strip()
    agency = "U.S. General Services Administration" if agency == "General Services Administration" else agency
    return Person(
        slug=slug(name),
        name=name,
        kind="organisation" if group else "person",
        agency="" if agency == name else agency,
        description="",
        url=f"{SITE}/authors/{author['id']}/",
    )


def _standfirst(text: str) -> str:
    """Whole sentences only, where it has some: many were cut from the text by length."""
    line = re.sub(r"^Summary: ", "", _line(text))
    said = sentences(line)
    if line[-1] in ".?!”…)":
        return line
    return " ".join(said[:-1]) or f"{line}."


def _line(text: str) -> str:
    """One line of plain text from one of Markdown."""
    rendered = (
        MarkdownIt("commonmark", {"typographer": True})
        .enable(["smartquotes", "replacements"])
        .renderInline(html.unescape(text))
    )
    return re.sub(r"\s+", " ", BeautifulSoup(rendered, "html.parser").get_text()).replace("\u200b", "").strip()


def _blocks(text: str, addresses: dict[str, str]) -> Iterator[Block]:
    soup = BeautifulSoup(_markdown(_without_shortcodes(text, addresses)), "html.parser")
    _clean(soup)
    found = [block for node in list(soup.children) for block in _block(node)]
    while found and found[-1].type == "subheading":  # nothing under it: it headed a picture
        found.pop()
    yield from found


def _without_repetition(standfirst: str, blocks: list[Block]) -> tuple[str, list[Block]]:
    """Where the standfirst is the text's own beginning, cut anywhere: whole sentences, and the rest for the text."""
    opening = next((number for number, block in enumerate(blocks) if block.type == "paragraph"), None)
    if opening is None:
        return standfirst, blocks
    markup = str(blocks[opening].value)
    said = sentences(re.sub(r"\s+", " ", BeautifulSoup(markup, "html.parser").get_text()).strip())
    if not _letters(standfirst).startswith(_letters(said[0])[:40]):
        return standfirst, blocks
    taken = 1
    while taken < len(said) and _letters(standfirst).startswith(_letters(" ".join(said[: taken + 1]))):
        taken += 1
    standfirst = " ".join(said[:taken])
    rest = _cut(markup, standfirst)
    return standfirst, blocks[:opening] + ([Block("paragraph", rest)] if rest else []) + blocks[opening + 1 :]


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _cut(markup: str, beginning: str) -> str:
    """The markup without its first words."""
    soup = BeautifulSoup(markup, "html.parser")
    left = len(_letters(beginning))
    for text in list(soup.find_all(string=True)):
        end = 0
        while left and end < len(text):
            left -= len(_letters(text[end]))
            end += 1
        text.replace_with(
            NavigableString(text[end:])
            if left
            else NavigableString(re.sub(r"^[^\w\s]+", "", text[end:]) if end else text)
        )
        if not left:
            break
    for tag in soup.find_all(True):
        if tag.name != "br" and not tag.get_text(strip=True):
            tag.decompose()
    return _inner(soup)


def _markdown(text: str) -> str:
    render = MarkdownIt("commonmark", {"html": True, "typographer": True}).enable(
        ["table", "smartquotes", "replacements"]
    )
    return render.render(text)


def _without_shortcodes(text: str, addresses: dict[str, str]) -> str:
    def address(match: re.Match[str]) -> str:
        target = match[1].strip()
        if target.startswith("/"):
            return f"{SITE}{re.sub(r'(?:/_index)?[.]md$', '', target).rstrip('/')}/"
        if "/" in target:
            return f"{SITE}/{target.removesuffix('.md')}/"
        return addresses.get(target, f"{SITE}/resources/{target.removesuffix('.md')}/")

    def aside(match: re.Match[str]) -> str:
        if match["name"] == "card-prompt":  # a form to fill in, long closed
            return ""
        if match["name"] == "highlight":  # words in a colour
            return match["inner"].strip()
        return f"\n\n<aside>\n\n{match['inner'].strip()}\n\n</aside>\n\n"

    text = LINKED_IMAGE.sub("", text)
    text = IMAGE.sub("", text)
    text = REFERENCE.sub(address, text)
    text = YOUTUBE.sub(
        lambda m: f'\n\n<figure data-video="{m["id"]}" data-title="{html.escape(m["title"])}"></figure>\n\n', text
    )
    text = QUOTE.sub(
        lambda m: (
            f'\n\n<figure data-said="{html.escape(m["text"])}" data-speaker="{html.escape(m["cite"])}"></figure>\n\n'
        ),
        text,
    )
    text = BUTTON.sub(lambda m: f"[{m['text'].rstrip(' »')}]({m['href']})", text)
    text = PAIRED.sub(aside, text)
    text = re.sub(r"\s*\{#[\w-]+\}", "", text)  # ids of headings
    text = re.sub(r"^\[[\w\s&;’'-]*?\]\([^)]*_legacy-img[^)]*\)", "", text, flags=re.M)
    # A blank line inside a table would end it for Markdown, and the indented rest be code.
    text = re.sub(r"[ \t]*<table.*?</table>", lambda m: "\n\n" + re.sub(r"\s+", " ", m[0]) + "\n\n", text, flags=re.S)
    assert "{{" not in text, re.findall(r"\{\{.{80}", text)
    return text


def _clean(soup: BeautifulSoup) -> None:
    """Only the elements a block may hold; addresses absolute, letters to people without one."""
    for tag in soup.find_all(["span", "u", "sup", "sub", "small", "section", "font", "div", "code", "cite"]):
        tag.unwrap()
    for tag in soup.find_all(["script", "style", "iframe", "img", "hr"]):
        tag.decompose()
    for tag in soup.find_all(["strong", "em"]):
        tag.name = "b" if tag.name == "strong" else "i"
    for link in soup.find_all("a"):
        href = link.get("href", "").strip().replace("%20", "").replace("&#58;", ":")
        if href.startswith("/"):
            href = SITE + href
        elif href.startswith("www."):
            href = "https://" + href
        if not re.match(r"https?://", href) or "_legacy-img" in href or not link.get_text(strip=True):
            link.unwrap()
            continue
        link.attrs = {"href": href}
    for tag in soup.find_all(["b", "i", "p", "li", "ul", "ol", "td", "th", "br"]):
        tag.attrs = {}
    for tag in soup.find_all(["b", "i", "p", "li"]):
        if not tag.get_text(strip=True) and not tag.find("br"):
            tag.decompose()


def _block(node: object) -> Iterator[Block]:
    if isinstance(node, NavigableString):
        if text := str(node).strip():
            yield Block("paragraph", html.escape(text, quote=False))
        return
    assert isinstance(node, Tag)
    if node.name == "p":
        if heading := _bold_alone(node):
            yield Block("subheading", heading)
        elif (text := _inner(node)) and re.search(r"\w", _plain(node)) and not INVITATION.search(_plain(node)):
            yield Block("paragraph", text)
    elif re.fullmatch("h[1-6]", node.name):
        if text := _plain(node):
            yield Block("subheading", text)
    elif node.name in ("ul", "ol"):
        yield Block("list", {"numbered": node.name == "ol", "items": list(_items(node))})
    elif node.name == "blockquote":
        yield from _quotation(node)
    elif node.name == "aside":
        heading = node.find(re.compile("^h[1-6]$"))
        name = _plain(heading) if heading else "Note"
        if heading:
            heading.decompose()
        yield Block("fact_box", {"heading": name, "text": _paragraphs(node)})
    elif node.name == "figure" and node.get("data-video"):
        address = f"https://www.youtube.com/watch?v={node['data-video']}"
        yield Block("embed", {"url": address, "title": str(node["data-title"])})
    elif node.name == "figure" and node.get("data-said"):
        said, (speaker, _, role) = _line(str(node["data-said"])), _line(str(node["data-speaker"])).partition(", ")
        yield Block("quote", {"text": said, "speaker": speaker, "role": re.sub(r",(?=\w)", ", ", role).rstrip(".")})
    elif node.name == "table":
        yield from _table(node)
    elif node.name in INLINE:
        yield Block("paragraph", _inner(BeautifulSoup(str(node), "html.parser")))
    else:
        raise DoesNotFit(f"<{node.name}>: {str(node)[:120]}")


def _quotation(node: Tag) -> Iterator[Block]:
    """A quotation, its speaker from the words after a closing dash; a note about the article itself is a paragraph."""
    plain = _plain(node)
    if re.search(r"originally (?:published|posted)", plain):
        for paragraph in node.find_all("p"):
            yield Block("paragraph", _inner(paragraph))
        return
    if plain.startswith("Summary:"):
        return
    text = "\n\n".join(filter(None, (_plain(part) for part in node.find_all(["p", "li"])))) or plain
    speaker = role = ""
    if signed := re.search(r"\s*[—–-]\s?(?P<speaker>[A-Z][\w.]+(?: [A-Z][\w.]+)+), (?P<role>.{3,120}?)[.]?$", text):
        text = text[: signed.start()]
        speaker, role = signed["speaker"], signed["role"]
    if re.fullmatch(r"“[^“”]*”", text):  # the block is the quotation marks
        text = text[1:-1]
    if text:
        yield Block("quote", {"text": text, "speaker": speaker, "role": role})


def _bold_alone(node: Tag) -> str:
    """The text of a paragraph that is nothing but bold: a heading in disguise."""
    children = [child for child in node.children if not (isinstance(child, NavigableString) and not child.strip())]
    text = _plain(node)
    if len(children) == 1 and isinstance(children[0], Tag) and children[0].name in ("strong", "b") and len(text) < 80:
        return text if not children[0].find("a") else ""
    return ""


def _inner(node: Tag) -> str:
    for tag in node.find_all(True):
        if tag.name not in INLINE:
            tag.unwrap()
    text = re.sub(r"\s+", " ", node.decode_contents(formatter="minimal"))
    text = re.sub(r"^(?:\s|<br/>)+|(?:\s|<br/>)+$", "", text).replace("<br/>", "<br>")
    return text if BeautifulSoup(text, "html.parser").get_text(strip=True) else ""


def _items(node: Tag) -> Iterator[str]:
    """The items of a list; one inside an item is set as lines of it."""
    for item in node.find_all("li", recursive=False):
        inner = [line for nested in item.find_all(["ul", "ol"], recursive=False) for line in _items(nested.extract())]
        paragraphs = item.find_all("p", recursive=False)
        lines = [_inner(paragraph) for paragraph in paragraphs] if paragraphs else [_inner(item)]
        text = "<br>".join(filter(None, [*lines, *(f"– {line}" for line in inner)]))
        if text and not INVITATION.search(BeautifulSoup(text, "html.parser").get_text()):
            yield text


def _paragraphs(node: Tag) -> str:
    parts = []
    for child in list(node.children):
        if isinstance(child, Tag) and child.name in ("ul", "ol"):
            parts.append(f"<{child.name}>" + "".join(f"<li>{item}</li>" for item in _items(child)) + f"</{child.name}>")
        elif isinstance(child, Tag) and child.name == "p" and (text := _inner(child)):
            parts.append(f"<p>{text}</p>")
        elif isinstance(child, NavigableString) and child.strip():
            parts.append(f"<p>{html.escape(child.strip(), quote=False)}</p>")
    return "".join(parts)


def _table(node: Tag) -> Iterator[Block]:
    """A table without a heading row takes its first row for one; a row of one wide cell is the caption."""
    caption = ""
    rows: list[list[str]] = []
    for row in node.find_all("tr"):
        cells = [_plain(cell) for cell in row.find_all(["td", "th"])]
        if len(cells) == 1:
            caption = re.sub(r"^Table: ", "", cells[0])
        elif any(cells):
            rows.append(cells)
    width = max(len(row) for row in rows)
    rows = [row + [""] * (width - len(row)) for row in rows]
    yield Block("table", {"caption": caption, "head": rows[0], "rows": rows[1:]})


def _plain(node: Tag) -> str:
    for line_break in node.find_all("br"):
        line_break.replace_with(" ")
    return re.sub(r"\s+", " ", node.get_text()).strip()
