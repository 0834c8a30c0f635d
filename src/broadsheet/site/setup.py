"""The four questions of a first start: what the publication is called, its language, its time zone, its first editor.

They are answered by the environment, by `broadsheet setup`, at the terminal, or in the newsroom, whichever comes first.
Imports no Django: the questions are asked before the half minute in which the database is made.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import available_timezones

from broadsheet.config import Config, language_tag, mail_address, publication_name, zone_name
from broadsheet.site.catalogues import LANGUAGES


@dataclass(frozen=True)
class Answers:
    """Empty: not answered."""

    name: str = ""
    language: str = ""
    zone: str = ""
    editor: str = ""

    @classmethod
    def from_settings(cls, config: Config) -> Answers:
        return cls(config.name, config.language, config.zone, config.editor)

    @property
    def names_a_publication(self) -> bool:
        return bool(self.name or self.language or self.zone)


def checked(name: str = "", language: str = "", zone: str = "", editor: str = "") -> Answers:
    """Raises ValueError with a line for each answer that cannot be used."""
    given = {"name": name, "language": language, "zone": zone, "editor": editor}
    faults = []
    for field, check in _CHECKS.items():
        try:
            given[field] = check(given[field].strip())
        except ValueError as wrong:
            faults.append(f"{field} {given[field]!r}: {wrong}")
    if faults:
        raise ValueError("\n".join(faults))
    return Answers(**given)


def is_interactive() -> bool:
    """Whether somebody sits there to be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask(defaults: Answers, read: Callable[[str], str] = input, say: Callable[[str], None] = print) -> Answers:
    """Ask for all four; Enter takes what stands in brackets. Whoever closes the input (Ctrl-D) takes the rest as it is."""
    say("\n  Four questions. Enter takes what stands in brackets; all of it can be changed later in the newsroom.\n")
    answers = defaults
    for field, question in _QUESTIONS.items():
        try:
            answers = replace(answers, **{field: _answer(field, question, getattr(answers, field), read, say)})
        except EOFError:
            say("")
            break
    return answers


def guesses(editor: str) -> Answers:
    """What this machine makes likely."""
    language = os.environ.get("LANG", "").partition(".")[0].replace("_", "-").partition("-")[0].lower()
    is_language = len(language) == 2 and language.isalpha()  # not C, not POSIX
    return Answers("The Broadsheet", language if is_language else "en", _zone_here(), editor)


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": publication_name,
    "language": language_tag,
    "zone": zone_name,
    "editor": mail_address,
}
_QUESTIONS = {
    "name": "Name of the publication",
    "language": f"Language of its articles ({', '.join(' '.join(one) for one in LANGUAGES)}; for any other, as de or"
    " pt-BR, the interface speaks English)",
    "zone": "Time zone",
    "editor": "Mail address of the first editor",
}


def _answer(field: str, question: str, default: str, read: Callable[[str], str], say: Callable[[str], None]) -> str:
    while True:
        typed = read(f"  {question} [{default}]: ").strip() or default
        try:
            return _CHECKS[field](typed)
        except ValueError as wrong:
            say(f"    {typed!r} cannot be used: {wrong}.{_nearly(typed) if field == 'zone' else ''}")


def _nearly(typed: str) -> str:
    """Zones that were perhaps meant: who types “Berlin” means Europe/Berlin."""
    wanted = typed.lower().replace(" ", "_")
    close = sorted(zone for zone in available_timezones() if len(wanted) > 2 and wanted in zone.lower())[:3]
    return f" Perhaps {' or '.join(close)}?" if close else ""


def _zone_here() -> str:
    try:
        here = os.environ.get("TZ") or "/".join(Path("/etc/localtime").readlink().parts[-2:])
    except OSError:
        return "UTC"
    return next((zone for zone in (here, here.rpartition("/")[2]) if zone in available_timezones()), "UTC")
