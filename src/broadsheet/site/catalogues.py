"""The words of the interface in other languages: `broadsheet/locale/<language>/LC_MESSAGES/django.po`, compiled for use.

Compiled into the data folder when a process finds none, or an older one: a checkout needs no compiler, an installed package
may be read-only. `script/messages` writes new words down for the translators; `script/check` refuses missing and fuzzy ones.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

# Those we have words in, each by its own name. An edition in any other has its articles in it, and the interface in English.
LANGUAGES = [("en", "English"), ("he", "עברית")]

# Wagtail keeps its words of a language, as far as it has any, under a name by which Django does not look for them.
WAGTAILS_NAMES = {"he": "he_IL"}

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


def of_wagtail(folder: Path, apps: Iterable[str]) -> list[Path]:
    """Folders for LOCALE_PATHS, one for each of Wagtail's `apps`; `link_wagtails` fills them."""
    return [folder / app for app in apps if app.startswith("wagtail") and _words_of(app)]


def link_wagtails(folders: Iterable[Path]) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for language, words in _words_of(folder.name).items():
            link = folder / language
            if not link.is_symlink() or link.readlink() != words:
                unfinished = folder / f".{language}.{secrets.token_hex(4)}"
                unfinished.symlink_to(words)
                unfinished.replace(link)


def _words_of(app: str) -> dict[str, Path]:
    package = find_spec(app)
    places = package.submodule_search_locations if package else None
    found = {language: Path(places[0]) / "locale" / name for language, name in WAGTAILS_NAMES.items()} if places else {}
    return {language: words for language, words in found.items() if words.is_dir()}
