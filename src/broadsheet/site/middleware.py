"""What stands between the gate and every view: who asks, whether a form may be believed, and the admin's policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Literal

from csp.constants import NONCE, SELF, UNSAFE_INLINE
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

# Forms in stored pages carry no token: a stored page is the same for everyone. They are sent to these addresses.
# "stranger": the act asks nothing of a session, so a browser too old to say where a form came from may use it.
# "session": it does; without an Origin or a Sec-Fetch-Site nobody is believed.
TOKENLESS_FORMS: dict[str, Literal["stranger", "session"]] = {
    "/register/": "stranger",  # the wall's form
    "/login/": "stranger",  # the same act under its other name
    "/appeals/close/": "stranger",
    "/donate/": "stranger",  # a page without a session; what it begins is paid, or not, at the provider's
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
                raise PermissionDenied("a form from elsewhere")
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
    """The policy of Wagtail's admin: as narrow as the public one, but for its previews and what follows.

    Wagtail starts pickers and rows of a form with small inline scripts. Each that has one of the shapes we know, its
    data being JSON and nothing else, is given the nonce of this answer; all others stay refused, whoever wrote them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if not request.path_info.startswith("/admin/"):
            return response
        allowed: dict[str, list[object]] = {**_ADMIN_SOURCES}
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            nonce = LazyNonce(request)
            response.content = INLINE_SCRIPT.sub(nonce.given_to_known, response.content)
            if nonce.was_given:
                allowed["script-src"] = [NONCE]
            if _RICH_TEXT in response.content:
                allowed["style-src-elem"] = [SELF, UNSAFE_INLINE]
        response._csp_update = allowed  # type: ignore[attr-defined]
        return response


_ADMIN_SOURCES: dict[str, list[object]] = {
    "frame-src": [SELF],
    "img-src": ["blob:"],
}  # the preview beside the editor; pictures being uploaded

# The rich text editor writes <style> elements for its placeholder and deep lists, with names drawn by lot.
_RICH_TEXT = b"wagtailadmin/js/draftail"

INLINE_SCRIPT = re.compile(rb"<script>([^<]*)</script>")

# {args} is what stands between the brackets: JSON values, separated by commas.
_KNOWN_SHAPES = [
    re.compile(rb"\s*init(?:Date|Time|DateTime)Chooser\((?P<args>.*)\);?\s*", re.DOTALL),
    re.compile(rb"\s*new [A-Z]\w*Chooser\((?P<args>.*)\);?\s*", re.DOTALL),
    re.compile(
        rb"\s*\(function\(\) \{\s*var panel = new (?:InlinePanel|MultipleChooserPanel)\(JSON\.parse\((?P<args>.*)\)\);"
        rb"\s*\}\)\(\);\s*",
        re.DOTALL,
    ),
]


class LazyNonce:
    """The nonce of one answer, made when the first script is found that may have it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.was_given = False

    def given_to_known(self, script: re.Match[bytes]) -> bytes:
        if not _is_known(script[1]):
            return script[0]
        self.was_given = True
        nonce = str(self._request.csp_nonce)  # type: ignore[attr-defined]
        return b'<script nonce="%s">%s</script>' % (nonce.encode(), script[1])


def _is_known(code: bytes) -> bool:
    for shape in _KNOWN_SHAPES:
        if (found := shape.fullmatch(code)) is not None:
            try:
                json.loads(b"[%s]" % found["args"])
            except ValueError:
                return False
            return True
    return False
