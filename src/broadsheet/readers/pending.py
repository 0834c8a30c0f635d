"""The code a browser waits for: kept in its session, so that no other browser can use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest

from broadsheet.readers.models import Purpose, SentCode

_KEY = "code"
_STRANGERS_SESSION = timedelta(hours=2)


@dataclass(frozen=True)
class Pending:
    code: SentCode
    next: str  # where to go once it is proved; a path of ours


def keep(request: HttpRequest, code: SentCode, next_path: str) -> None:
    """One at a time: a browser that asks for another code forgets the one before."""
    if not request.user.is_authenticated:
        begin_strangers_session(request)
    request.session[_KEY] = {"id": code.id, "next": next_path}


def begin_strangers_session(request: HttpRequest) -> None:
    """A session of half a year is for who signs in."""
    request.session.set_expiry(_STRANGERS_SESSION)


def find(request: HttpRequest, purpose: Purpose) -> Pending | None:
    """What this browser waits for, if it asked for this purpose; the code may have expired."""
    kept = request.session.get(_KEY)
    if not kept:
        return None
    code = SentCode.objects.filter(id=kept["id"], purpose=purpose).first()
    return None if code is None else Pending(code, kept["next"])


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)
