"""Join what a browser has read to an account: the union of both, never a sum. The browser keeps its own count."""

from __future__ import annotations

from django.http import HttpRequest

from broadsheet import clock
from broadsheet.gate.ledger import open_ledger
from broadsheet.readers.browser import browser_of
from broadsheet.readers.models import User


def join_reads(request: HttpRequest, user: User) -> None:
    """Doing it again changes nothing."""
    if (browser := browser_of(request)) is not None:
        open_ledger().join(user.pk, browser.id, clock.now(), browser.first)
