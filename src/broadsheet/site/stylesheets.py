"""The style sheets readers load: a few, each gathered from the component files of `static/css/`.

A page links the sheet `house` and one for its kind: two requests in one round, where a link per component would queue
behind a browser's six connections. Gathering needs no build: it happens as the static files are collected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

COMPONENTS = Path(__file__).parent / "static" / "css"

# Layers decide what wins, so the order matters once: `tokens` declares them and stands first.
SHEETS: dict[str, tuple[str, ...]] = {
    "house": ("tokens", "fonts", "base", "layout", "masthead", "scheme", "offline", "story", "footer", "print"),
    "front": ("breaking", "front", "most-read", "voices"),
    "search": ("form", "ledger", "search"),
    "lists": ("front", "form", "ledger"),
    "article": (
        "article", "box", "list", "quote", "gallery", "table", "attachment", "embed", "form", "wall", "appeal", "share",
        "notice",
    ),
    "pretend": ("form", "account", "pretend"),
    "receipt": ("ledger", "account", "receipt"),
    "account": ("form", "ledger", "account", "appeal", "factor"),
    "giving": ("form", "ledger", "account", "share", "giving"),
}  # fmt: skip

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INDENT = re.compile(r"\n\s*")


def sheet_path(name: str) -> str:
    """The path of a sheet among the static files. In `css/`, so that the addresses inside it hold."""
    return f"css/sheet-{name}.css"


def gather(name: str) -> str:
    """The text of a sheet: its components in order, without comments and indentation."""
    text = "\n".join((COMPONENTS / f"{component}.css").read_text("utf-8") for component in SHEETS[name])
    return _INDENT.sub("\n", _COMMENT.sub("", text)).strip() + "\n"


class SheetStorage(Storage):
    """What `collectstatic` reads sheets from."""

    prefix = ""

    def _open(self, name: str, mode: str = "rb") -> File:
        return ContentFile(gather(_sheet_name(name)).encode(), name)

    def exists(self, name: str) -> bool:
        return _sheet_name(name) in SHEETS

    def path(self, name: str) -> str:
        return name

    def get_modified_time(self, name: str) -> datetime:
        parts = [COMPONENTS / f"{component}.css" for component in SHEETS[_sheet_name(name)]]
        newest = max(path.stat().st_mtime for path in [*parts, Path(__file__)])
        return datetime.fromtimestamp(newest, UTC)


class SheetFinder(BaseFinder):
    """Adds the gathered sheets to the static files."""

    storage = SheetStorage()

    def check(self, **kwargs: object) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: object) -> list[str]:  # type: ignore[override]
        """Sheets are no files of their own: there is no place on disk to name."""
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for name in SHEETS:
            yield sheet_path(name), self.storage


def _sheet_name(path: str) -> str:
    return Path(path).stem.removeprefix("sheet-")
