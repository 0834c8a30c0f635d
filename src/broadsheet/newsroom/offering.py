"""Pages offered to the gate: Django's half of a page request.

The gate asks for the description of an address, decides by it which class of page this reader gets, and asks for that page;
both are kept in the page store, with the tags of what they were made of. See “A page request” in ARCHITECTURE.md.

    X-Broadsheet-Page: describe  →  204, X-Broadsheet-Described: 1     (200 and the description itself, if it was not kept)
    X-Broadsheet-Page: w         →  200, X-Broadsheet-Stored: 1        (0 if it was not kept: good for this one answer)
    anything that is no page     →  an ordinary answer, passed on as it is
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from broadsheet.core import meter
from broadsheet.gate.pages import Description, Kind, VerdictClass
from broadsheet.newsroom import tags
from broadsheet.newsroom.purge import carry_out_purges, page_store
from broadsheet.release import release

log = logging.getLogger(__name__)

DESCRIBE = "describe"
END = b"</body></html>"
HTML = "text/html; charset=utf-8"

# Shared caches may keep a list if they ask each time: a story is on the front page once publishing it has answered.
LIST = "public, no-cache"
METERED = "private, no-cache"

# Of the answer, not of the page.
_NOT_REPEATED = frozenset({"content-length", "date", "set-cookie", "vary", "etag", "last-modified"})
_WAIT_S = 30


@dataclass(frozen=True)
class Page:
    """A page as a view offers it. `draw` makes it for one class of readers; it is not called for a description."""

    kind: str
    draw: Callable[[VerdictClass], str]
    article: meter.Article | None = None  # None: not metered
    content_type: str = HTML
    takes_tail: bool = True


class Offered(HttpResponse):
    """The answer of a view that offers a page."""

    def __init__(self, page: Page, verdict: VerdictClass | None) -> None:
        content = page.draw(verdict) if verdict else ""
        super().__init__(content, content_type=page.content_type)
        self["Cache-Control"] = LIST if page.article is None else METERED
        self.page = page
        self.verdict = verdict


def asks_description(request: HttpRequest) -> bool:
    """Whether only what an address is, is asked: a view then needs to read no more than that."""
    return getattr(request, "page_request", None) == DESCRIBE


def offer(request: HttpRequest, page: Page) -> Offered:
    """What a view answers with. Without a verdict, as when nobody came through the gate, a metered story is walled."""
    asked = getattr(request, "page_request", None)
    if asked == DESCRIBE:
        return Offered(page, None)
    if asked is not None:
        return Offered(page, VerdictClass(asked))
    is_open = page.article is None or page.article.always_free
    return Offered(page, VerdictClass.OPEN_ANONYMOUS if is_open else VerdictClass.WALLED_ANONYMOUS)


class OfferPages:
    """Keeps what views offer. Stands before all that adds headers, as these are kept with the description."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._flights = _Flights()
        self._left_purges = threading.Lock()
        self._has_begun = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._has_begun:
            self._begin()
        asked = getattr(request, "page_request", None)
        if asked is None or request.method not in ("GET", "HEAD"):
            return self._get_response(request)
        if asked != DESCRIBE and asked not in set(VerdictClass):
            return HttpResponseBadRequest("This is no class of readers.")
        return self._answer(request, asked)

    def _begin(self) -> None:
        """What a crash left between a change and its purge, before anybody can be shown the old page."""
        with self._left_purges:
            if not self._has_begun:
                carry_out_purges()
                self._has_begun = True

    def _answer(self, request: HttpRequest, asked: str) -> HttpResponse:
        with self._flights.joined(request.path, asked) as flight:
            if flight.kept is not None:
                return flight.kept()
            return self._render(request, asked, flight)

    def _render(self, request: HttpRequest, asked: str, flight: _Flight) -> HttpResponse:
        generation = page_store().generation()  # before anything is read
        with tags.recording() as record:
            response = self._get_response(request)
        if not isinstance(response, Offered) or response.status_code != HTTPStatus.OK:
            return response
        if response.cookies:
            log.error("%s sets a cookie and cannot be kept for all readers.", request.path)
            return response
        if asked == DESCRIBE:
            return _describe(request.path, response, record, generation, flight)
        return _store(request.path, response, record, generation, flight)


def _describe(path: str, response: Offered, record: tags.Recording, generation: int, flight: _Flight) -> HttpResponse:
    headers = tuple((name.lower(), value) for name, value in response.items() if name.lower() not in _NOT_REPEATED)
    kind = Kind(response.page.kind, headers, response.page.takes_tail, release())
    description = Description(kind, response.page.article, record.until)
    if page_store().put_description(path, description, tags=record.tags, rendered_at=generation):
        flight.kept = _described
        return flight.kept()
    return HttpResponse(
        description.packed(), content_type="application/octet-stream", headers={"X-Broadsheet-Described": "1"}
    )


def _described() -> HttpResponse:
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"X-Broadsheet-Described": "1"})


def _store(path: str, response: Offered, record: tags.Recording, generation: int, flight: _Flight) -> HttpResponse:
    html = response.content
    takes_tail = response.page.takes_tail
    if takes_tail:
        html = html.rstrip()
        if not html.endswith(END):
            log.error("%s does not end with %s and cannot be kept: there is no place for the notice.", path, END)
            return _rendered(response, kept=False)
        html = html.removesuffix(END)
    is_kept = page_store().put_page(
        path,
        str(response.verdict),
        html,
        tags=record.tags,
        rendered_at=generation,
        until=record.until,
        takes_tail=takes_tail,
        release=release(),
    )
    if is_kept:
        flight.kept = lambda: _rendered(response, kept=True)
    return _rendered(response, kept=is_kept)


def _rendered(response: Offered, *, kept: bool) -> HttpResponse:
    copy = HttpResponse(response.content, content_type=response["Content-Type"])
    copy["X-Broadsheet-Stored"] = "1" if kept else "0"
    return copy


@dataclass
class _Flight:
    """One page being made. `kept`: how to answer those who waited; None: it was not kept, make it yourself."""

    landed: threading.Event = field(default_factory=threading.Event)
    kept: Callable[[], HttpResponse] | None = None


class _Flights:
    """Whoever asks for a page that is being made waits for it.

    What was not kept, because it was purged meanwhile, is made again by each who waited: they asked after the change and must
    not be given the page from before it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, str], _Flight] = {}

    @contextmanager
    def joined(self, path: str, asked: str) -> Iterator[_Flight]:
        key = path, asked
        with self._lock:
            flight = self._under_way.get(key)
            leads = flight is None
            if flight is None:
                flight = self._under_way[key] = _Flight()
        if not leads:
            flight.landed.wait(_WAIT_S)
            yield flight if flight.kept is not None else _Flight()
            return
        try:
            yield flight
        finally:
            with self._lock:
                del self._under_way[key]
            flight.landed.set()
