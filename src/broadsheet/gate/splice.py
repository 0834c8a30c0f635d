"""Close an open compressed stream with one stored block, so that every reader can get another last element.

A page is compressed once, up to `</body></html>`, and left open. The last words, which differ, follow uncompressed in
one block that is legal in the format. Never put members or streams end to end: browsers silently drop all but the
first.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

import brotli

LONGEST_TAIL = 65535

# RFC 1952: deflate, no flags, no time, unknown system
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_GZIP_TRAILER = Struct("<II")
_STORED = Struct("<BHH")


class Opened(NamedTuple):
    """A stream and what its ending needs to know of the text before it."""

    stream: bytes
    crc: int
    length: int


def open_gzip(text: bytes, level: int = 6) -> Opened:
    """Compressed up to a byte boundary and left open."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = _GZIP_HEADER + deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return Opened(stream, zlib.crc32(text), len(text) & 0xFFFFFFFF)


def open_brotli(text: bytes, quality: int = 5) -> Opened:
    """The same in brotli, which keeps no checksum."""
    compressor = brotli.Compressor(quality=quality, mode=brotli.MODE_TEXT)
    return Opened(compressor.process(text) + compressor.flush(), 0, len(text) & 0xFFFFFFFF)


def gzip_tail(tail: bytes, crc: int, length: int) -> bytes:
    """What closes a stream of `open_gzip`; `tail` has 1 to LONGEST_TAIL bytes (RFC 1951 §3.2.4, final stored block)."""
    size = _checked(tail)
    trailer = _GZIP_TRAILER.pack(zlib.crc32(tail, crc), (length + size) & 0xFFFFFFFF)
    return _STORED.pack(1, size, size ^ 0xFFFF) + tail + trailer


@lru_cache(maxsize=256)  # the same for every page
def brotli_tail(tail: bytes) -> bytes:
    """What closes a stream of `open_brotli` (RFC 7932 §9.2: an uncompressed meta-block, then an empty last one)."""
    size = _checked(tail)
    return ((size - 1) << 3 | 1 << 19).to_bytes(3, "little") + tail + b"\x03"


def whole_gzip(text: bytes, level: int = 6) -> bytes:
    """A finished stream, for what takes no tail."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush()


def whole_brotli(text: bytes, quality: int = 5) -> bytes:
    compressor = brotli.Compressor(quality=quality, mode=brotli.MODE_TEXT)
    return bytes(compressor.process(text) + compressor.finish())


def inflated(stream: bytes) -> bytes:
    """The text of a gzip stream, open or finished."""
    return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(stream)


def _checked(tail: bytes) -> int:
    if not 1 <= len(tail) <= LONGEST_TAIL:
        raise ValueError(f"a tail has 1 to {LONGEST_TAIL} bytes, not {len(tail)}")
    return len(tail)
