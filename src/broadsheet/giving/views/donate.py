"""Where readers give. Who is not signed in gets no session here; the one cookie names the gift that was begun."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from broadsheet.giving import gift_cookie, words
from broadsheet.giving.acts.begin_gift import Gift, NotBegun, begin_gift
from broadsheet.giving.forms import DonationForm, as_before, prefilled
from broadsheet.giving.limits import GIFTS, GIFTS_OF_AN_ADDRESS
from broadsheet.giving.models import Attempt
from broadsheet.giving.offer import Offer, offered
from broadsheet.giving.source import Source, source_of
from broadsheet.giving.views.page import draw, lead_to
from broadsheet.newsroom.models import Publication
from broadsheet.readers import limits
from broadsheet.readers.limits import TooMany
from broadsheet.readers.models import User
from broadsheet.readers.views.page import SeeOther, account_page, in_words

_A_MINUTE = timedelta(minutes=1)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def donate(request: HttpRequest) -> HttpResponse:
    offer = offered()
    if not offer.is_open:
        return draw(request, "closed")
    if request.method == "POST":
        return _give(request, offer)
    before = gift_cookie.begun_here(request, request.GET.get("again", ""))
    if before is not None:
        return form_as_before(request, offer, before)
    form = DonationForm(initial=prefilled(offer, request.GET), offer=offer, giver=giver_of(request))
    return show_form(request, form, source_of(request.GET))


def _give(request: HttpRequest, offer: Offer) -> HttpResponse:
    giver, source = giver_of(request), source_of(request.POST)
    form = DonationForm(request.POST, offer=offer, giver=giver)
    if not form.is_valid():
        return show_form(request, form, source)
    try:
        address = form.cleaned_data["email"]
        limits.take(GIFTS_OF_AN_ADDRESS if address else GIFTS, request, address)
        attempt, url = begin_gift(_gift(form, source), form.cleaned_data["provider"], giver)
    except TooMany as refusal:
        form.add_error(None, _not_now(refusal))
        return _try_again_in(refusal.wait, show_form(request, form, source, status=429))
    except NotBegun as fault:
        form.add_error(None, _no_page(again=fault.again))
        if not fault.again:
            return show_form(request, form, source)
        return _try_again_in(_A_MINUTE, show_form(request, form, source, status=503))
    response = lead_to(SeeOther(url), offer.sites)
    gift_cookie.remember(request, response, attempt)
    return response


def _gift(form: DonationForm, source: Source) -> Gift:
    said, terms = form.cleaned_data, form.settings.fee_terms
    covers = said["cover"] and form.can_cover_fees and said["provider"].name != "manual"  # a transfer costs nothing
    return Gift(
        gift=said["gift"],
        paid=terms.covering(said["gift"]) if covers else said["gift"],
        frequency=said["frequency"],
        email=said["email"],
        name=said["name"],
        is_named=said["is_named"],
        message=said["message"],
        source=source,
    )


def form_as_before(request: HttpRequest, offer: Offer, attempt: Attempt, *, note: str = "") -> HttpResponse:
    """The form as it was filled in for an attempt of this browser."""
    form = DonationForm(initial=as_before(offer, attempt), offer=offer, giver=giver_of(request))
    source = Source(attempt.place, attempt.appeal_id, attempt.article_id, attempt.newsletter)
    return show_form(request, form, source, note=note)


def show_form(
    request: HttpRequest, form: DonationForm, source: Source, *, note: str = "", status: int = 200
) -> HttpResponse:
    settings, name = form.settings, Publication.ours().name
    context: dict[str, Any] = {
        "form": form,
        "heading": words.said(settings.page_heading, name),
        "text": words.said(settings.page_text, name),
        "note": note,
        "source": _said(asdict(source)),
        "settings": settings,
        "fee_percent": _percent(settings.fee_basis_points),
    }
    return lead_to(draw(request, "donate", context, status), form.offer.sites)


def giver_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _said(source: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in source.items() if value not in ("", None)}


def _percent(basis_points: int) -> str:
    """
    >>> _percent(150), _percent(200), _percent(5)
    ('1.5', '2', '0.05')
    """
    return f"{basis_points // 100}.{basis_points % 100:02d}".rstrip("0").rstrip(".")


def _not_now(refusal: TooMany) -> str:
    return _("Gifts were begun here more often than we allow. Nothing was charged; please try again %(wait)s.") % {
        "wait": in_words(refusal.wait)
    }


def _no_page(*, again: bool) -> str:
    if again:
        return _(
            "The payment service does not answer just now. Nothing was charged, and what you filled in is still here:"
            " please try again in a minute."
        )
    return _(
        "The payment service does not take this gift. Nothing was charged; please try another amount or way to pay."
    )


def _try_again_in(wait: timedelta, response: HttpResponse) -> HttpResponse:
    response["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
    return response
