"""The answer to a request for a page: who reads, what they may open, which stored page says it, and what is counted.

The promise of the hot path: one cookie, one ledger entry, one policy, one page; one log event. No SQL, no network, no
template. Whatever is missing is named, and `app.py` asks the site for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

from broadsheet.core.meter import MOST_ARTICLES, Decision, Reason, Verdict
from broadsheet.gate import splice
from broadsheet.gate.appeals import is_closed
from broadsheet.gate.cookie import NAME, Cookies, ReaderCookie, cookie_values
from broadsheet.gate.crawlers import Crawlers, claimed_engine
from broadsheet.gate.keys import KeyRing
from broadsheet.gate.known import Form, Given, Known, KnownAddresses, Served
from broadsheet.gate.ledger import (
    NO_ACCOUNT,
    Entry,
    Ledger,
    LedgerWindow,
    Pass,
    View,
    account_key,
    all_counting,
    reader_key,
)
from broadsheet.gate.log import Flag, ReadingLog
from broadsheet.gate.networks import Networks
from broadsheet.gate.pages import Description, PageStore, VerdictClass, page_key
from broadsheet.gate.passes import PASS_NAME, SUPPORTER_NAME, pass_id
from broadsheet.gate.request import encoding, is_prefetch, matches
from broadsheet.gate.rules import Rules
from broadsheet.gate.steps import ANONYMOUS, RANKS, Step
from broadsheet.gate.store import StoreFailed

log = logging.getLogger(__name__)

MOST_KEPT_CODINGS = 512
MOST_KEPT_READERS = 8192

_LONGEST_KEPT_HEADER = 400
_MOST_PASSES_TRIED = 4
_NOT_AHEAD = [("cache-control", "no-store"), ("vary", "Sec-Purpose, Purpose, Cookie")]
_NO_COPY = ("x-robots-tag", "noarchive")

# By rank: the class of page of an address that is not metered
OPEN_LETTERS = tuple(VerdictClass.of(reader).value for reader in RANKS)

# As plain numbers; see `Flag`
NEW, FIRST, AGAIN = Flag.NEW.value, Flag.FIRST.value, Flag.AGAIN.value
NOTICE, CRAWLER, REVALIDATED = Flag.NOTICE.value, Flag.CRAWLER.value, Flag.REVALIDATED.value

# What is missing: nothing (answered), the description, or a page by its class letter; in the words the site is asked in
ANSWERED = ""
DESCRIPTION = "describe"


class Reader:
    """Who asks. `key`: of the ledger; None: someone without a reader cookie, of whom nothing is counted yet."""

    __slots__ = ("appeal_closed", "cookie", "first", "key", "rank")

    def __init__(
        self, rank: int, key: bytes | None, cookie: ReaderCookie | None = None, appeal_closed: bool = False
    ) -> None:
        self.appeal_closed = appeal_closed
        self.rank = rank
        self.key = key
        self.cookie = cookie
        self.first = (cookie.article, cookie.made) if cookie is not None else None


_STRANGER = Reader(ANONYMOUS, None)
_TOO_STRANGE = [Step(Decision(Verdict.WALL, Reason.STRANGERS), rank) for rank in range(len(RANKS))]
_CRAWLER = Step(Decision(Verdict.OPEN, Reason.CRAWLER), ANONYMOUS)


class Ask(NamedTuple):
    """What the gate needs of a request for a page. `cookies`: all Cookie lines joined."""

    protocol: Any
    method: str
    path: str
    get: Callable[[str], str | None]
    cookies: str | None
    now_s: float
    scope: Any
    given: Given | None


class Waiting(View):
    """An answer that is ready but for the commit of its view: all that wait are counted in one."""

    __slots__ = ("ask", "prefix", "reader", "rules", "served")

    def __init__(
        self,
        ask: Ask,
        reader: Reader,
        article: int,
        rules: Rules,
        moment_s: float,
        served: Served,
        seen: bytes | None,
        expected: Step,
    ) -> None:
        assert reader.key is not None
        steps = rules.steps[reader.rank]
        View.__init__(self, reader.key, article, steps, reader.first, rules.window, moment_s, seen, expected)
        self.ask = ask
        self.reader = reader
        self.rules = rules
        self.served = served
        self.prefix = served.prefix  # it may be let go while this waits


class Answers:
    def __init__(
        self,
        ledger: Ledger,
        pages: PageStore,
        keys: KeyRing,
        cookies: Cookies,
        reading_log: ReadingLog,
        networks: Networks,
        crawlers: Crawlers,
        address_of: Callable[[Any], IPv4Address | IPv6Address],
    ) -> None:
        """`address_of`: tells from a request's scope where it comes from."""
        self._ledger = ledger
        self._pages = pages
        self._keys = keys
        self._key_changes = keys.changes
        self._cookies = cookies
        self._log = reading_log
        self._networks = networks
        self._crawlers = crawlers
        self._address_of = address_of
        self._codings: dict[str | None, str] = {}
        # By Cookie header; only those whose cookie verified, so that nobody can fill it with inventions.
        self._readers: dict[str, Reader] = {}
        self.known = KnownAddresses()
        self._lately = self.known.lately
        self._generations = pages.generation_numbers
        self._generation = self._generations[0]
        self._policies = ledger.policy_generation.numbers
        self._policy_generation = -1
        self._rules: Rules | None = None
        self._views: list[Waiting] = []

    def answer(self, ask: Ask) -> str | Waiting:
        """Send the answer and say ANSWERED, or say what is missing and do nothing.

        Or hand back a view that must be counted first: give it to `finish`, after letting others have their turn.
        """
        protocol, method, path, get, cookies, now_s, scope, given = ask
        if self._generations[0] != self._generation or self._policies[0] != self._policy_generation:
            self._refresh(now_s)
        known = self._lately.get(path)
        if known is None or now_s >= known.until_s:
            known = self._describe(path, given, now_s)
            if known is None:
                return DESCRIPTION
        accept = get("accept-encoding")
        coding = self._codings.get(accept) or self._coding(accept)
        reader = _STRANGER if cookies is None else self._readers.get(cookies) or self._reader(cookies, now_s)

        article = known.article
        if not article:
            letter = OPEN_LETTERS[reader.rank]
            served = self._served(path, known, letter, coding, given)
            if served is None or now_s >= served.until_s:
                return self._miss(known, letter, coding)
            _send_plain(ask, served)
            return ANSWERED

        rules, conditions = self._rules, known.conditions
        if rules is None or conditions is None:
            return DESCRIPTION  # until a policy is published, only the site can say
        agreed = conditions.by_rank[reader.rank]
        if agreed is None or now_s >= agreed.until_s:
            agreed = conditions.agree(reader.rank, now_s)
        moment_s = now_s
        key, step, seen = reader.key, agreed.settled, None
        if step is None:
            if not rules.calm_from_s < now_s < rules.calm_until_s:
                moment_s = rules.moment_s(now_s)
            if key is None:
                step = self._to_stranger(ask, rules, reader.rank)
            else:
                step, seen = self._counted(reader, article, rules, moment_s)

        is_ahead = (get("sec-purpose") or get("purpose")) and is_prefetch(get)
        if step.counts and is_ahead:
            protocol.response_empty(503, _NOT_AHEAD)
            return ANSWERED
        letter = step.letter
        served = known.page
        if served is None or served.prefix is None or known.name != letter + coding:  # a call less for nearly all
            served = self._served(path, known, letter, coding, given)
        if served is None or now_s >= served.until_s:
            return self._miss(known, letter, coding)

        # Nothing is missing
        if not step.counts or method != "GET":
            flags = AGAIN if step.was_counted else 0
            more = None
            if step is _CRAWLER:
                flags = CRAWLER
                more = [_NO_COPY]
            is_logged = method == "GET" and not is_ahead
            closed = reader.appeal_closed
            self._send_article(ask, article, key, rules, served, served.prefix, step, closed, flags, more, is_logged)
            return ANSWERED
        if key is not None:
            waiting = Waiting(ask, reader, article, rules, moment_s, served, seen, step)
            self._views.append(waiting)
            return waiting
        if self._networks.count(self._address_of(scope), now_s) > rules.policy.strangers_a_day:
            return self._wall_stranger(ask, known, article, coding, rules, reader)
        text, cookie = self._cookies.mint(article, moment_s)
        more = [self._set_cookie(text, rules, moment_s)]
        key = reader_key(cookie.id)
        closed = reader.appeal_closed
        self._send_article(ask, article, key, rules, served, served.prefix, step, closed, NEW | FIRST, more, True)
        # Ours, so it need not be verified when it comes back.
        self._keep_reader(f"{NAME}={text}", Reader(ANONYMOUS, key, cookie))
        return ANSWERED

    def finish(self, waiting: Waiting) -> str | Waiting:
        """Count all that wait, unless another has done so, and send this answer."""
        if waiting.step is None:
            views, self._views = self._views, []
            self._ledger.count_all(views)
        step = waiting.step
        assert step is not None
        if not step.counts:  # another tab was quicker
            return self.answer(waiting.ask)
        more = None
        if waiting.window.days and waiting.reader.cookie is not None:
            # What was just read goes on counting for all its days: so must the cookie.
            more = [self._set_cookie(self._cookies.text(waiting.reader.cookie), waiting.rules, waiting.now_s)]
        self._send_article(
            waiting.ask,
            waiting.article,
            waiting.key,
            waiting.rules,
            waiting.served,
            waiting.prefix,
            step,
            waiting.reader.appeal_closed,
            NEW,
            more,
            True,
        )
        return ANSWERED

    def _send_article(
        self,
        ask: Ask,
        article: int,
        key: bytes | None,
        rules: Rules,
        served: Served,
        prefix: bytes | None,
        step: Step,
        appeal_closed: bool,
        flags: int,
        more: list[tuple[str, str]] | None,
        is_logged: bool,
    ) -> None:
        _, etag, headers, block = served.said_at(step, rules, appeal_closed)
        assert prefix is not None
        body = prefix + block
        if step.notice and served.takes_tail:
            flags += NOTICE
        # A view that counts is answered in full, whatever the browser holds.
        asked = None if step.counts else ask.get("if-none-match")
        if _send(ask.protocol, served, etag, headers if more is None else [*headers, *more], body, asked):
            flags += REVALIDATED
        if is_logged:
            who = self._log.reader_hash(key) if key is not None else 0
            at_ms = int(ask.now_s * 1000)
            self._log.write(at_ms, article, who, step.letter_code, step.reason_code, step.count, flags)

    def look(self) -> None:
        """Notice a page store that was thrown away without a word, and rotated keys; once a second, and after a miss."""
        if self._pages.look() or self._pages.mend():
            self._generation = -1
        if self._keys.changes != self._key_changes:
            self._key_changes = self._keys.changes
            self._readers.clear()

    # ── who reads

    def _reader(self, cookies: str, now_s: float) -> Reader:
        """Signed in, by its pass; otherwise by its reader cookie. The higher class counts, of what it is and what it gave."""
        closed = is_closed(cookies)
        rank, may_change = ANONYMOUS, False
        if SUPPORTER_NAME in cookies:
            may_change = True
            if (gave := self._pass_in(cookies, SUPPORTER_NAME, now_s)) is not None:
                rank = RANKS.index(gave.reader)
        if PASS_NAME in cookies:
            may_change = True
            if (signed_in := self._pass_in(cookies, PASS_NAME, now_s)) is not None:
                rank = max(rank, RANKS.index(signed_in.reader))
                return Reader(rank, account_key(signed_in.account), appeal_closed=closed)
        cookie = self._cookies.find(cookies)
        if cookie is None:
            return _STRANGER if rank == ANONYMOUS and not closed else Reader(rank, None, appeal_closed=closed)
        reader = Reader(rank, reader_key(cookie.id), cookie, closed)
        # One with a pass is looked at each time: it may end at any moment.
        if not may_change and len(cookies) <= _LONGEST_KEPT_HEADER:
            self._keep_reader(cookies, reader)
        return reader

    def _keep_reader(self, cookies: str, reader: Reader) -> None:
        if len(self._readers) >= MOST_KEPT_READERS:
            self._readers.clear()
        self._readers[cookies] = reader

    def _pass_in(self, cookies: str, name: str, now_s: float) -> Pass | None:
        """Of that cookie's kind: those signed in by a browser's pass would share the count of no account."""
        for tried, text in enumerate(cookie_values(cookies, name)):
            if tried == _MOST_PASSES_TRIED:
                break
            id_ = pass_id(text)
            found = self._ledger.pass_of(id_, now_s) if id_ is not None else None
            if found is not None and (found.account == NO_ACCOUNT) == (name == SUPPORTER_NAME):
                return found
        return None

    def _set_cookie(self, text: str, rules: Rules, moment_s: float) -> tuple[str, str]:
        return "set-cookie", self._cookies.header(text, rules.window.seconds_left(moment_s))

    # ── what they may open

    def _counted(self, reader: Reader, article: int, rules: Rules, moment_s: float) -> tuple[Step, bytes | None]:
        """What the ledger says, without writing; and its entry, if that is as `View` wants what was `seen`."""
        assert reader.key is not None
        try:
            packed = self._ledger.entry(reader.key)
        except StoreFailed as fault:
            self._ledger.complain("(nor read) a count", fault)
            packed = None
        steps, first = rules.steps[reader.rank], reader.first
        articles = all_counting(packed, rules.window, moment_s)
        seen = packed
        if not articles or (first is not None and first[0] not in articles):
            articles = _all_articles(articles, packed, first, rules.window, moment_s)
            seen = None
        return steps.before(len(articles)) if article in articles else steps.new(len(articles)), seen

    def _to_stranger(self, ask: Ask, rules: Rules, rank: int) -> Step:
        """Without a reader cookie, which a supporter who gave from this browser may be, too."""
        agent = ask.get("user-agent") if rules.policy.crawlers_open and rank == ANONYMOUS else None
        if agent is not None:
            engine = claimed_engine(agent)
            if engine is not None and self._crawlers.is_verified(self._address_of(ask.scope), engine, ask.now_s):
                return _CRAWLER
        return rules.steps[rank].new(0)

    def _wall_stranger(self, ask: Ask, known: Known, article: int, coding: str, rules: Rules, reader: Reader) -> str:
        """Someone of a network that reads and reads without ever keeping a cookie."""
        step = _TOO_STRANGE[reader.rank]
        served = self._served(ask.path, known, step.letter, coding, ask.given)
        if served is None or ask.now_s >= served.until_s:
            return self._miss(known, step.letter, coding)
        closed = reader.appeal_closed
        self._send_article(ask, article, None, rules, served, served.prefix, step, closed, 0, None, True)
        return ANSWERED

    # ── what is kept

    def _refresh(self, now_s: float) -> None:
        """Forget what may have changed."""
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

    def _forget(self) -> None:
        self.known.clear()

    def _describe(self, path: str, given: Given | None, now_s: float) -> Known | None:
        if given is not None and isinstance(described := given.get(DESCRIPTION), Description):
            return Known(described, self._rules)
        known = self.known.find(path)
        if known is not None and now_s < known.until_s:
            return known
        stored = self._pages.description(path)
        if stored is None:
            self.known.drop(path)
            return None
        known = Known(stored, self._rules)
        self.known.keep(path, known)
        return known

    def _served(self, path: str, known: Known, letter: str, coding: str, given: Given | None) -> Served | None:
        """The page, with its body at hand."""
        name = letter + coding
        served = known.find(name)
        if served is not None and served.prefix is not None:
            return served
        if given is not None and isinstance(rendered := given.get(letter), Served):
            return rendered
        key = page_key(path, letter, "b" if coding == "b" else "g") if served is None else served.key
        page = self._pages.page_at(key)
        if page is None:
            return None
        if served is None or served.version != page.version:
            served = Served(page, Form.of(known.kind, known.article != 0, letter, coding), key)
            self.known.add(path, known, name, served)
        self.known.take_body(served, splice.inflated(page.body) if coding == "i" else page.body)
        return served

    def _miss(self, known: Known, letter: str, coding: str) -> str:
        known.remove(letter + coding)
        return letter

    def _coding(self, accept: str | None) -> str:
        found = encoding(accept)
        if len(self._codings) >= MOST_KEPT_CODINGS:
            self._codings.clear()
        self._codings[accept] = found
        return found


def _all_articles(
    articles: Sequence[int], packed: bytes | None, first: tuple[int, int] | None, window: LedgerWindow, moment_s: float
) -> Sequence[int]:
    """The distinct articles that count now, that of the reader's cookie among them; `articles`: as one look told."""
    if packed is not None and not articles:
        entry = Entry.unpack(packed, window)
        entry.keep_counting(window, moment_s)
        articles = tuple(row[0] for row in entry.rows)
    if first is None or first[0] in articles or first[1] < window.oldest_s(moment_s) or len(articles) >= MOST_ARTICLES:
        return articles
    return (*articles, first[0])


def _send_plain(ask: Ask, served: Served) -> None:
    """A page that is the same for everyone of its class."""
    etag = served.etag
    headers = [*served.form.headers, ("etag", etag)]
    assert served.prefix is not None
    _send(ask.protocol, served, etag, headers, served.prefix + served.end, ask.get("if-none-match"))


def _send(
    protocol: Any, served: Served, etag: str, headers: list[tuple[str, str]], body: bytes, asked: str | None
) -> bool:
    """Whether 304 was the answer. To HEAD the server sends the same headers and leaves the body out."""
    if asked is not None and served.form.status == 200 and matches(asked, etag):
        protocol.response_empty(304, [pair for pair in headers if pair[0] not in ("content-type", "content-encoding")])
        return True
    protocol.response_bytes(served.form.status, headers, body)
    return False
