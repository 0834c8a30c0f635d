"""Which program this is: a name that changes when anything that can show on a page has changed.

Stored pages and collected static files carry it; those of another release are thrown away at start.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path

_PACKAGE = Path(__file__).parent
_SHOWING = {".py", ".html", ".txt", ".xml", ".po", ".css", ".js", ".svg", ".woff2", ".png", ".webp", ".json"}


@cache
def release() -> str:
    """A digest of the package's code, templates and static files, by content: a fresh checkout changes no times."""
    digest = blake2b(digest_size=8)
    for file in sorted(_PACKAGE.rglob("*")):
        if file.suffix in _SHOWING and file.is_file():
            digest.update(f"{file.relative_to(_PACKAGE)}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
