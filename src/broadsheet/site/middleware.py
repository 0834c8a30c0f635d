"""What stands between the gate and every view: who asks, whether a form may be believed, and the admin's policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from csp.constants import SELF, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

GetResponse = Callable[[HttpRequest], HttpResponse]

# Forms in stored pages carry no token: a stored page is the same for everyone. They are sent to these addresses.
# "stranger": the act asks nothing of a session, so a browser too old to say where a form came from may use it.
# "session": it does; without an Origin or a Sec-Fetch-Site nobody is believed.
TOKENLESS_FORMS: dict[str, Literal["stranger", "session"]] = {
    "/register/": "stranger",  # the wall's form
    "/login/": "stranger",  # the same act under its other name
}


class FromTheGate:
    """Takes over what the gate says of a request. Only the gate reaches this process; it strips what others claim."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if client := request.headers.get("X-Broadsheet-Client"):
            request.META["REMOTE_ADDR"] = client
        # What page is asked for, to be stored: "describe", a verdict class letter, or None for everything else.
        request.page_request = request.headers.get("X-Broadsheet-Page")  # type: ignore[attr-defined]
        return self._get_response(request)


class SameOrigin:
    """Believes a form without a token only if the browser says that it comes from our own pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kind = TOKENLESS_FORMS.get(request.path_info)
        if kind is not None and request.method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
            if not comes_from_us(request, silence_is_fine=kind == "stranger"):
                return render(request, "errors/403.html", {"reason": "foreign form"}, status=403)
            # Set only here, after the check, and not by csrf_exempt on the view: were this middleware ever taken out,
            # Django's own check would refuse these forms, instead of everybody being believed.
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return self._get_response(request)


def comes_from_us(request: HttpRequest, *, silence_is_fine: bool) -> bool:
    """Whether Origin and Sec-Fetch-Site, as far as they were sent, name our own pages."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is None and site is None:
        return silence_is_fine
    if origin is not None and origin.lower() not in _our_origins(request):
        return False
    return site is None or site == "same-origin"


def _our_origins(request: HttpRequest) -> set[str]:
    return {f"{request.scheme}://{request.get_host()}".lower(), *settings.CSRF_TRUSTED_ORIGINS}


class AdminPolicy:
    """Wagtail's admin draws with inline styles and a few inline scripts; this is the narrowest policy it works with."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_update = {  # type: ignore[attr-defined]
                "script-src": [UNSAFE_INLINE],
                "style-src": [UNSAFE_INLINE],
                "frame-src": [SELF],
                "img-src": ["blob:"],
            }
        return response
