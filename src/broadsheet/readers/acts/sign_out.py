"""Sign out of this browser: the gate forgets at once; the browser's own count of articles stays its own."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest

from broadsheet.readers import passes
from broadsheet.readers.models import User
from broadsheet.readers.signals import signed_out


def sign_out(request: HttpRequest) -> None:
    if not isinstance(request.user, User):
        return
    user_id, session_key = request.user.pk, request.session.session_key or ""
    passes.drop_of_session(request.session)
    logout(request)
    signed_out.send(sender=User, user_id=user_id, session_key=session_key)
