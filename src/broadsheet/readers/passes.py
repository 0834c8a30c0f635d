"""The pass: how the gate knows who is signed in without asking the session table.

It is written into the ledger and its id kept in the session, so that ending the session ends the pass, on every worker
at once. The session is the truth; where the two disagree the pass is mended.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse

from broadsheet import clock
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.passes import PASS_NAME, pass_id, pass_text
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User

_SESSION_KEY = "pass"
LASTS = timedelta(seconds=settings.SESSION_COOKIE_AGE)


def carry(request: HttpRequest, response: HttpResponse) -> None:
    """Bring ledger, session and cookie in step for whoever is signed in (or not) after this request."""
    carried = request.COOKIES.get(PASS_NAME)
    if isinstance(request.user, User) and request.user.is_active:
        text = pass_text(_valid_pass(request.session, request.user))
        if text != carried:
            _set_cookie(response, text)
    elif carried is not None:
        if (id_ := pass_id(carried)) is not None:
            open_ledger().drop_pass(id_)
        response.delete_cookie(PASS_NAME, samesite="Lax")


def drop_of_session(session: SessionBase) -> None:
    """The session is about to end: so does its pass."""
    if (id_ := pass_id(session.get(_SESSION_KEY, ""))) is not None:
        open_ledger().drop_pass(id_)


def drop_of_session_key(session_key: str) -> None:
    drop_of_session(import_module(settings.SESSION_ENGINE).SessionStore(session_key))


def drop_all_of(account: int) -> None:
    open_ledger().drop_passes_of(account)


def drop_others_of(account: int, session: SessionBase) -> None:
    """End every pass of the account but that of this session."""
    id_ = pass_id(session.get(_SESSION_KEY, ""))
    open_ledger().drop_passes_of(account, keep=() if id_ is None else (id_,))


def reclass(user: User) -> None:
    """The account changed: its passes say so at once, or end if it was closed."""
    if user.is_active:
        open_ledger().reclass(user.pk, reader_class(user))
    else:
        drop_all_of(user.pk)


def _valid_pass(session: SessionBase, user: User) -> bytes:
    """The session's pass as it should be: the one there is, or a new one."""
    ledger, class_, now = open_ledger(), reader_class(user), clock.now()
    id_ = pass_id(session.get(_SESSION_KEY, ""))
    if id_ is not None:
        kept = ledger.pass_of(id_, now.timestamp())
        if (
            kept is not None
            and kept.account == user.pk
            and kept.expires_s - now.timestamp() > LASTS.total_seconds() / 2
        ):
            if kept.reader is not class_:
                ledger.reclass(user.pk, class_)
            return id_
        ledger.drop_pass(id_)
    id_ = ledger.give_pass(class_, user.pk, now + LASTS)
    session[_SESSION_KEY] = pass_text(id_)  # saves the session too, so that both begin their time anew
    return id_


def _set_cookie(response: HttpResponse, text: str) -> None:
    response.set_cookie(
        PASS_NAME,
        text,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
