"""What a process keeps of the addresses it was lately asked for: their descriptions, and pages ready to be sent."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from broadsheet.gate import splice
from broadsheet.gate.appeals import MARK
from broadsheet.gate.pages import Description, Kind, Page, VerdictClass
from broadsheet.gate.rules import END, Rules
from broadsheet.gate.steps import ANONYMOUS, Step

# Room for what is known of a hundred thousand addresses, even where all are asked for in turn (what was in neither of the
# last two halves goes), and for the bodies of those that are asked for now. Measured: 650 bytes for an address and its page,
# 500 more from the second view on; with what the allocator loses, a process that serves all of them holds 360 MB.
KNOWN_BYTES = 200 << 20
BODY_BYTES = 48 << 20
_ADDRESS_BYTES = 350
_SERVED_BYTES = 650

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
_ALWAYS = float("inf")
_MOST_SAID = 32  # answers kept for a page


class Form:
    """How pages of a kind go to one class of readers in one encoding; held once for all of them."""

    __slots__ = ("encoding", "headers", "letter", "status")

    def __init__(self, kind: Kind, is_metered: bool, letter: str, encoding: str) -> None:
        self.letter = letter
        self.encoding = encoding
        self.status = kind.status
        self.headers = _headers(kind.headers, is_metered, letter, encoding)

    @classmethod
    def of(cls, kind: Kind, is_metered: bool, letter: str, encoding: str) -> Form:
        name = is_metered, letter, encoding
        form = kind.forms.get(name)
        if form is None:
            form = kind.forms[name] = cls(kind, is_metered, letter, encoding)
        return form


class Served:
    """A page ready to be sent in one encoding. `prefix`: its body but for its closing; None: it was let go."""

    __slots__ = ("_crc", "_length", "_said", "end", "form", "key", "prefix", "takes_tail", "until_s", "version")

    def __init__(self, page: Page, form: Form, key: bytes = b"") -> None:
        self.form = form
        self.key = key  # of the store, for when its body is asked for again
        self.version, _, self._crc, self._length, self.takes_tail, until_s, _ = page
        self.until_s = until_s or _ALWAYS
        self._said: dict[Step | tuple[Step, str], Said] | None = None
        self.end = self._closing(END) if self.takes_tail else b""
        self.prefix: bytes | None = None

    @property
    def etag(self) -> str:
        return f'"{self._mark}"'

    @property
    def _mark(self) -> str:
        return f"{self.version:x}{self.form.encoding}{self.form.letter}"

    def said_at(self, step: Step, rules: Rules, appeal_closed: bool = False) -> Said:
        """The answer of an article at this step. Kept from the second time on: most are asked for once."""
        kept = self._said
        if kept is None:
            self._said = {}
            return self._say(step, rules, appeal_closed)
        name = (step, "appeal closed") if appeal_closed else step
        said = kept.get(name)
        if said is None or said.opens_s != rules.window.opens_s:
            if len(kept) >= _MOST_SAID:
                kept.clear()
            said = kept[name] = self._say(step, rules, appeal_closed)
        return said

    def _say(self, step: Step, rules: Rules, appeal_closed: bool) -> Said:
        opens_s = rules.window.opens_s
        mark = f"{self._mark}-c" if appeal_closed else self._mark
        if step.by_count:
            # With its words: a publisher who changes them does not want the old ones shown from a browser's copy.
            words = f"n{rules.snapshot.version:x}" if step.notice else ""
            etag = f'"{mark}-{step.count:x}{words}-{opens_s:x}"'
        else:
            etag = f'"{mark}"'  # reads the same whatever window is open
        return Said(opens_s, etag, [*self.form.headers, ("etag", etag)], self._block(step, rules, appeal_closed))

    def _block(self, step: Step, rules: Rules, appeal_closed: bool) -> bytes:
        if not self.takes_tail or not (step.notice or appeal_closed):
            return self.end
        tail = rules.tail(step.count, step.rank != ANONYMOUS) if step.notice else END
        return self._closing(MARK + tail if appeal_closed else tail)

    def _closing(self, tail: bytes) -> bytes:
        encoding = self.form.encoding
        if encoding == "b":
            return splice.brotli_tail(tail)
        if encoding == "g":
            return splice.gzip_tail(tail, self._crc, self._length)
        return tail


class Said(NamedTuple):
    """What readers at one step of the ladder get of one page. `block`: what closes the body, with its notice if any."""

    opens_s: int  # of the window it is said in
    etag: str
    headers: list[tuple[str, str]]
    block: bytes


# What the site answered and could not store: the description, and pages by verdict class letter
Given = dict[str, Served | Description]


class Known:
    """An address that was asked for before. `article`: its id; 0: not metered.

    `page`: in the form that was first asked for, by the `name` of its class letter and encoding: the only one that most
    addresses ever need. `others`: the rest.
    """

    __slots__ = ("article", "conditions", "kind", "name", "others", "page", "size", "until_s")

    def __init__(self, description: Description, rules: Rules | None = None) -> None:
        self.kind, article, until = description
        self.until_s = _ALWAYS if until is None else until.timestamp()
        self.article = 0 if article is None else article.id
        self.conditions = None if article is None or rules is None else rules.conditions(article)
        self.name = ""
        self.page: Served | None = None
        self.others: dict[str, Served] | None = None
        self.size = _ADDRESS_BYTES

    def find(self, name: str) -> Served | None:
        """By its class letter and encoding."""
        if self.name == name:
            return self.page
        return None if self.others is None else self.others.get(name)

    def add(self, name: str, page: Served) -> None:
        if self.page is None or self.name == name:
            self.name, self.page = name, page
        elif self.others is None:
            self.others = {name: page}
        else:
            self.others[name] = page

    def remove(self, name: str) -> None:
        if self.name == name:
            self.name, self.page = "", None
        elif self.others is not None:
            self.others.pop(name, None)


class KnownAddresses:
    """By path, within `KNOWN_BYTES`. What was asked for in neither of the last two halves of the room is let go."""

    def __init__(self) -> None:
        self.lately: dict[str, Known] = {}  # never another dict: hot code looks into it directly
        self._before: dict[str, Known] = {}
        self._size = 0  # of `lately`
        self._bodies: deque[Served] = deque()
        self._bodies_size = 0

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

    def add(self, path: str, known: Known, name: str, served: Served) -> None:
        """A page of `known`. `name`: its class letter and encoding."""
        known.add(name, served)
        known.size += _SERVED_BYTES
        if self.lately.get(path) is known:
            self._fill(_SERVED_BYTES)

    def take_body(self, served: Served, prefix: bytes) -> None:
        """Within `BODY_BYTES`; the first that was taken is the first to go, as reading it again costs little."""
        served.prefix = prefix
        self._bodies.append(served)
        self._bodies_size += len(prefix)
        while self._bodies_size > BODY_BYTES:
            gone = self._bodies.popleft()
            assert gone.prefix is not None
            self._bodies_size -= len(gone.prefix)
            gone.prefix = None

    def drop(self, path: str) -> None:
        self._before.pop(path, None)
        if (known := self.lately.pop(path, None)) is not None:
            self._size -= known.size

    def clear(self) -> None:
        self.lately.clear()
        self._before.clear()
        self._size = 0
        self._bodies.clear()
        self._bodies_size = 0

    def _fill(self, size: int) -> None:
        self._size += size
        if self._size > KNOWN_BYTES // 2:
            self._before = self.lately.copy()
            self.lately.clear()
            self._size = 0


def rendered_once(html: bytes, letter: str, description: Description) -> Served:
    """A page the site rendered and could not store: whole, uncompressed, for one answer."""
    prefix = html.removesuffix(b"\n")
    takes_tail = description.kind.takes_tail and prefix.endswith(END)
    if takes_tail:
        prefix = prefix.removesuffix(END)
    page = Page(0, b"", 0, len(prefix), takes_tail, 0.0, 0)
    form = Form(description.kind, description.article is not None, letter, "i")
    form.headers = (*(pair for pair in form.headers if pair[0] != "cache-control"), ("cache-control", "no-store"))
    served = Served(page, form)
    served.prefix = prefix
    return served


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
