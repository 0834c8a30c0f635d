"""The answer to a request for a page: who reads, what they may open, which stored page says it, and what is counted.

The promise of the hot path: one cookie, one ledger entry, one policy, one page; one log event. No SQL, no network, no
template. Whatever is missing is named, and `app.py` asks the site for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import Any, NamedTuple

from broadsheet.core.meter import MOST_ARTICLES, Decision, ReaderClass, Reason, Verdict, terms
from broadsheet.gate import splice
from broadsheet.gate.cookie import Cookies, cookie_values
from broadsheet.gate.crawlers import Crawlers, claimed_engine
from broadsheet.gate.ledger import HEADER, ROW_BYTES, Entry, Ledger, account_key, columns, reader_key
from broadsheet.gate.log import REASON_CODES, Flag, ReadingLog
from broadsheet.gate.networks import Networks
from broadsheet.gate.pages import Description, Page, PageStore, VerdictClass
from broadsheet.gate.passes import PASS_NAME, pass_id
from broadsheet.gate.request import encoding, is_prefetch, matches
from broadsheet.gate.rules import END, Rules, Steps
from broadsheet.gate.store import StoreFailed

log = logging.getLogger(__name__)

KEPT_BYTES = 96 << 20  # of pages and descriptions in this process
MOST_KEPT_CODINGS = 512

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
_AT = Struct("<I")
_OVERHEAD_BYTES = 2000
_STRANGE = Decision(Verdict.WALL, Reason.STRANGERS)
_CRAWLER = Decision(Verdict.OPEN, Reason.CRAWLER)

_OPEN_LETTER = {reader: str(VerdictClass.of(reader)) for reader in ReaderClass}
_WALL_LETTER = {
    reader: str(VerdictClass.WALLED_ANONYMOUS if reader is ReaderClass.ANONYMOUS else VerdictClass.WALLED_READER)
    for reader in ReaderClass
}

# What is missing: nothing (answered), the description, or a page by its class letter; in the words the site is asked in
ANSWERED = ""
DESCRIPTION = "describe"


class Served:
    """A page ready to be sent in one encoding."""

    __slots__ = ("crc", "encoding", "etag", "headers", "length", "plain", "prefix", "status", "takes_tail", "until_s")

    def __init__(self, page: Page, letter: str, encoding: str, description: Description) -> None:
        self.encoding = encoding
        self.takes_tail = page.takes_tail
        self.prefix = splice.inflated(page.body) if encoding == "i" else page.body
        self.crc = page.crc
        self.length = page.length
        self.until_s = page.until_s
        self.status = description.status
        self.headers = _headers(description, letter, encoding)
        self.etag = f"{page.version:x}{encoding}{letter}"
        self.plain = self.closed_with(END)

    def closed_with(self, tail: bytes) -> bytes:
        if not self.takes_tail:
            return self.prefix
        if self.encoding == "b":
            return self.prefix + splice.brotli_tail(tail)
        if self.encoding == "g":
            return self.prefix + splice.gzip_tail(tail, self.crc, self.length)
        return self.prefix + tail

    @property
    def size(self) -> int:
        return len(self.prefix) + len(self.plain) + _OVERHEAD_BYTES


class Known:
    """An address that was asked for before: its description, its terms by class, its pages by letter and encoding."""

    __slots__ = ("article", "description", "pages", "terms", "until_s")

    def __init__(self, description: Description) -> None:
        self.description = description
        self.article = description.article
        self.until_s = description.until.timestamp() if description.until else float("inf")
        self.terms: dict[ReaderClass, tuple[Decision | None, float]] = {}
        self.pages: dict[str, Served] = {}


# What the site answered and could not store: the description, and pages by verdict class letter
Given = dict[str, Served | Description]


class Reader(NamedTuple):
    """Who asks. `key`: of the ledger; None: someone without a cookie, whom nothing is known of."""

    kind: ReaderClass
    key: bytes | None
    first: tuple[int, int] | None = None  # article and moment of the reader's cookie
    cookie: str = ""


_STRANGER = Reader(ReaderClass.ANONYMOUS, None)


class Answers:
    def __init__(
        self,
        ledger: Ledger,
        pages: PageStore,
        cookies: Cookies,
        reading_log: ReadingLog,
        networks: Networks,
        crawlers: Crawlers,
    ) -> None:
        self._ledger = ledger
        self._pages = pages
        self._cookies = cookies
        self._log = reading_log
        self._networks = networks
        self._crawlers = crawlers
        self._codings: dict[str | None, str] = {}
        self._known: dict[str, Known] = {}
        self._known_bytes = 0
        self._generations = pages.generation_numbers
        self._generation = self._generations[0]
        self._policies = ledger.policy_generation.numbers
        self._policy_generation = -1
        self._rules: Rules | None = None

    def refresh(self, now_s: float) -> None:
        """Forget what may have changed. Cheap when nothing has; called before every look into what is kept."""
        if self._generations[0] != self._generation:
            self._pages.look()  # the store itself may be another
            self._generations = self._pages.generation_numbers
            self._generation = self._generations[0]
            self._forget()
        if self._policies[0] != self._policy_generation:
            self._policy_generation = self._policies[0]
            snapshot = self._ledger.policy()
            self._rules = Rules(snapshot, self._ledger, now_s) if snapshot else None
            self._forget()

    def look(self) -> None:
        """Once a second: notice a page store that was thrown away without a word."""
        if self._pages.look() or self._pages.mend():
            self._generation = -1

    def _forget(self) -> None:
        self._known.clear()
        self._known_bytes = 0

    def answer(
        self,
        protocol: Any,
        method: str,
        path: str,
        get: Callable[[str], str | None],
        cookies: str | None,
        now_s: float,
        address: Callable[[], IPv4Address | IPv6Address],
        given: Given | None = None,
    ) -> str:
        """Send the answer and say ANSWERED, or say what is missing and do nothing.

        `cookies`: all Cookie lines joined. `given`: what the site answered that could not be stored, for this once.
        """
        if self._generations[0] != self._generation or self._policies[0] != self._policy_generation:
            self.refresh(now_s)
        known = self._known.get(path)
        if known is None or now_s >= known.until_s:
            known = self._describe(path, now_s, given)
            if known is None:
                return DESCRIPTION
        accept = get("accept-encoding")
        coding = self._codings.get(accept) or self._coding(accept)
        reader = self._reader(cookies, now_s) if cookies is not None else _STRANGER

        article = known.article
        if article is None:
            letter = _OPEN_LETTER[reader.kind]
            served = known.pages.get(letter + coding) or self._served(path, known, letter, coding, now_s, given)
            if served is None or (served.until_s and now_s >= served.until_s):
                return self._past(known, letter, coding)
            _send(protocol, served, f'"{served.etag}"', served.plain, get("if-none-match"))
            return ANSWERED

        rules = self._rules
        if rules is None:
            return DESCRIPTION  # until a policy is published, only the site can say
        settled, until_s = known.terms.get(reader.kind) or self._agree(known, reader.kind, now_s)
        if now_s >= until_s:
            settled, _ = self._agree(known, reader.kind, now_s)

        moment_s, flags = now_s, 0
        if settled is None:
            moment_s = rules.moment_s(now_s)
            steps = rules.steps(reader.kind)
            if reader.key is None:
                decision = self._to_stranger(steps, get, address, now_s)
            else:
                decision = self._counted(steps, reader, article.id, rules, moment_s)
        else:
            decision = settled
        counts = decision.counts
        ahead = is_prefetch(get)
        if counts and ahead:
            protocol.response_empty(503, [("cache-control", "no-store"), ("vary", "Sec-Purpose, Cookie")])
            return ANSWERED

        opens = decision.verdict is Verdict.OPEN
        letter = _OPEN_LETTER[reader.kind] if opens else _WALL_LETTER[reader.kind]
        served = known.pages.get(letter + coding) or self._served(path, known, letter, coding, now_s, given)
        if served is None or (served.until_s and now_s >= served.until_s):
            return self._past(known, letter, coding)

        headers: list[tuple[str, str]] | None = None
        key = reader.key
        if counts and method == "GET":
            if key is None:
                if self._is_strange(rules, address, now_s):
                    return self._wall_stranger(protocol, path, known, article.id, coding, get, now_s, given)
                text, cookie = self._cookies.mint(article.id, int(moment_s))
                key = reader_key(cookie.id)
                headers = [("set-cookie", self._cookies.header(text, rules.window.seconds_left(moment_s)))]
                flags = Flag.NEW | Flag.FIRST
            else:
                decided = self._ledger.count_within(
                    key, article.id, rules.steps(reader.kind).ladder, reader.first, rules.window, moment_s
                )
                if decided != decision:  # another tab was quicker
                    if decided.verdict is not decision.verdict:
                        return self.answer(protocol, method, path, get, cookies, now_s, address, given)
                    decision = decided
                flags = Flag.NEW
                if rules.window.days and reader.cookie:  # what was just read goes on counting for all its days
                    lifetime = rules.window.seconds_left(moment_s)
                    headers = [("set-cookie", self._cookies.header(reader.cookie, lifetime))]
        elif decision.reason is Reason.COUNTED_BEFORE:
            flags = Flag.AGAIN

        # What is settled says no count, and reads the same whatever window is open.
        if settled is None:
            notice = "n" if decision.notice else ""
            etag = f'"{served.etag}-{decision.count:x}{notice}-{rules.window.opens_s:x}"'
        else:
            etag = f'"{served.etag}"'
        asked = None if counts else get("if-none-match")
        if decision.notice and served.takes_tail:
            flags |= Flag.NOTICE
            body = (
                served.plain
                if asked is not None and matches(asked, etag)
                else served.closed_with(rules.tail(decision.count))
            )
        else:
            body = served.plain
        if decision.reason is Reason.CRAWLER:
            headers = [("x-robots-tag", "noarchive")]
        was_not_modified = _send(protocol, served, etag, body, asked, headers)

        if method == "GET" and not ahead:
            if was_not_modified:
                flags |= Flag.REVALIDATED
            if decision.reason is Reason.CRAWLER:
                flags |= Flag.CRAWLER
            self._log.write(
                int(now_s * 1000),
                article.id,
                self._log.reader_hash(key) if key is not None else 0,
                ord(letter),
                REASON_CODES[decision.reason],
                decision.count,
                flags,
            )
        return ANSWERED

    # ── who reads

    def _reader(self, cookies: str, now_s: float) -> Reader:
        if PASS_NAME in cookies and (signed_in := self._signed_in(cookies, now_s)) is not None:
            return signed_in
        cookie = self._cookies.find(cookies)
        if cookie is None:
            return _STRANGER
        text = self._cookies.text(cookie) if self._rules is not None and self._rules.window.days else ""
        return Reader(ReaderClass.ANONYMOUS, reader_key(cookie.id), (cookie.article, cookie.made), text)

    def _signed_in(self, cookies: str, now_s: float) -> Reader | None:
        for tried, text in enumerate(cookie_values(cookies, PASS_NAME)):
            if tried == 4:
                break
            id_ = pass_id(text)
            if id_ is not None and (found := self._ledger.pass_of(id_, now_s)) is not None:
                return Reader(found.reader, account_key(found.account))
        return None

    # ── what they may open

    def _agree(self, known: Known, reader: ReaderClass, now_s: float) -> tuple[Decision | None, float]:
        assert known.article is not None
        assert self._rules is not None
        agreed = terms(self._rules.policy, known.article, reader, datetime.fromtimestamp(now_s, UTC))
        kept = agreed.settled, agreed.until.timestamp() if agreed.until else float("inf")
        known.terms[reader] = kept
        return kept

    def _counted(self, steps: Steps, reader: Reader, article: int, rules: Rules, moment_s: float) -> Decision:
        """What the ledger says, without writing."""
        assert reader.key is not None
        try:
            packed = self._ledger.entry(reader.key)
        except StoreFailed as fault:
            self._ledger.complain("even read a count", fault)
            packed = None
        articles = _articles(packed, reader.first, rules, moment_s)
        return steps.before(len(articles)) if article in articles else steps.new(len(articles))

    def _to_stranger(
        self, steps: Steps, get: Callable[[str], str | None], address: Callable[[], Any], now_s: float
    ) -> Decision:
        assert self._rules is not None
        if self._rules.policy.crawlers_open and (agent := get("user-agent")) is not None:
            engine = claimed_engine(agent)
            if engine is not None and self._crawlers.is_verified(address(), engine, now_s):
                return _CRAWLER
        return steps.new(0)

    def _is_strange(self, rules: Rules, address: Callable[[], Any], now_s: float) -> bool:
        return self._networks.count(address(), now_s) > rules.policy.strangers_a_day

    def _wall_stranger(
        self,
        protocol: Any,
        path: str,
        known: Known,
        article: int,
        coding: str,
        get: Callable[[str], str | None],
        now_s: float,
        given: Given | None,
    ) -> str:
        letter = VerdictClass.WALLED_ANONYMOUS.value
        served = known.pages.get(letter + coding) or self._served(path, known, letter, coding, now_s, given)
        if served is None:
            return letter
        _send(protocol, served, f'"{served.etag}"', served.plain, get("if-none-match"))
        self._log.write(int(now_s * 1000), article, 0, ord(letter), REASON_CODES[_STRANGE.reason], 0, 0)
        return ANSWERED

    # ── what is kept

    def _describe(self, path: str, now_s: float, given: Given | None) -> Known | None:
        if given is not None and isinstance(described := given.get(DESCRIPTION), Description):
            return Known(described)
        stored = self._pages.description(path)
        if stored is None:
            self._known.pop(path, None)
            return None
        known = Known(stored)
        self._keep(path, known, _OVERHEAD_BYTES)
        return known

    def _served(
        self,
        path: str,
        known: Known,
        letter: str,
        coding: str,
        now_s: float,
        given: Given | None,
    ) -> Served | None:
        if given is not None and isinstance(rendered := given.get(letter), Served):
            return rendered
        page = self._pages.page(path, letter, "b" if coding == "b" else "g")
        if page is None:
            return None
        served = Served(page, letter, coding, known.description)
        known.pages[letter + coding] = served
        if self._known.get(path) is known:
            self._keep(path, known, served.size)
        return served

    def _keep(self, path: str, known: Known, size: int) -> None:
        if self._known_bytes + size > KEPT_BYTES:
            self._forget()
        self._known[path] = known
        self._known_bytes += size

    def _past(self, known: Known, letter: str, coding: str) -> str:
        known.pages.pop(letter + coding, None)
        return letter

    def _coding(self, accept: str | None) -> str:
        found = encoding(accept)
        if len(self._codings) >= MOST_KEPT_CODINGS:
            self._codings.clear()
        self._codings[accept] = found
        return found


def rendered_once(html: bytes, letter: str, description: Description) -> Served:
    """A page the site rendered and could not store: whole, uncompressed, for one answer."""
    prefix = html.removesuffix(b"\n")
    takes_tail = description.takes_tail and prefix.endswith(END)
    if takes_tail:
        prefix = prefix.removesuffix(END)
    page = Page(0, splice.open_gzip(prefix, 1).stream, 0, len(prefix), takes_tail, 0.0, 0)
    served = Served(page, letter, "i", description)
    served.headers = [*(pair for pair in served.headers if pair[0] != "cache-control"), ("cache-control", "no-store")]
    return served


def _articles(packed: bytes | None, first: tuple[int, int] | None, rules: Rules, moment_s: float) -> tuple[int, ...]:
    """The distinct articles that count now, that of the reader's cookie among them."""
    oldest_s = rules.oldest_s(moment_s)
    articles: tuple[int, ...] = ()
    if packed is not None:
        count = (len(packed) - HEADER.size) // ROW_BYTES
        (ids, start), (_, at), _ = columns(count)
        # Oldest first: if the oldest counts, all do.
        if count and packed[1] == rules.window.kind and _AT.unpack_from(packed, at)[0] >= oldest_s:
            articles = ids.unpack_from(packed, start)
        else:
            entry = Entry.unpack(packed, rules.window)
            entry.keep_counting(rules.window, moment_s)
            articles = tuple(row[0] for row in entry.rows)
    if first is not None and first[0] not in articles and first[1] >= oldest_s and len(articles) < MOST_ARTICLES:
        return (*articles, first[0])
    return articles


def _send(
    protocol: Any,
    served: Served,
    etag: str,
    body: bytes,
    asked: str | None,
    more: list[tuple[str, str]] | None = None,
) -> bool:
    """Whether 304 was the answer. To HEAD the server sends the same headers and leaves the body out."""
    headers = [*served.headers, ("etag", etag)] if more is None else [*served.headers, ("etag", etag), *more]
    if asked is not None and served.status == 200 and matches(asked, etag):
        protocol.response_empty(304, [pair for pair in headers if pair[0] not in ("content-type", "content-encoding")])
        return True
    protocol.response_bytes(served.status, headers, body)
    return False


def _headers(description: Description, letter: str, encoding: str) -> list[tuple[str, str]]:
    """Metered and signed-in pages are never kept by a shared cache; the browser may, if it asks each time."""
    kept = [(name.lower(), value) for name, value in description.headers if name.lower() not in _HEADERS_OF_OURS]
    said = next((value for name, value in kept if name == "cache-control"), _PRIVATE)
    may_share = description.article is None and letter == VerdictClass.OPEN_ANONYMOUS
    headers = [pair for pair in kept if pair[0] != "cache-control"]
    headers += [("cache-control", said if may_share else _PRIVATE), _VARY]
    if encoding in _CONTENT_ENCODING:
        headers.append(_CONTENT_ENCODING[encoding])
    return headers
