"""Search engines, by name and proof. Whoever claims to be one is a stranger until the worker has asked the DNS.

The gate only looks up what is known of an address and notes new claims, in a bounded table. `verify_pending`, run by
the worker, asks for the name of the address and for the addresses of that name: both must agree, in one of the engine's
domains, as the engines themselves describe.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct

from broadsheet.gate.ledger import Ledger
from broadsheet.gate.store import StoreFailed

MOST_PENDING = 2000
GOOD_FOR_S = 86_400  # then the address is asked for again; a refusal lasts as long
_MOST_REMEMBERED = 10_000
_REMEMBER_S = 60  # a worker asks the table again after this

_KNOWN = Struct("<BBI")  # engine, state, moment of the state


@dataclass(frozen=True)
class Engine:
    name: str
    mark: str  # in the user agent, in lower case
    domains: tuple[str, ...]


# Domains as each engine publishes them for verification.
ENGINES = (
    Engine("Google", "googlebot", (".googlebot.com", ".google.com")),
    Engine("Google", "google-inspectiontool", (".googlebot.com", ".google.com")),
    Engine("Bing", "bingbot", (".search.msn.com",)),
    Engine("Apple", "applebot", (".applebot.apple.com",)),
    Engine("DuckDuckGo", "duckduckbot", (".duckduckgo.com",)),
    Engine("Yandex", "yandexbot", (".yandex.ru", ".yandex.net", ".yandex.com")),
    Engine("Baidu", "baiduspider", (".baidu.com", ".baidu.jp")),
    Engine("Seznam", "seznambot", (".seznam.cz",)),
    Engine("Qwant", "qwantbot", (".qwant.com",)),
    Engine("Petal", "petalbot", (".petalsearch.com",)),
)


class State(IntEnum):
    PENDING = 0
    VERIFIED = 1
    REFUSED = 2


Address = IPv4Address | IPv6Address


@lru_cache(maxsize=1024)  # of what a client sends, but its length is bounded with the header's
def claimed_engine(user_agent: str) -> int | None:
    """Index into ENGINES, or None for everybody else."""
    lowered = user_agent.lower()
    for index, engine in enumerate(ENGINES):
        if engine.mark in lowered:
            return index
    return None


class Crawlers:
    """What a gate worker knows of those who claim to be a search engine."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._remembered: dict[tuple[bytes, int], tuple[float, bool]] = {}

    def is_verified(self, address: Address, engine: int, now_s: float) -> bool:
        """Never asks the network. An unknown claim is noted, and is a stranger's until it is proven."""
        key = address.packed, engine
        asked_at, verified = self._remembered.get(key, (0.0, False))
        if not 0 <= now_s - asked_at < _REMEMBER_S:
            verified = self._look_up(*key, now_s)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = now_s, verified
        return verified

    def _look_up(self, packed: bytes, engine: int, now_s: float) -> bool:
        try:
            with self._ledger.environment.begin(self._ledger.crawlers_db) as txn:
                kept = txn.get(packed)
            if kept is not None:
                known_engine, state, at = _KNOWN.unpack(kept)
                if known_engine == engine and (state == State.PENDING or now_s - at < GOOD_FOR_S):
                    return bool(state == State.VERIFIED)
            self._note(packed, engine, now_s)
        except StoreFailed as fault:
            self._ledger.complain("a crawler's claim", fault)
        return False

    def _note(self, packed: bytes, engine: int, now_s: float) -> None:
        with self._ledger.environment.begin(write=True) as txn:
            if txn.stat(self._ledger.crawlers_db)["entries"] < MOST_PENDING:
                txn.put(packed, _KNOWN.pack(engine, State.PENDING, int(now_s)), db=self._ledger.crawlers_db)


class Resolver:
    """The two questions asked of the DNS; both block, which only the worker may."""

    def names(self, address: Address) -> list[str]:
        try:
            name, others, _ = socket.gethostbyaddr(str(address))
        except OSError:
            return []
        return [name, *others]

    def addresses(self, name: str) -> list[Address]:
        try:
            return [ip_address(found[4][0]) for found in socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)]
        except OSError:
            return []


def verify_pending(
    ledger: Ledger,
    now_s: float,
    resolver: Resolver | None = None,
    limit: int = 20,
    due: Callable[[], bool] = lambda: True,
) -> int:
    """Prove or refuse up to `limit` claims and forget old answers; how many were asked. `due` says whether to go on."""
    resolver = resolver or Resolver()
    pending: list[tuple[bytes, int]] = []
    with ledger.environment.begin(write=True) as txn, txn.cursor(ledger.crawlers_db) as cursor:
        more = cursor.first()
        while more:
            engine, state, at = _KNOWN.unpack(cursor.value())
            if state == State.PENDING and len(pending) < limit:
                pending.append((cursor.key(), engine))
            elif state != State.PENDING and now_s - at >= GOOD_FOR_S:
                cursor.delete()  # and go to the next
                more = bool(cursor.key())
                continue
            more = cursor.next()
    asked = 0
    for packed, engine in pending:
        if not due():
            break
        state = State.VERIFIED if _is_proven(ip_address(packed), ENGINES[engine], resolver) else State.REFUSED
        with ledger.environment.begin(ledger.crawlers_db, write=True) as txn:
            txn.put(packed, _KNOWN.pack(engine, state, int(now_s)))
        asked += 1
    return asked


def _is_proven(address: Address, engine: Engine, resolver: Resolver) -> bool:
    for name in resolver.names(address):
        name = name.lower().rstrip(".")
        if name.endswith(engine.domains) and address in resolver.addresses(name):
            return True
    return False
