"""End sessions of an account on other browsers: one, or all but this."""

from __future__ import annotations

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from broadsheet.readers import passes
from broadsheet.readers.models import User


def end_session(user: User, id_: int) -> bool:
    """False for a session that is not theirs, or is over."""
    session = UserSession.objects.filter(user=user, pk=id_).first()
    if session is None:
        return False
    get_adapter().end_sessions([session])
    return True


def end_other_sessions(request: HttpRequest, user: User) -> int:
    """How many ended. Passes whose session we no longer know of end too."""
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    ended = list(others)
    get_adapter().end_sessions(ended)
    passes.drop_others_of(user.pk, request.session)
    return len(ended)


def end_all_sessions(user: User) -> None:
    """For an account that was closed or is about to be deleted."""
    get_adapter().end_sessions(list(UserSession.objects.filter(user=user)))
    passes.drop_all_of(user.pk)
