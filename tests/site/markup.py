"""A strict reader of HTML: what browsers would quietly repair is a fault here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# What ends an open paragraph, so that a <p> around it is a mistake (HTML standard, "the p element").
ENDS_P = set(
    "address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr"
    " main menu nav ol p pre search section table ul".split()
)
INTERACTIVE = {"a", "button", "select", "textarea", "details", "iframe"}
PARENTS = {
    "li": {"ul", "ol"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "tr": {"thead", "tbody", "table"},
    "td": {"tr"},
    "th": {"tr"},
    "figcaption": {"figure"},
    "legend": {"fieldset"},
    "source": {"picture", "audio", "video"},
    "caption": {"table"},
}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-details")


@dataclass
class Element:
    name: str
    attributes: Mapping[str, str | None]
    text: str = ""


@dataclass
class Markup(HTMLParser):
    """The elements of a page in order, and its faults."""

    text: str
    elements: list[Element] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()
        self.faults += [f"<{element.name}> is never closed" for element in self._open]
        self.faults += _faults_of(self)

    def all(self, name: str, **attributes: str) -> list[Element]:
        """The elements of this name that have these words in these attributes; `_name` is the attribute `name`."""
        wanted = {key.strip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.name == name and all(value in _words(element, key) for key, value in wanted.items())
        ]

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        names = [key for key, _ in attributes]
        if len(names) != len(set(names)):
            self.faults.append(f"<{name}> has an attribute twice: {names}")
        around = [element.name for element in self._open]
        if name in ENDS_P and "p" in around:
            self.faults.append(f"<{name}> stands in a <p>")
        if name in INTERACTIVE and (inside := INTERACTIVE.intersection(around) - {"details"}):
            self.faults.append(f"<{name}> stands in {inside}")
        if name in PARENTS and (not around or around[-1] not in PARENTS[name]):
            self.faults.append(f"<{name}> stands in <{around[-1] if around else 'nothing'}>")
        element = Element(name, dict(attributes))
        self.elements.append(element)
        if name not in VOID:
            self._open.append(element)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self._open.pop()
            if not any(element.name == "svg" for element in self._open):
                self.faults.append(f"<{name}/> is not closed by its slash")

    def handle_endtag(self, name: str) -> None:
        if not self._open or self._open[-1].name != name:
            self.faults.append(f"</{name}> closes <{self._open[-1].name if self._open else 'nothing'}>")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data


def _faults_of(page: Markup) -> Iterator[str]:
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    yield from (f"the id {name} is given twice" for name in set(ids) if ids.count(name) > 1)
    for element in page.elements:
        for reference in REFERENCES:
            yield from (
                f"<{element.name} {reference}={name}> points nowhere"
                for name in (element.attributes.get(reference) or "").split()
                if name not in ids
            )
        if element.name == "a" and (element.attributes.get("href") or "").startswith("#"):
            if (element.attributes["href"] or "")[1:] not in ids:
                yield f"a link leads to {element.attributes['href']}, which is not there"
        yield from _unnamed(element, page)
    levels = [int(element.name[1]) for element in page.elements if element.name in {"h1", "h2", "h3", "h4", "h5", "h6"}]
    if levels.count(1) != 1:
        yield f"there are {levels.count(1)} first headings"
    yield from (f"h{after} follows h{before}" for before, after in pairwise(levels) if after > before + 1)
    if len(page.all("main")) != 1:
        yield "there is not one <main>"


def _unnamed(element: Element, page: Markup) -> Iterator[str]:
    """Whoever cannot see the page would not know what this is."""
    attributes = element.attributes
    if element.name == "img" and not {"alt", "width", "height"} <= set(attributes):
        yield f"an <img> has only {sorted(attributes)}"
    if element.name in ("a", "button") and not element.text.strip() and not attributes.get("aria-label"):
        yield f"a <{element.name}> says nothing: {dict(attributes)}"
    if element.name in ("nav", "section") and not {"aria-label", "aria-labelledby"} & set(attributes):
        yield f"a <{element.name}> has no name"
    if element.name in ("input", "select", "textarea") and attributes.get("type") not in ("hidden", "submit"):
        labelled = any(label.attributes.get("for") == attributes.get("id") for label in page.all("label"))
        if not labelled and not attributes.get("aria-label"):
            yield f"<{element.name} name={attributes.get('name')}> has no label"


def _words(element: Element, key: str) -> list[str]:
    value = element.attributes.get(key) or ""
    return [value, *value.split()]
