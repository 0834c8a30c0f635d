"""The `reader` cookie: an id made for it, when and on which one article; signed. Never a list, no fingerprint.

    key version 1 · id 12 · made at 4 (seconds) · article 8 (masked) · MAC 16      41 bytes, 55 characters of base64url

The article is masked with a keyed hash of the id: we can read it, nobody else learns what was read. The MAC covers
the Host too: a cookie of one publication is worth nothing at another that shares our keys by a copied data folder.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import NamedTuple

from broadsheet.config import config
from broadsheet.gate.keys import KeyRing, derived, open_keys

NAME = "reader"
ID_BYTES = 12
TEXT_LENGTH = 55
MOST_TRIED = 8  # cookies of our name in one request; a browser sends one

_SIGNED = Struct("<B12sIQ")
_MAC_BYTES = 16
_MOST_KEPT = 8192


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
        # Only what verified is kept, so nobody can fill it with inventions; it is emptied when the keys change.
        self._known: dict[str, ReaderCookie] = {}
        self._changes = ring.changes

    def mint(self, article: int, now_s: int) -> tuple[str, ReaderCookie]:
        """A new reader, whose first counted article this is: the cookie's text and what it says."""
        # Those who come together lie together in the ledger: one commit for many then touches few of its pages.
        id_ = (now_s & 0xFFFFFFFF).to_bytes(4, "big") + os.urandom(ID_BYTES - 4)
        cookie = ReaderCookie(id_, now_s, article)
        return self.text(cookie), cookie

    def text(self, cookie: ReaderCookie) -> str:
        """The cookie as it travels, signed with the current key."""
        key = self._ring.key
        masked = cookie.article ^ _mask(key, cookie.id)
        signed = _SIGNED.pack(self._ring.version, cookie.id, cookie.made, masked)
        return urlsafe_b64encode(signed + self._mac(key, signed)).rstrip(b"=").decode()

    def read(self, text: str) -> ReaderCookie | None:
        """What the cookie says, or None if we did not make it."""
        if self._changes != self._ring.changes:
            self._known.clear()
            self._changes = self._ring.changes
        known = self._known.get(text)
        if known is None and len(text) == TEXT_LENGTH:
            known = self._verified(text)
            if known is not None:
                if len(self._known) >= _MOST_KEPT:
                    self._known.clear()
                self._known[text] = known
        return known

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
            packed = urlsafe_b64decode(text + "=")
        except (NotBase64, ValueError):
            return None
        # The decoder skips characters it does not know, so what it makes of them must be checked for length.
        if len(packed) != _SIGNED.size + _MAC_BYTES:
            return None
        signed = packed[: _SIGNED.size]
        version, id_, made, masked = _SIGNED.unpack(signed)
        key = self._ring.find(version)
        if key is None or not compare_digest(packed[_SIGNED.size :], self._mac(key, signed)):
            return None
        return ReaderCookie(id_, made, masked ^ _mask(key, id_))

    def _mac(self, key: bytes, signed: bytes) -> bytes:
        return blake2b(signed + self._host, key=key, person=b"reader cookie", digest_size=_MAC_BYTES).digest()


def _mask(key: bytes, id_: bytes) -> int:
    return int.from_bytes(derived(key, b"reader article", id_, 8), "little")


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
