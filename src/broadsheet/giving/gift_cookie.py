"""Which gifts were begun in this browser: a signed cookie, sent to the donation pages only, so that thanks reach who gave."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from broadsheet.config import config
from broadsheet.giving.models import Attempt

NAME = "gift"

_SALT = "broadsheet.giving.gift"
_LASTS = timedelta(days=35)  # a bank transfer may take its time, and a browser that gave is a supporter for as long
_MOST = 4
_BETWEEN = "."  # never in an id


def remember(request: HttpRequest, response: HttpResponse, attempt: Attempt) -> None:
    """The last few: somebody may begin in two tabs."""
    ids = [attempt.pk, *(id_ for id_ in _ids(request) if id_ != attempt.pk)][:_MOST]
    response.set_signed_cookie(
        NAME,
        _BETWEEN.join(ids),
        salt=_SALT,
        max_age=int(_LASTS.total_seconds()),
        path="/donate/",
        httponly=True,
        samesite="Lax",
        secure=config().is_https,
    )


def begun_here(request: HttpRequest, id_: str) -> Attempt | None:
    """The attempt of that id, if this browser began it."""
    return Attempt.objects.select_related("donor").filter(pk=id_).first() if id_ in _ids(request) else None


def _ids(request: HttpRequest) -> list[str]:
    kept = request.get_signed_cookie(NAME, default="", salt=_SALT, max_age=_LASTS)
    return [id_ for id_ in (kept or "").split(_BETWEEN) if id_]
