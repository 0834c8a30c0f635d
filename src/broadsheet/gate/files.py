"""Static files and uploaded media, straight from their folders.

Text is compressed at first use and small files are kept in memory, within bounds. What editors upload is served under a
policy that lets nothing in it run, and only pictures, sound, film and PDF are shown; all else is a download.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import blake2b
from pathlib import Path
from typing import Any

from broadsheet.gate import splice
from broadsheet.gate.request import encoding, matches

FILE_PREFIXES = ("/static/", "/media/")
KEPT_BYTES = 48 << 20
SMALL_BYTES = 512 << 10
BROTLI_QUALITY = 9

_TEXT = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".webmanifest": "application/manifest+json",
    ".html": "text/html; charset=utf-8",
}
_SHOWN = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".vtt": "text/vtt; charset=utf-8",
}
_STATIC = {**_TEXT, **_SHOWN, ".ico": "image/x-icon", ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf"}
_DOWNLOAD = "application/octet-stream"

_HASHED = re.compile(r"\.[0-9a-f]{12}\.[^/]+$")  # as Django's manifest storage names files
_CARD = re.compile(r"cards/\d+/[0-9a-f]{16}\.jpg")  # share cards are named by all that stands on them
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=300"
_MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# Browsers' own readers of PDF do not work in a sandbox; they run no script of ours, and this lets them load nothing.
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"

# Documents belong to collections that may be closed: only Django, which asks who wants them, hands them out.
_NOT_SERVED = ("documents/",)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class _Kept:
    stamp: tuple[int, int]
    headers: list[tuple[str, str]]
    etag: str
    bodies: dict[str, bytes]  # by encoding letter


class Files:
    def __init__(self, static: Path, media: Path) -> None:
        self._folders = {"/static/": static.resolve(), "/media/": media.resolve()}
        self._kept: dict[str, _Kept] = {}
        self._kept_bytes = 0

    def answer(self, protocol: Any, method: str, path: str, get: Any) -> bool:
        """Answer if `path` is a file of ours; False if there is none. `get`: of the request's headers."""
        prefix = path[: path.index("/", 1) + 1]
        name = path[len(prefix) :]
        file = _inside(self._folders[prefix], name)
        if file is None or (prefix == "/media/" and name.startswith(_NOT_SERVED)):
            return False
        try:
            status = file.stat()
        except OSError:
            return False
        headers = _media_headers(name, file) if prefix == "/media/" else _static_headers(name, file)
        if status.st_size > SMALL_BYTES:
            _send_large(protocol, method, file, status.st_size, status.st_mtime_ns, headers, get)
            return True
        stamp = status.st_mtime_ns, status.st_size
        kept = self._kept.get(path)
        if kept is None or kept.stamp != stamp:
            kept = self._keep(path, file, stamp, headers)
        _send_small(protocol, method, kept, get)
        return True

    def _keep(self, path: str, file: Path, stamp: tuple[int, int], headers: list[tuple[str, str]]) -> _Kept:
        content = file.read_bytes()
        bodies = {"i": content}
        if file.suffix in _TEXT and len(content) > 200:
            bodies["g"] = splice.whole_gzip(content, 9)
            bodies["b"] = splice.whole_brotli(content, BROTLI_QUALITY)
            headers = [*headers, ("vary", "Accept-Encoding")]
        headers = [*headers, ("last-modified", formatdate(stamp[0] / 1e9, usegmt=True))]
        kept = _Kept(stamp, headers, blake2b(content, digest_size=9).hexdigest(), bodies)
        self._kept_bytes += sum(map(len, bodies.values()))
        if self._kept_bytes > KEPT_BYTES:
            self._kept.clear()
            self._kept_bytes = sum(map(len, bodies.values()))
        self._kept[path] = kept
        return kept


def _inside(folder: Path, name: str) -> Path | None:
    """The file of this name, if it lies in `folder` and is nobody's secret."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        return None
    try:
        file = folder.joinpath(*parts).resolve()
    except (OSError, ValueError):
        return None
    return file if file.is_relative_to(folder) and file.is_file() else None


def _static_headers(name: str, file: Path) -> list[tuple[str, str]]:
    return [
        ("content-type", _STATIC.get(file.suffix.lower(), _DOWNLOAD)),
        ("cache-control", _FOR_EVER if _HASHED.search(name) else _FOR_A_WHILE),
        ("x-content-type-options", "nosniff"),
    ]


def _media_headers(name: str, file: Path) -> list[tuple[str, str]]:
    suffix = file.suffix.lower()
    headers = [
        ("cache-control", _FOR_EVER if _CARD.fullmatch(name) else "public, max-age=86400"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", _PDF_POLICY if suffix == ".pdf" else _MEDIA_POLICY),
    ]
    if suffix in _SHOWN:
        return [("content-type", _SHOWN[suffix]), *headers]
    if suffix == ".pdf":
        return [("content-type", "application/pdf"), *headers]
    # A drawing still shows inside <img>; opened by itself it is a download, as it may hold script.
    kind = "image/svg+xml" if suffix == ".svg" else _DOWNLOAD
    return [("content-type", kind), ("content-disposition", "attachment"), *headers]


def _send_small(protocol: Any, method: str, kept: _Kept, get: Any) -> None:
    letter = encoding(get("accept-encoding")) if len(kept.bodies) > 1 else "i"
    body = kept.bodies[letter]
    etag = f'"{kept.etag}{letter}"'
    headers = [*kept.headers, ("etag", etag)]
    if letter != "i":
        headers.append(("content-encoding", "br" if letter == "b" else "gzip"))
    if (asked := get("if-none-match")) is not None and matches(asked, etag):
        protocol.response_empty(304, headers)
        return
    if letter == "i" and (part := part_asked_for(get("range"), len(body))) is not None:
        start, end = part
        headers.append(("content-range", f"bytes {start}-{end - 1}/{len(body)}"))
        protocol.response_bytes(206, headers, body[start:end])
        return
    protocol.response_bytes(200, headers, body)


def _send_large(
    protocol: Any, method: str, file: Path, size: int, changed_ns: int, headers: list[tuple[str, str]], get: Any
) -> None:
    etag = f'"{changed_ns:x}-{size:x}"'
    headers = [
        *headers,
        ("etag", etag),
        ("accept-ranges", "bytes"),
        ("last-modified", formatdate(changed_ns / 1e9, usegmt=True)),
    ]
    if (asked := get("if-none-match")) is not None and matches(asked, etag):
        protocol.response_empty(304, headers)
        return
    part = part_asked_for(get("range"), size)
    start, end = part or (0, size)
    headers.append(("content-length", str(end - start)))
    if part is not None:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{size}"))
    if method == "HEAD":
        protocol.response_empty(206 if part else 200, headers)
    elif part is not None:
        protocol.response_file_range(206, headers, str(file), start, end)
    else:
        protocol.response_file(200, headers, str(file))


def part_asked_for(asked: str | None, size: int) -> tuple[int, int] | None:
    """The one range asked for, as start and end; None: send it all (RFC 9110 §14.2 allows ignoring any)."""
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else None
