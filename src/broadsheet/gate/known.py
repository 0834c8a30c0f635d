"""What a process keeps of the addresses it was lately asked for: their descriptions, and pages ready to be sent."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from broadsheet.gate import splice
from broadsheet.gate.pages import Description, Page, VerdictClass
from broadsheet.gate.rules import END, Rules
from broadsheet.gate.steps import ANONYMOUS, RANKS, Step

KEPT_BYTES = 96 << 20  # by what one takes on average, beside its body:
_KNOWN_BYTES = 1200
_SERVED_BYTES = 1600

_HEADERS_OF_OURS = frozenset(
    {
        "content-length",
        "content-encoding",
        "etag",
        "set-cookie",
        "vary",
        "date",
        "connection",
        "last-modified",
        "server",
    }
)
_VARY = ("vary", "Accept-Encoding, Cookie")
_PRIVATE = "private, no-cache"
_CONTENT_ENCODING = {"b": ("content-encoding", "br"), "g": ("content-encoding", "gzip")}
_MOST_SAID = 32  # answers kept for a page


class Served:
    """A page ready to be sent in one encoding."""

    __slots__ = (
        "_said",
        "crc",
        "encoding",
        "end",
        "etag",
        "headers",
        "length",
        "prefix",
        "status",
        "takes_tail",
        "until_s",
    )

    def __init__(self, page: Page, letter: str, encoding: str, description: Description) -> None:
        self.encoding = encoding
        self.takes_tail = page.takes_tail
        self.prefix = splice.inflated(page.body) if encoding == "i" else page.body
        self.crc = page.crc
        self.length = page.length
        self.until_s = page.until_s or float("inf")
        self.status = description.status
        self.headers = _headers(description.headers, description.article is not None, letter, encoding)
        self.etag = f"{page.version:x}{encoding}{letter}"
        self._said: dict[Step, Said] = {}
        self.end = self._closing(END) if self.takes_tail else b""

    def said_at(self, step: Step, rules: Rules) -> Said:
        """The answer of a metered article at this step."""
        said = self._said.get(step)
        if said is None or said.opens_s != rules.window.opens_s:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            said = self._said[step] = self._say(step, rules)
        return said

    def _say(self, step: Step, rules: Rules) -> Said:
        opens_s = rules.window.opens_s
        etag = f'"{self.etag}"'  # reads the same whatever window is open
        if step.by_count:
            # With its words: a publisher who changes them does not want the old ones shown from a browser's copy.
            mark = f"n{rules.snapshot.version:x}" if step.notice else ""
            etag = f'"{self.etag}-{step.count:x}{mark}-{opens_s:x}"'
        has_notice = step.notice and self.takes_tail
        block = self._closing(rules.tail(step.count, step.rank != ANONYMOUS)) if has_notice else self.end
        return Said(opens_s, etag, [*self.headers, ("etag", etag)], block)

    def _closing(self, tail: bytes) -> bytes:
        if self.encoding == "b":
            return splice.brotli_tail(tail)
        if self.encoding == "g":
            return splice.gzip_tail(tail, self.crc, self.length)
        return tail

    @property
    def size(self) -> int:
        return len(self.prefix) + _SERVED_BYTES


class Said(NamedTuple):
    """What readers at one step of the ladder get of one page. `block`: what closes the body, with its notice if any."""

    opens_s: int  # of the window it is said in
    etag: str
    headers: list[tuple[str, str]]
    block: bytes


# What the site answered and could not store: the description, and pages by verdict class letter
Given = dict[str, Served | Description]


class Known:
    """An address that was asked for before: its description, its terms by rank, its pages by letter and encoding."""

    __slots__ = ("article", "description", "pages", "size", "terms", "until_s")

    def __init__(self, description: Description) -> None:
        self.description = description
        self.article = description.article
        self.until_s = description.until.timestamp() if description.until else float("inf")
        self.terms: list[Agreed | None] = [None] * len(RANKS)
        self.pages: dict[str, Served] = {}
        self.size = _KNOWN_BYTES


class Agreed:
    """`core.meter.Terms` as the hot path wants them."""

    __slots__ = ("settled", "until_s")

    def __init__(self, settled: Step | None, until: datetime | None) -> None:
        self.settled = settled
        self.until_s = until.timestamp() if until else float("inf")


class KnownAddresses:
    """By path, within `KEPT_BYTES`. What was asked for in neither of the last two halves of the room is let go."""

    def __init__(self) -> None:
        self.lately: dict[str, Known] = {}  # never another dict: hot code looks into it directly
        self._before: dict[str, Known] = {}
        self._size = 0  # of `lately`

    def find(self, path: str) -> Known | None:
        """What `lately` does not have."""
        known = self._before.pop(path, None)
        if known is not None:
            self.keep(path, known)
        return known

    def keep(self, path: str, known: Known) -> None:
        self.drop(path)
        self.lately[path] = known
        self._fill(known.size)

    def grow(self, path: str, known: Known, size: int) -> None:
        """A page of `known` was added to it."""
        known.size += size
        if self.lately.get(path) is known:
            self._fill(size)

    def drop(self, path: str) -> None:
        self._before.pop(path, None)
        if (known := self.lately.pop(path, None)) is not None:
            self._size -= known.size

    def clear(self) -> None:
        self.lately.clear()
        self._before.clear()
        self._size = 0

    def _fill(self, size: int) -> None:
        self._size += size
        if self._size > KEPT_BYTES // 2:
            self._before = self.lately.copy()
            self.lately.clear()
            self._size = 0


def rendered_once(html: bytes, letter: str, description: Description) -> Served:
    """A page the site rendered and could not store: whole, uncompressed, for one answer."""
    prefix = html.removesuffix(b"\n")
    takes_tail = description.takes_tail and prefix.endswith(END)
    if takes_tail:
        prefix = prefix.removesuffix(END)
    page = Page(0, splice.open_gzip(prefix, 1).stream, 0, len(prefix), takes_tail, 0.0, 0)
    served = Served(page, letter, "i", description)
    served.headers = (*(pair for pair in served.headers if pair[0] != "cache-control"), ("cache-control", "no-store"))
    return served


@lru_cache(maxsize=512)
def _headers(
    described: tuple[tuple[str, str], ...], is_metered: bool, letter: str, encoding: str
) -> tuple[tuple[str, str], ...]:
    """Metered and signed-in pages are never kept by a shared cache; the browser may, if it asks each time."""
    kept = [(name.lower(), value) for name, value in described if name.lower() not in _HEADERS_OF_OURS]
    said = next((value for name, value in kept if name == "cache-control"), _PRIVATE)
    may_share = not is_metered and letter == VerdictClass.OPEN_ANONYMOUS
    headers = [pair for pair in kept if pair[0] != "cache-control"]
    headers += [("cache-control", said if may_share else _PRIVATE), _VARY]
    if encoding in _CONTENT_ENCODING:
        headers.append(_CONTENT_ENCODING[encoding])
    return tuple(headers)
