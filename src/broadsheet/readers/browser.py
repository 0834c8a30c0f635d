"""The browser as the meter knows it: by its reader cookie, whether anybody is signed in on it or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest

from broadsheet.core.meter import Read
from broadsheet.gate.cookie import open_cookies
from broadsheet.gate.ledger import reader_key


@dataclass(frozen=True)
class Browser:
    id: bytes
    first: Read  # the article its cookie was made on, which the ledger need not know of

    @property
    def key(self) -> bytes:
        """Its key in the ledger."""
        return reader_key(self.id)


def browser_of(request: HttpRequest) -> Browser | None:
    """None for a browser that has counted nothing, or whose cookie we did not make."""
    cookie = open_cookies().find(request.META.get("HTTP_COOKIE", ""))
    if cookie is None:
        return None
    return Browser(cookie.id, Read(cookie.article, datetime.fromtimestamp(cookie.made, UTC)))
