"""Thank the browser that gave: the gate knows it for a supporter's from its next request on, without an account."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from broadsheet.giving import gift_cookie
from broadsheet.giving.models import Attempt
from broadsheet.giving.supporters import give_browser_pass
from broadsheet.readers.models import User


def thank_browser(request: HttpRequest, attempt: Attempt, response: HttpResponse) -> None:
    """Only the browser that began the gift. Who is signed in is a supporter by account, in every browser."""
    if isinstance(request.user, User) or gift_cookie.begun_here(request, attempt.pk) is None:
        return
    give_browser_pass(attempt, response)
