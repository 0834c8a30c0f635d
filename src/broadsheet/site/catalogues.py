"""The words of the interface in other languages: `broadsheet/locale/<language>/LC_MESSAGES/django.po`, compiled for use.

Compiled into the data folder when a process finds none, or an older one: a checkout needs no compiler, an installed package
may be read-only. `script/messages` writes new words down for the translators; `script/check` refuses missing and fuzzy ones.
"""

from __future__ import annotations

import os
from pathlib import Path

# Those we have words in, each by its own name. An edition in any other has its articles in it, and the interface in English.
LANGUAGES = [("en", "English"), ("he", "עברית")]

SOURCES = Path(__file__).parents[1] / "locale"


def compile_to(folder: Path) -> None:
    """Make the catalogues in `folder` what their sources say; looks only at dates where nothing has changed."""
    for source in SOURCES.glob("*/LC_MESSAGES/*.po"):
        compiled = (folder / source.relative_to(SOURCES)).with_suffix(".mo")
        changed_at = source.stat().st_mtime_ns
        if not compiled.exists() or compiled.stat().st_mtime_ns != changed_at:
            _compile(source, compiled, changed_at)


def _compile(source: Path, compiled: Path, changed_at: int) -> None:
    from babel.messages.mofile import write_mo  # half a second, and seldom needed
    from babel.messages.pofile import read_po

    compiled.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as words:
        catalogue = read_po(words)
    unfinished = compiled.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        write_mo(file, catalogue)
    os.utime(unfinished, ns=(changed_at, changed_at))
    unfinished.replace(compiled)  # several processes start at once
