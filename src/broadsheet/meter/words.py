"""The meter's words: what a publisher may write into them, and how they read once the numbers are in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from string import Formatter

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

# What may stand in braces, for the help beside the fields.
PLACEHOLDERS = {
    "count": _("how many articles the reader has opened"),
    "allowance": _("how many they may open"),
    "articles": _("“article” or “articles”, as the number before it asks"),
    "window": _("“this month”, “this week”, “today” or “in the last 30 days”"),
    "name": _("the publication's name"),
    "short_name": _("the same without the article before it: a loyal Herald reader, not a loyal The Herald reader"),
    "comments": _("“ and post comments” where comments are on, otherwise nothing"),
}
IN_THE_NOTICE = ("count", "allowance", "articles", "window", "name", "short_name")
IN_THE_WALL = (
    "allowance",
    "articles",
    "window",
    "name",
    "short_name",
    "comments",
)  # one page for all: it cannot hold a count
IN_THE_ACCOUNT_WALL = (
    "window",
    "name",
    "short_name",
    "comments",
)  # one page for all classes with an account, whatever their allowance
IN_THE_MEMBERS_WALL = ("name", "short_name", "comments")
IN_A_LABEL = ("name", "short_name")

# The house's words. They are kept in English, and said in the language of the edition by `in_our_language`: so a publication
# that changes its language need not write them anew, and one that wrote its own keeps them.
NOTICE_LINE = gettext_noop("You have read {count} {articles} {window}.")
NOTICE_INVITATION = gettext_noop("Register to receive full access to {name}")
WALL_HEADING = gettext_noop("Thank you. You are a loyal {short_name} Reader.")
WALL_TEXT = gettext_noop(
    "You have read more than {allowance} {articles} {window}."
    " Please register for full access to continue reading{comments}."
)
MEMBERS_HEADING = gettext_noop("This article is for registered readers.")
MEMBERS_TEXT = gettext_noop("Please register for full access to continue reading{comments}.")
ACCOUNT_HEADING = WALL_HEADING
ACCOUNT_TEXT = gettext_noop(
    "You have read as many articles as your account opens {window}. Those stay open; your account says when the count"
    " begins again."
)
BUTTON = gettext_noop("Send me a code")
LOGIN = gettext_noop("Registered already?")


@dataclass(frozen=True)
class Notice:
    """`invitation`: the words of the link to register; none for a reader with an account."""

    line: str
    invitation: str = ""


class UnknownPlaceholder(ValueError):
    """Words that could not be filled; the message says which, and what may be used."""


@dataclass(frozen=True)
class Wall:
    """The words of one wall. `login` stands before the link to log in."""

    heading: str
    text: str
    button: str
    login: str


@deconstructible
class Fillable:
    """Validator: only these placeholders."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = tuple(allowed)

    def __call__(self, text: str) -> None:
        try:
            check_words(text, self.allowed)
        except UnknownPlaceholder as unknown:
            raise ValidationError(str(unknown)) from unknown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fillable) and self.allowed == other.allowed

    def __hash__(self) -> int:
        return hash(self.allowed)


def check_words(text: str, allowed: Collection[str]) -> None:
    """Raise UnknownPlaceholder unless every pair of braces in `text` names one of `allowed`."""
    may = ", ".join(f"{{{name}}}" for name in allowed)
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    except ValueError as wrong:
        raise UnknownPlaceholder(
            gettext("A brace is not closed or not opened. These may be used: %(names)s.") % {"names": may}
        ) from wrong
    for name, spec, conversion in fields:
        if name not in allowed or spec or conversion:
            written = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise UnknownPlaceholder(
                gettext("%(written)s is not known here. These may be used: %(names)s.")
                % {"written": f"{{{written}}}", "names": may}
            )


def in_our_language(text: str, house: str) -> str:
    """What is said for `text`, in the language spoken now: a publisher's own words as they are, the `house`'s translated."""
    return gettext(house) if text == house else text


def as_kept(text: str, house: str) -> str:
    """The reverse, for what comes back from a form: the house's words in the language spoken now are the house's."""
    return house if text in (house, gettext(house)) else text


def and_post_comments() -> str:
    return gettext(" and post comments")


def short_name(name: str) -> str:
    """`name` without a leading article, for use after another one.

    Only an English one: Hebrew's is the first letter of a word like any other, and its sentences keep it.

    >>> short_name("The Broadsheet"), short_name("Theatre Weekly")
    ('Broadsheet', 'Theatre Weekly')
    """
    return re.sub(r"^The\s+(?=\S)", "", name)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with `values` in place of what stands in braces; braces that name none of them stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
