"""What is refused before anything else is asked, and who is asking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from broadsheet.config import Network

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
WITHOUT_BODY = frozenset({"GET", "HEAD"})

# Everything below these is Django's alone: never looked up in the page store.
DYNAMIC_PREFIXES = (
    "/admin/",
    "/account/",
    "/accounts/",
    "/login/",
    "/logout/",
    "/register/",
    "/search/",
    "/documents/",
    "/hooks/",
    "/donate/",
    "/appeals/",
    "/pay/",
    "/readyz",
)
UPLOAD_PREFIXES = ("/admin/", "/documents/")

BODY_BYTES = 1 << 20
UPLOAD_BYTES = 32 << 20
BODY_IDLE_S = 10  # between two pieces of a body
BODY_WHOLE_S = 120

# NUL and other control characters; and what Granian makes of bytes that are not UTF-8
_BAD_IN_PATH = re.compile("[\x00-\x1f\x7f-\x9f\ufffd]")
_AHEAD = ("prefetch", "prerender", "preview")
_LONGEST_PATH = 2048


class Refused(Exception):
    """An answer, not a fault of ours: `status`, and the connection is closed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def check(method: str, path: str, authority: str | None, items: Sequence[tuple[str, str]], host: str) -> None:
    """All that can be said without reading the body. Raises Refused."""
    if method not in METHODS:
        raise Refused(405, "This method is not used here.")
    check_path(path)
    hosts = [value for name, value in items if name == "host"]
    if len(hosts) != 1:
        raise Refused(400, "A request names one host.")
    if hosts[0].lower() != host or (authority is not None and authority.lower() != host):
        raise Refused(421 if _is_host(hosts[0]) else 400, "This host is not served here.")
    check_length(method, items)


def check_path(path: str) -> None:
    if not path.startswith("/") or len(path) > _LONGEST_PATH or _BAD_IN_PATH.search(path):
        raise Refused(400, "This address is malformed.")


def check_length(method: str, items: Sequence[tuple[str, str]]) -> None:
    lengths = [value for name, value in items if name == "content-length"]
    is_chunked = any(name == "transfer-encoding" for name, _ in items)
    if lengths and is_chunked:
        raise Refused(400, "A body is either chunked or has a length.")
    if len(set(lengths)) > 1 or any(not (value.isascii() and value.isdigit()) for value in lengths):
        raise Refused(400, "This length is malformed.")
    if method in WITHOUT_BODY and (is_chunked or any(int(value) for value in lengths)):
        raise Refused(400, f"A {method} request has no body.")


def _is_host(text: str) -> bool:
    return re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", text, re.IGNORECASE) is not None


def body_limit(path: str) -> int:
    return UPLOAD_BYTES if path.startswith(UPLOAD_PREFIXES) else BODY_BYTES


async def read_body(protocol: Any, length: str | None, limit: int) -> bytes:
    """The whole body. Raises Refused for one that is too long, too slow or malformed."""
    if length is not None and int(length) > limit:
        raise Refused(413, f"At most {limit >> 20} MB are taken here.")
    pieces: list[bytes] = []
    size = 0
    has_ended = False
    try:
        async with asyncio.timeout(BODY_WHOLE_S):
            stream = protocol.__aiter__()
            while True:
                async with asyncio.timeout(BODY_IDLE_S):
                    try:
                        piece = await stream.__anext__()
                    except StopAsyncIteration:
                        break
                if not piece and has_ended:
                    raise Refused(400, "The request is malformed.")
                # Granian's stream ends with one empty piece. A malformed chunk gives one more, and no error.
                has_ended = not piece
                size += len(piece)
                if size > limit:
                    raise Refused(413, f"At most {limit >> 20} MB are taken here.")
                pieces.append(piece)
    except TimeoutError:
        raise Refused(408, "The request took too long to arrive.") from None
    except RuntimeError:  # Granian's protocol errors: a malformed chunk, a connection that broke
        raise Refused(400, "The request is malformed.") from None
    if length is not None and size != int(length):
        raise Refused(400, "The request is shorter than it says.")
    return b"".join(pieces)


def is_prefetch(get: Any) -> bool:
    """Whether the browser fetches ahead of a reader who may never look. `get`: of the headers.

    Sec-Purpose is the standard's (Fetch §3); Purpose is what Chrome still says of <link rel=prefetch>. Firefox's X-Moz ended
    with its version 114.
    """
    said = get("sec-purpose") or get("purpose")
    return said is not None and any(mark in said.lower() for mark in _AHEAD)


@dataclass(frozen=True)
class Client:
    address: IPv4Address | IPv6Address
    scheme: str


def client(peer: str, headers: Mapping[str, Sequence[str]], trusted: Sequence[Network], scheme: str) -> Client:
    """Who asks, and by what scheme they see us. `peer`: address and port; `headers`: those a proxy may have set.

    The rightmost address that is not one of our proxies: all to the left of it could have been written by anyone.
    """
    address = peer_address(peer)
    if not trusted or not _is_in(address, trusted):
        return Client(address, scheme)
    for text in reversed(",".join(headers.get("x-forwarded-for", ())).split(",")):
        found = _address(text.strip())
        if found is None:
            break
        address = found
        if not _is_in(address, trusted):
            break
    said = ",".join(headers.get("x-forwarded-proto", ())).rpartition(",")[2].strip().lower()
    return Client(address, said if said in ("http", "https") else scheme)


def peer_address(peer: str) -> IPv4Address | IPv6Address:
    return _address(peer.rpartition(":")[0].strip("[]")) or IPv4Address(0)


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


_KNOWN_CODINGS = {"br": "b", "gzip": "g", "x-gzip": "g", "identity": "i"}


def encoding(accept: str | None) -> str:
    """The encoding to send: b, g or i (identity), by what the client accepts (RFC 9110 §12.5.3) and we prefer."""
    if not accept:
        return "i"
    weights: dict[str, float] = {}
    for part in accept.lower().split(",")[:32]:
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        weights.setdefault(_KNOWN_CODINGS.get(coding, coding), _weight(parameters))
    rest = weights.get("*", 0.0)
    return max("bgi", key=lambda letter: weights.get(letter, _unsaid(letter, rest)))


def _unsaid(letter: str, rest: float) -> float:
    """Identity is acceptable unless refused, but the last choice."""
    return max(rest, 0.0001) if letter == "i" else rest


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison of a list of validators (RFC 9110 §13.1.2)."""
    return any(
        candidate == "*" or candidate.removeprefix("W/") == etag
        for candidate in (part.strip() for part in if_none_match.split(","))
    )
