"""Nobody sees the newsroom's admin without a second factor, where the installation requires one."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from broadsheet.config import config
from broadsheet.readers.models import User
from broadsheet.readers.second_factor import has_second_factor
from broadsheet.readers.views.page import see
from broadsheet.staff.roles import is_staff

# Doors that only lead elsewhere, or out
_OPEN = ("/admin/login/", "/admin/logout/", "/admin/password_reset/")


class AskForSecondFactor:
    """Who has one gave it at sign-in: setting one up ends every session that was opened without it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/admin/") and request.path_info not in _OPEN and _lacks_factor(request):
            return see("/account/second-factor/", next=request.path if request.method == "GET" else "/admin/")
        return self._get_response(request)


def _lacks_factor(request: HttpRequest) -> bool:
    user = request.user
    return (
        config().staff_second_factor == "required"
        and isinstance(user, User)
        and is_staff(user)
        and not has_second_factor(user)
    )
