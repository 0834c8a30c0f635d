"""Tables for spreadsheets (CSV): text that stays text."""

from __future__ import annotations

BYTE_ORDER_MARK = "\ufeff"  # at the beginning of the file: spreadsheets take it for something else without

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """A spreadsheet calculates what begins like a formula, also behind spaces, and in the wide letters of East Asia.

    >>> harmless("=1+1"), harmless(" @x"), harmless("Ann")
    ("'=1+1", "' @x", 'Ann')
    """
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n")) else text
