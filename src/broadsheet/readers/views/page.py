"""An account page: in our dress, never kept by anybody, knowing who asks."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from broadsheet.newsroom.models import Publication, Section
from broadsheet.readers.acts.sign_in import has_proved_lately
from broadsheet.readers.limits import CannotCount, TooMany
from broadsheet.readers.models import User

ARGS = ParamSpec("ARGS")
View = Callable[Concatenate[HttpRequest, ARGS], HttpResponse]

_LONGEST_NEXT = 2000
_NO_PLACE_TO_RETURN = ("/login/", "/register/", "/logout/")


def draw(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
    *,
    folder: str = "account",
) -> HttpResponse:
    publication = Publication.ours()
    house = {"publication": publication, "menu": list(Section.objects.in_order())}
    with timezone.override(publication.time_zone):
        return render(request, f"{folder}/{template}.html", {**house, **(context or {})}, status=status)


class SeeOther(HttpResponseRedirect):
    """What follows a form: the browser fetches the next page with GET, whatever it did before."""

    status_code = 303


def see(path: str, **query: str) -> SeeOther:
    given = {name: value for name, value in query.items() if value}
    return SeeOther(f"{path}?{urlencode(given)}" if given else path)


def local_path(candidate: str | None, otherwise: str = "/account/") -> str:
    """A place on this site, or `otherwise`: nobody is sent elsewhere by a link to our sign-in page."""
    if not candidate or len(candidate) > _LONGEST_NEXT or not candidate.startswith("/"):
        return otherwise
    return candidate if url_has_allowed_host_and_scheme(candidate, allowed_hosts=None) else otherwise


def came_from(request: HttpRequest) -> str | None:
    """The page of ours whose link was followed here: the same notice stands on every story and cannot name it."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    if (
        request.method != "GET"
        or referrer.netloc != request.get_host()
        or referrer.path.startswith(_NO_PLACE_TO_RETURN)
    ):
        return None
    return referrer.path


def account_page(view: View[ARGS]) -> View[ARGS]:
    """Every view of accounts: not cached, its form not logged; a limit met is a page that says when to try again."""

    @never_cache
    @sensitive_post_parameters()
    @wraps(view)
    def answered(request: HttpRequest, *args: ARGS.args, **kwargs: ARGS.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except TooMany as refusal:
            said = {"wait": in_words(refusal.wait), "cannot_count": isinstance(refusal, CannotCount)}
            response = draw(request, "too_many", said, status=503 if said["cannot_count"] else 429)
            response["Retry-After"] = str(max(1, math.ceil(refusal.wait.total_seconds())))
            return response

    return answered


def for_account(view: View[ARGS]) -> View[ARGS]:
    """Only for who is signed in; others sign in first and come back."""

    @account_page
    @wraps(view)
    def answered(request: HttpRequest, *args: ARGS.args, **kwargs: ARGS.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            return see("/login/", next=request.path if request.method == "GET" else "/account/")
        return view(request, *args, **kwargs)

    return answered


def for_owner(view: View[ARGS]) -> View[ARGS]:
    """Only for who proved lately that the account is theirs; others prove it first and come back."""

    @for_account
    @wraps(view)
    def answered(request: HttpRequest, *args: ARGS.args, **kwargs: ARGS.kwargs) -> HttpResponse:
        if not has_proved_lately(request):
            return see("/account/confirm/", next=request.path)
        return view(request, *args, **kwargs)

    return answered


def in_words(wait: timedelta) -> str:
    """Rounded up, as it is read: "in 40 seconds", "in 12 minutes", "in 3 hours"."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    if seconds > 3600:
        hours = math.ceil(seconds / 3600)
        return ngettext("in %(hours)d hour", "in %(hours)d hours", hours) % {"hours": hours}
    if seconds > 60:
        minutes = math.ceil(seconds / 60)
        return ngettext("in %(minutes)d minute", "in %(minutes)d minutes", minutes) % {"minutes": minutes}
    return ngettext("in %(seconds)d second", "in %(seconds)d seconds", seconds) % {"seconds": seconds}
