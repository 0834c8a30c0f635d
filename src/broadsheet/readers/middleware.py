"""Keeps the browser's pass in step with its session, and notes when a session was last seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from broadsheet import clock
from broadsheet.gate.passes import PASS_NAME
from broadsheet.readers import passes
from broadsheet.readers.models import User

_SEEN_AGAIN_AFTER = timedelta(minutes=10)  # a write for every request would be a write for every key an editor presses


class CarryPass:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "page_request", None):
            return self._get_response(request)  # a page to be stored: it must not know who asks
        response = self._get_response(request)
        if _knows_us(request):
            passes.carry(request, response)
            _note_seen(request)
        return response


def _knows_us(request: HttpRequest) -> bool:
    """Whether there can be anything to mend; others cost no look at the session."""
    signed_in_now = request.session.accessed and isinstance(request.user, User)
    return signed_in_now or settings.SESSION_COOKIE_NAME in request.COOKIES or PASS_NAME in request.COOKIES


def _note_seen(request: HttpRequest) -> None:
    if not isinstance(request.user, User) or request.session.session_key is None:
        return
    now = clock.now()
    seen = UserSession.objects.filter(session_key=request.session.session_key).values_list("last_seen_at", flat=True)
    last = seen.first()
    if last is None:
        UserSession.objects.create_from_request(request)
    elif now - last >= _SEEN_AGAIN_AFTER:
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)
