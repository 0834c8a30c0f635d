"""The `reader` cookie: an id made for it, when and on which one article; signed. Never a list, no fingerprint.

    key version 1 · id 12 · made at 4 (seconds) · article 8 (masked) · MAC 16      41 bytes, 55 characters of base64url

The article is masked with a keyed hash of the id: we can read it, nobody else learns what was read. The MAC covers
the Host too: a cookie of one publication is worth nothing at another that shares our keys by a copied data folder.
"""

from __future__ import annotations

import os
from binascii import Error as NotBase64
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import NamedTuple

from broadsheet.config import config
from broadsheet.gate.keys import KeyRing, open_keys

NAME = "reader"
ID_BYTES = 12
TEXT_LENGTH = 55
MOST_TRIED = 8  # cookies of our name in one request; a browser sends one

_SIGNED = Struct("<B12sIQ")
_MAC_BYTES = 16
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # RFC 4648 §5
_TIME_BYTES = 6  # an id begins with the millisecond it was made in, as a UUID of version 7 does (RFC 9562)
_CHANCE_BYTES = ID_BYTES - _TIME_BYTES


class ReaderCookie(NamedTuple):
    id: bytes
    made: int  # seconds since 1970
    article: int  # the one it was made on


class Cookies:
    """Makes and reads reader cookies for one Host."""

    def __init__(self, ring: KeyRing, host: str, secure: bool) -> None:
        self._ring = ring
        self._host = host.encode()
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._hashes: dict[int, _Hashes] = {}
        self._store_of_chance: list[bytes] = []

    def mint(self, article: int, now_s: float) -> tuple[str, ReaderCookie]:
        """A new reader, whose first counted article this is: the cookie's text and what it says."""
        # Those who come together lie together in the ledger: one commit for many then writes few of its pages.
        id_ = int(now_s * 1000).to_bytes(_TIME_BYTES, "big") + self._random()
        cookie = ReaderCookie(id_, int(now_s), article)
        return self.text(cookie), cookie

    def text(self, cookie: ReaderCookie) -> str:
        """The cookie as it travels, signed with the current key."""
        version = self._ring.version
        hashes = self._hashes_of(version, self._ring.key)
        signed = _SIGNED.pack(version, cookie.id, cookie.made, cookie.article ^ hashes.mask(cookie.id))
        return b2a_base64(signed + hashes.mac(signed), newline=False).translate(_URL_SAFE, b"=").decode("ascii")

    def read(self, text: str) -> ReaderCookie | None:
        """What the cookie says, or None if we did not make it."""
        return self._verified(text) if len(text) == TEXT_LENGTH else None

    def find(self, header: str) -> ReaderCookie | None:
        """The reader cookie of a Cookie header: the first that verifies."""
        for tried, text in enumerate(cookie_values(header, NAME)):
            if tried == MOST_TRIED:
                break
            if (cookie := self.read(text)) is not None:
                return cookie
        return None

    def header(self, text: str, max_age_s: int) -> str:
        """The value of Set-Cookie."""
        return f"{NAME}={text}; Max-Age={max_age_s}{self._attributes}"

    def _verified(self, text: str) -> ReaderCookie | None:
        try:
            packed = a2b_base64(text.replace("-", "+").replace("_", "/") + "=")
        except (NotBase64, ValueError):
            return None
        # The decoder skips characters it does not know, so what it makes of them must be checked for length.
        if len(packed) != _SIGNED.size + _MAC_BYTES:
            return None
        signed = packed[: _SIGNED.size]
        version, id_, made, masked = _SIGNED.unpack(signed)
        key = self._ring.find(version)
        if key is None:
            return None
        hashes = self._hashes_of(version, key)
        if not compare_digest(packed[_SIGNED.size :], hashes.mac(signed)):
            return None
        return ReaderCookie(id_, made, masked ^ hashes.mask(id_))

    def _hashes_of(self, version: int, key: bytes) -> _Hashes:
        found = self._hashes.get(version)
        if found is None or found.key != key:
            found = self._hashes[version] = _Hashes(key, self._host)
        return found

    def _random(self) -> bytes:
        """Fresh from the system, but many at a time: asking costs more than all else here."""
        if not self._store_of_chance:
            chance = os.urandom(_CHANCE_BYTES * 128)
            self._store_of_chance = [chance[at : at + _CHANCE_BYTES] for at in range(0, len(chance), _CHANCE_BYTES)]
        return self._store_of_chance.pop()


class _Hashes:
    """Keyed once, copied for each cookie."""

    def __init__(self, key: bytes, host: bytes) -> None:
        self.key = key
        self._mac = blake2b(host + b"\0", key=key, person=b"reader cookie", digest_size=_MAC_BYTES)
        self._mask = blake2b(key=key, person=b"reader article", digest_size=8)

    def mac(self, signed: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(signed)
        return mac.digest()

    def mask(self, id_: bytes) -> int:
        mask = self._mask.copy()
        mask.update(id_)
        return int.from_bytes(mask.digest(), "little")


def cookie_values(header: str, name: str) -> Iterator[str]:
    """The values under `name` in a Cookie header, in the order sent."""
    prefix = name + "="
    if prefix not in header:
        return
    for pair in header.split(";"):
        pair = pair.strip()
        if pair.startswith(prefix):
            value = pair[len(prefix) :]
            yield value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


@cache
def _cookies(process: int) -> Cookies:
    return Cookies(open_keys(), config().host, config().is_https)


def open_cookies() -> Cookies:
    """This process's reader cookies, for the Host we answer to."""
    return _cookies(os.getpid())
