"""Back from the provider: thanks, a moment's patience, or what to do next. Told only to who gave."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from broadsheet import clock
from broadsheet.config import config
from broadsheet.giving import gift_cookie, words
from broadsheet.giving.acts.thank_browser import thank_browser
from broadsheet.giving.events import look_and_post
from broadsheet.giving.limits import LOOKS
from broadsheet.giving.models import Attempt, AttemptState, GivingSettings, Pledge
from broadsheet.giving.offer import offered
from broadsheet.giving.providers import PRETENDED
from broadsheet.giving.providers.interface import ProviderFault
from broadsheet.giving.receipts import standing_receipt
from broadsheet.giving.supporters import kept
from broadsheet.giving.views.donate import form_as_before, giver_of
from broadsheet.giving.views.page import draw
from broadsheet.newsroom.models import Publication
from broadsheet.readers import limits
from broadsheet.readers.limits import TooMany
from broadsheet.readers.views.page import account_page, see

log = logging.getLogger(__name__)


@require_safe
@account_page
def thanks(request: HttpRequest, attempt: str) -> HttpResponse:
    found = _of_who_gave(request, attempt)
    if found is None:
        return draw(request, "not_yours")
    if found.state == AttemptState.AWAITED:
        return see(f"/donate/transfer/{found.pk}/")
    _ask_provider(request, found)
    if found.state == AttemptState.PAID:
        return _thanks(request, found)
    if found.state in (AttemptState.FAILED, AttemptState.EXPIRED) or not found.provider_ref:
        return _what_next(request, found)
    return _waiting(request, found)


def _of_who_gave(request: HttpRequest, id_: str) -> Attempt | None:
    """By the browser's cookie; or by account, whatever the browser."""
    found = gift_cookie.begun_here(request, id_)
    giver = giver_of(request)
    if found is None and giver is not None:
        found = Attempt.objects.select_related("donor").filter(pk=id_, account=giver).first()
    return found


def _ask_provider(request: HttpRequest, attempt: Attempt) -> None:
    """Thanks come at once, though the event may come late. Whatever goes wrong here, the event makes good."""
    if attempt.state == AttemptState.PAID or not attempt.provider_ref:
        return
    try:
        limits.take(LOOKS, request, attempt.pk)
        look_and_post(attempt.provider, attempt.provider_ref)
    except TooMany:
        pass
    except ProviderFault as fault:
        log.warning("%s could not be asked about a gift: %s", attempt.provider, fault)
    except Exception:
        log.exception("What %s said of a gift could not be posted.", attempt.provider)
    attempt.refresh_from_db()


def _thanks(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    settings, house = GivingSettings.ours(), Publication.ours()
    donation = attempt.donations.order_by("paid_at").first()
    donor = donation.donor if donation else attempt.donor
    response = draw(
        request,
        "thanks",
        {
            "heading": words.said(settings.thanks_heading, house.name),
            "text": words.said(settings.thanks_text, house.name),
            "attempt": attempt,
            "is_pretended": attempt.provider == PRETENDED,
            "donation": donation,
            "is_kept": donation is None or kept(attempt.donations.all()).exists(),
            "pledge": Pledge.objects.filter(attempt=attempt).first(),
            "receipt": standing_receipt(donation) if donation else None,
            "email": (donor.email if donor else "") or attempt.email,
            "share_url": config().base_url + "/",
            "share_words": _("I support %(name)s") % {"name": house.name},
        },
    )
    thank_browser(request, attempt, response)
    return response


def _what_next(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """The form again, filled in, with a word of what happened."""
    offer = offered()
    if not offer.is_open:
        return draw(request, "closed")
    if attempt.state == AttemptState.FAILED:
        note = _("The payment did not go through, and nothing was taken. Another card or another way to pay may work.")
    else:
        note = _("Nothing was paid yet, and nothing was taken. Here is what you chose.")
    return form_as_before(request, offer, attempt, note=note)


def _waiting(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """Loads itself again for as long as it is likely to help; after that a mail brings the news."""
    age = clock.now() - attempt.begun_at
    response = draw(
        request,
        "waiting",
        {"attempt": attempt, "is_pretended": attempt.provider == PRETENDED, "looks_again": age < _PATIENCE},
    )
    if age < _PATIENCE:
        response["Refresh"] = str(_SOON_S if age < _JUST_NOW else _LATER_S)
    return response


_JUST_NOW, _PATIENCE = timedelta(minutes=3), timedelta(hours=1)
_SOON_S, _LATER_S = 4, 30
