"""The house's words for asking and thanking. Kept in English, said in the language of the edition until a publisher writes
others (as the meter's words are: `meter/words.py`)."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from broadsheet.meter.words import Fillable, as_kept, fill, in_our_language

HEADING = gettext_noop("Just before you scroll on…")
TEXT = gettext_noop(
    "{name} is paid for by its readers. That is how we can report without fear or favour, and keep what we find open to"
    " everybody.\n\nEvery contribution, big or small, helps. If you can, please consider giving every month: it takes a minute."
)
BUTTON = gettext_noop("Support us")
PAGE_HEADING = gettext_noop("Support {name}")
PAGE_TEXT = gettext_noop(
    "Readers pay for our journalism, so that nobody else decides what we report. Every contribution, big or small, helps."
)
THANKS_HEADING = gettext_noop("Thank you.")
THANKS_TEXT = gettext_noop(
    "Your gift pays for reporting that belongs to its readers. It means a great deal to all of us."
)

HOUSE = (HEADING, TEXT, BUTTON, PAGE_HEADING, PAGE_TEXT, THANKS_HEADING, THANKS_TEXT)

may_hold_the_name = Fillable(("name",))


def said(written: str, name: str | None = None) -> str:
    """In the language that is spoken now; with the publication's name filled in, if it is given."""
    house = written if written in HOUSE else ""
    text = in_our_language(written, house)
    return text if name is None else fill(text, {"name": name})


def kept(typed: str) -> str:
    """The reverse, for what comes back from a form in the language spoken now: the house's words are kept as the house's."""
    plain = typed.replace("\r\n", "\n").strip()
    return next((house for house in HOUSE if as_kept(plain, house) == house), plain)
