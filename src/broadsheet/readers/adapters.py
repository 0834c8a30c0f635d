"""What allauth asks of us while it signs somebody in or ends a session. Its own pages and mails are not used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from broadsheet.readers import passes
from broadsheet.readers.models import User
from broadsheet.readers.signals import signed_out


class Accounts(DefaultAccountAdapter):
    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the page a reader comes back to is the article, and it says enough by being open."""

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """`acts.sign_in` sees that nobody is signed in and says so; this answer is never sent."""
        return HttpResponseRedirect("/login/")


class Sessions(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """The pass first: should the rest fail, the gate has already forgotten."""
        for session in sessions:
            passes.drop_of_session_key(session.session_key)
            session.end()
            signed_out.send(sender=User, user_id=session.user_id, session_key=session.session_key)
