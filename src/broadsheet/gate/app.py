"""The gate as Granian serves it: refuse what is malformed, answer pages from the store, hand the rest to the site."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Generator, Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import coroutine
from typing import Any

from broadsheet import clock
from broadsheet.config import SITE_SOCKET, config
from broadsheet.gate.answer import ANSWERED, DESCRIPTION, Answers, Ask, Waiting
from broadsheet.gate.cookie import open_cookies
from broadsheet.gate.crawlers import Crawlers
from broadsheet.gate.down import DownPage
from broadsheet.gate.files import FILE_PREFIXES, Files
from broadsheet.gate.forward import Site, SiteAnswer, SiteBusy, SiteDown, handed_on, respond, target
from broadsheet.gate.keys import house_key, open_keys
from broadsheet.gate.known import Given, rendered_once
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.log import ReadingLog
from broadsheet.gate.networks import Networks
from broadsheet.gate.pages import Description, open_pages
from broadsheet.gate.refusals import Refusals
from broadsheet.gate.request import (
    DYNAMIC_PREFIXES,
    METHODS,
    WITHOUT_BODY,
    Client,
    Refused,
    body_limit,
    check,
    check_path,
    client,
    peer_address,
    read_body,
)
from broadsheet.gate.tasks import Tasks

log = logging.getLogger(__name__)

UPKEEP_EVERY_S = 1.0
READERS_CHECKED_EVERY = 60  # rounds of upkeep
MOST_ASKS = 6  # of the site for one request: a description and a page, and both spoilt by purges twice
HEALTH = "/healthz"

# What the site says of its answer
DESCRIBED = "x-broadsheet-described"
STORED = "x-broadsheet-stored"

_NOT_PAGES = (*DYNAMIC_PREFIXES, *FILE_PREFIXES, HEALTH)
_PROXY_HEADERS = frozenset({"x-forwarded-for", "x-forwarded-proto"})
_TEXT = [
    ("content-type", "text/plain; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
]
_DOWN_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'"),
    ("x-content-type-options", "nosniff"),
]


class Gate:
    """One per worker process. Everything is opened in `__rsgi_init__`, after the fork."""

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        settings = config()
        self._host = settings.host
        self._scheme = "https" if settings.is_https else "http"
        self._trusted = settings.trusted_proxies
        self._loop = loop
        self._tasks = Tasks(loop)
        self._keys = open_keys(settings.keys)
        self._ledger = open_ledger(settings.ledger)
        self._pages = open_pages(settings.pages)
        house = house_key(settings.keys)
        self._log = ReadingLog(settings.log, house)
        networks = Networks(settings.run / "networks", house)
        crawlers = Crawlers(self._ledger)
        self._answers = Answers(
            self._ledger, self._pages, self._keys, open_cookies(), self._log, networks, crawlers, self._address
        )
        self._known_paths = self._answers.known.lately  # never one of those that are not pages
        self._files = Files(settings.static, settings.media)
        self._site = Site(Path(os.environ.get(SITE_SOCKET) or settings.site_socket))
        self._refusals = Refusals(settings.run / "refusals")
        self._down = DownPage(settings.run)
        self._asking: dict[tuple[str, str], asyncio.Future[bool]] = {}
        self._upkeep = loop.create_task(self._keep_up())
        # What is loaded now stays: the collector need not walk it again, nor run often over what requests leave.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._upkeep.cancel()
        self._log.close()
        self._ledger.sync()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        try:
            headers = scope.headers
            method = scope.method
            path = scope.path
            get = headers.get
            # The usual request, told by a few questions: for a page, without a body, no header sent twice.
            if (
                (method == "GET" or method == "HEAD")
                and get("host") == self._host
                and scope.authority is None
                and "content-length" not in headers
                and "transfer-encoding" not in headers
                and len(headers) == len(headers.values())  # names, and values
            ):
                cookies = get("cookie")
            else:
                items = headers.items()
                check(method, path, scope.authority, items, self._host)
                cookies = "; ".join(value for name, value in items if name == "cookie") or None
            if method not in WITHOUT_BODY or (path not in self._known_paths and path.startswith(_NOT_PAGES)):
                await self._answer_otherwise(scope, protocol, method, path)
                return
            # As Ask(…), without a call of Python
            ask = tuple.__new__(Ask, (protocol, method, path, get, cookies, clock.timestamp(), scope, None))
            missing = self._answers.answer(ask)
            while isinstance(missing, Waiting):
                await _others()
                missing = self._answers.finish(missing)
            if missing is not ANSWERED:
                check_path(path)
                await self._tasks.run(self._ask_and_answer(scope, ask, missing))
        except Refused as refused:
            self._refusals.count(refused.status)
            _refuse(protocol, refused)
        except SiteBusy:
            self._refusals.count(503)
            protocol.response_bytes(503, [*_DOWN_HEADERS, ("retry-after", "2")], self._down.html)
        except SiteDown:
            self._refusals.count(503)
            protocol.response_bytes(503, [*_DOWN_HEADERS, ("retry-after", "5")], self._down.html)
        except Exception:
            log.exception("A request could not be answered.")
            with suppress(Exception):  # it may have been answered half
                protocol.response_bytes(500, _TEXT, b"Something went wrong.\n")

    async def _counted(self, said: str | Waiting) -> str:
        """All requests that are ready get as far as waiting for the ledger; the first to go on writes for all."""
        while isinstance(said, Waiting):
            await _others()
            said = self._answers.finish(said)
        return said

    async def _answer_otherwise(self, scope: Any, protocol: Any, method: str, path: str) -> None:
        """Forms, Django's own addresses, files, health."""
        check_path(path)
        if method in WITHOUT_BODY:
            if path == HEALTH:
                protocol.response_bytes(200, _TEXT, b"ok\n")
                return
            if path.startswith(FILE_PREFIXES):
                if not self._files.answer(protocol, method, path, scope.headers.get):
                    protocol.response_bytes(404, _TEXT, b"There is no such file.\n")
                return
        await self._tasks.run(self._forward(scope, protocol, method, path))

    async def _forward(self, scope: Any, protocol: Any, method: str, path: str) -> None:
        items = scope.headers.items()
        body = b""
        if method not in WITHOUT_BODY:
            body = await read_body(protocol, scope.headers.get("content-length"), body_limit(path))
        await self._site.pass_on(
            protocol, method, target(path, scope.query_string), self._handed_on(scope, items), body
        )

    # ── what the store does not have

    async def _ask_and_answer(self, scope: Any, ask: Ask, missing: str) -> None:
        given: Given = {}
        for _ in range(MOST_ASKS):
            ordinary = await self._ask_once(scope, ask.method, ask.path, missing, given)
            if ordinary is not None:
                respond(ask.protocol, ordinary)
                return
            self._answers.look()  # the site may have made the store anew just now
            said = self._answers.answer(ask._replace(now_s=clock.timestamp(), given=given))
            missing = await self._counted(said) if isinstance(said, Waiting) else said
            if missing is ANSWERED:
                return
        log.error("The site keeps saying that it stored a page that is not there.")
        raise SiteDown

    async def _ask_once(self, scope: Any, method: str, path: str, missing: str, given: Given) -> SiteAnswer | None:
        """Let one of all who miss the same thing ask for it. None: look again; otherwise the answer for this reader."""
        if (asked := self._asking.get((path, missing))) is not None:
            if await asked:
                return None
            return await self._ask(scope, method, path, missing, given)
        asked = self._asking[path, missing] = self._loop.create_future()
        found = False
        try:
            ordinary = await self._ask(scope, method, path, missing, given)
            found = ordinary is None and missing not in given
            return ordinary
        finally:
            del self._asking[path, missing]
            asked.set_result(found)

    async def _ask(self, scope: Any, method: str, path: str, missing: str, given: Given) -> SiteAnswer | None:
        if missing == DESCRIPTION:
            return await self._ask_for_description(scope, method, path, given)
        # Nothing of the reader goes along: the page is for everyone of its class.
        headers = [("host", self._host), ("x-broadsheet-scheme", self._scheme), ("x-broadsheet-page", missing)]
        answer = await self._site.ask("GET", target(path), headers)
        stored = answer.ours.get(STORED)
        if stored is None:
            return _without_body(answer) if method == "HEAD" else answer
        if stored != "1":
            description = given.get(DESCRIPTION) or self._pages.description(path)
            if isinstance(description, Description):
                given[missing] = rendered_once(answer.body, missing, description)
        return None

    async def _ask_for_description(self, scope: Any, method: str, path: str, given: Given) -> SiteAnswer | None:
        headers = [*self._handed_on(scope, scope.headers.items()), ("x-broadsheet-page", DESCRIPTION)]
        answer = await self._site.ask("GET", target(path, scope.query_string), headers)
        if answer.ours.get(DESCRIBED) != "1":
            return _without_body(answer) if method == "HEAD" else answer
        if answer.body:  # it could not be stored, or not for sure: good for this request
            given[DESCRIPTION] = Description.unpack(answer.body)
        return None

    # ── who asks

    def _client(self, scope: Any) -> Client:
        proxied: dict[str, list[str]] = {}
        if self._trusted:
            for name, value in scope.headers.items():
                if name in _PROXY_HEADERS:
                    proxied.setdefault(name, []).append(value)
        return client(scope.client, proxied, self._trusted, self._scheme)

    def _address(self, scope: Any) -> IPv4Address | IPv6Address:
        return self._client(scope).address if self._trusted else peer_address(scope.client)

    def _handed_on(self, scope: Any, items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        who = self._client(scope)
        return handed_on(items, self._host, str(who.address), who.scheme)

    # ── upkeep

    async def _keep_up(self) -> None:
        rounds = 0
        while True:
            rounds += 1
            try:
                self._log.tick()
                self._keys.look()
                self._answers.look()
                self._down.look()
                if rounds % READERS_CHECKED_EVERY == 0:
                    self._ledger.check_readers()
                    self._pages.check_readers()
                if self._ledger.is_dirty:
                    await self._loop.run_in_executor(None, self._ledger.sync)
            except Exception:
                log.exception("The gate's upkeep failed; it goes on.")
            await asyncio.sleep(UPKEEP_EVERY_S)


@coroutine
def _others() -> Generator[None]:
    """Let what is ready have its turn on the event loop: as `asyncio.sleep(0)`, without a task."""
    yield


def _refuse(protocol: Any, refused: Refused) -> None:
    headers = [*_TEXT, ("connection", "close")]
    if refused.status == 405:
        headers.append(("allow", ", ".join(sorted(METHODS))))
    protocol.response_bytes(refused.status, headers, f"{refused.why}\n".encode())


def _without_body(answer: SiteAnswer) -> SiteAnswer:
    """The answer to HEAD, made of one to GET."""
    return SiteAnswer(answer.status, answer.headers, answer.ours, b"", str(len(answer.body)))


app = Gate()
