"""The browser as the meter knows it: by its reader cookie, whether anybody is signed in on it or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest

from broadsheet import clock
from broadsheet.core.meter import Read, ReaderClass
from broadsheet.gate.cookie import open_cookies
from broadsheet.gate.ledger import NO_ACCOUNT, open_ledger, reader_key
from broadsheet.gate.passes import SUPPORTER_NAME, pass_id
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User

_ORDER = list(ReaderClass)


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


def class_of(request: HttpRequest) -> ReaderClass:
    """As the gate sees who asks: the higher of what the account is, and of what was given from this browser."""
    account = reader_class(request.user) if isinstance(request.user, User) else ReaderClass.ANONYMOUS
    return max(account, _given_from(request), key=_ORDER.index)


def _given_from(request: HttpRequest) -> ReaderClass:
    id_ = pass_id(request.COOKIES.get(SUPPORTER_NAME, ""))
    found = open_ledger().pass_of(id_, clock.timestamp()) if id_ is not None else None
    return found.reader if found is not None and found.account == NO_ACCOUNT else ReaderClass.ANONYMOUS
