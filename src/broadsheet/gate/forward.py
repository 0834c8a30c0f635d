"""Hands whole parsed requests to Django on its unix socket, and its answers back.

Nothing is sent before the request has arrived whole and within its bounds. A bound on what is under way and on what
waits keeps a slow Django from taking the gate down with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
from yarl import URL

AT_ONCE = 48  # requests under way to Django from one gate process
MOST_WAITING = 256
LONGEST_WAIT_S = 10.0
CONNECT_S = 3.0
ANSWER_S = 60.0  # between two reads; an export may take long, silence may not
IDLE_S = 10.0  # less than Django's server keeps a connection open: it should not close one we are about to use
_SMALL_BYTES = 256 << 10  # answers up to this are read whole and sent at once

# RFC 9110 §7.6.1; and what the gate's own server writes
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_HANDED_ON = _HOP_BY_HOP | {"content-length", "host", "expect", "forwarded"}
_NOT_HANDED_BACK = _HOP_BY_HOP | {"content-length", "date", "server"}
OURS = "x-broadsheet-"
_UNQUOTED = "/:@!$&'()*+,;=~-._"


class SiteBusy(Exception):
    """Django has more than enough to do."""


class SiteDown(Exception):
    """Django does not answer."""


@dataclass(frozen=True)
class SiteAnswer:
    """An answer read whole. `headers`: those for the reader; `ours`: what the site tells the gate, in lower case."""

    status: int
    headers: list[tuple[str, str]]
    ours: Mapping[str, str]
    body: bytes
    length: str | None = None  # of an answer to HEAD


class Site:
    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> SiteAnswer:
        """An answer, whole. For those the gate itself makes use of."""
        async with self._asked(method, target, headers, body) as answer:
            return await _whole(answer, method)

    async def pass_on(
        self, protocol: object, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> None:
        """Ask, and let the reader have the answer, in pieces where it is long."""
        async with self._asked(method, target, headers, body) as answer:
            if _is_small(answer, method):
                respond(protocol, await _whole(answer, method))
                return
            kept, _ = _split(answer.headers.items())
            if answer.content_length is not None:
                kept.append(("content-length", str(answer.content_length)))
            transport = protocol.response_stream(answer.status, kept)  # type: ignore[attr-defined]
            async for piece in answer.content.iter_any():
                await transport.send_bytes(piece)

    @asynccontextmanager
    async def _asked(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._turn():
            try:
                # aiohttp itself repeats GET and HEAD once where a pooled connection turns out to be closed.
                answer = await self._pool().request(
                    method,
                    URL(f"http://site{target}", encoded=True),
                    headers=CIMultiDict(headers),
                    data=body or None,
                    allow_redirects=False,
                )
            except (aiohttp.ClientError, TimeoutError, OSError) as fault:
                raise SiteDown(str(fault)) from fault
            async with answer:
                yield answer

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise SiteBusy
        self._waiting += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise SiteBusy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(path=self._socket, limit=AT_ONCE, keepalive_timeout=IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=ANSWER_S),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                auto_decompress=False,
                max_line_size=32_768,
                max_field_size=32_768,
            )
        return self._session


def target(path: str, query: str = "") -> str:
    """The request target; the gate got the path decoded."""
    quoted = quote(path, safe=_UNQUOTED)
    return f"{quoted}?{query}" if query else quoted


def handed_on(items: Iterable[tuple[str, str]], host: str, client: str, scheme: str) -> list[tuple[str, str]]:
    """The headers Django gets: the reader's, without what only concerned this hop or claims to be ours; then ours."""
    items = list(items)
    dropped = _NOT_HANDED_ON | _named_by_connection(items)
    kept = [
        (name, value)
        for name, value in items
        if name not in dropped and not name.startswith((OURS, "x-forwarded-")) and name != "cookie"
    ]
    if cookies := [value for name, value in items if name == "cookie"]:
        kept.append(("cookie", "; ".join(cookies)))
    return [("host", host), *kept, ("x-broadsheet-client", client), ("x-broadsheet-scheme", scheme)]


def respond(protocol: object, answer: SiteAnswer) -> None:
    """Let the reader have an answer that was read whole."""
    headers = answer.headers
    if answer.length is not None:
        headers = [*headers, ("content-length", answer.length)]
    if answer.body:
        protocol.response_bytes(answer.status, headers, answer.body)  # type: ignore[attr-defined]
    else:
        protocol.response_empty(answer.status, headers)  # type: ignore[attr-defined]


def _is_small(answer: aiohttp.ClientResponse, method: str) -> bool:
    if method == "HEAD" or answer.status in (204, 304):
        return True
    return answer.content_length is not None and answer.content_length <= _SMALL_BYTES


async def _whole(answer: aiohttp.ClientResponse, method: str) -> SiteAnswer:
    try:
        body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as fault:
        raise SiteDown(str(fault)) from fault
    kept, ours = _split(answer.headers.items())
    length = answer.headers.get("content-length") if method == "HEAD" else None
    return SiteAnswer(answer.status, kept, ours, body, length)


def _split(items: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    lowered = [(name.lower(), value) for name, value in items]
    dropped = _NOT_HANDED_BACK | _named_by_connection(lowered)
    kept = [(name, value) for name, value in lowered if name not in dropped and not name.startswith(OURS)]
    return kept, {name: value for name, value in lowered if name.startswith(OURS)}


def _named_by_connection(items: Iterable[tuple[str, str]]) -> set[str]:
    return {token.strip().lower() for name, value in items if name == "connection" for token in value.split(",")}
