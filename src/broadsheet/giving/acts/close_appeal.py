"""Close an appeal: this browser is not asked again for a day. The gate and the account page look at the cookie."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from broadsheet.gate.appeals import APPEAL_NAME, CLOSED, is_closed

FOR = timedelta(days=1)


def close_appeal(response: HttpResponse) -> None:
    """Nothing is written here: that somebody did not want to be asked is nobody else's business."""
    response.set_cookie(
        APPEAL_NAME,
        CLOSED,
        max_age=int(FOR.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def has_closed_appeal(request: HttpRequest) -> bool:
    return is_closed(request.META.get("HTTP_COOKIE", ""))
