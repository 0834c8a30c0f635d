"""What an account gives and gave: all of it in one place, each change one step."""

from __future__ import annotations

import calendar
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from broadsheet import clock
from broadsheet.giving import supporters
from broadsheet.giving.acts.cancel_own_pledge import cancel_own_pledge
from broadsheet.giving.acts.change_pledge import change_pledge
from broadsheet.giving.acts.pause_pledge import pause_pledge
from broadsheet.giving.acts.repair import repair
from broadsheet.giving.acts.resume_pledge import resume_pledge
from broadsheet.giving.amounts import written
from broadsheet.giving.forms import read_amount
from broadsheet.giving.limits import CHANGES
from broadsheet.giving.models import Attempt, AttemptState, Donor, GivingSettings, Pledge, PledgeState
from broadsheet.giving.offer import offered
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import Abilities, Declined, ProviderFault
from broadsheet.giving.statements import statement_of, years_of
from broadsheet.giving.views.page import draw, lead_to
from broadsheet.newsroom.models import Publication
from broadsheet.readers import limits
from broadsheet.readers.limits import TooMany
from broadsheet.readers.models import User
from broadsheet.readers.views.page import SeeOther, for_account, see

log = logging.getLogger(__name__)

HERE = "/account/giving/"
PAUSES = (1, 3, 6)  # months


@dataclass(frozen=True)
class Shown:
    """A pledge, and what may be done with it. `typed`: an amount that was refused, and why in `fault`."""

    pledge: Pledge
    can: Abilities
    typed: str = ""
    fault: str = ""


@require_safe
@for_account
def giving(request: HttpRequest) -> HttpResponse:
    _look_at_repaired(request)
    return _show(request)


def _show(request: HttpRequest, refused: Shown | None = None) -> HttpResponse:
    user = _user(request)
    pledges = [
        refused if refused and refused.pledge == pledge else Shown(pledge, provider_named(pledge.provider).abilities)
        for pledge in _pledges(user).select_related("donor").order_by("started_at")
    ]
    donors = list(Donor.objects.filter(account=user))
    context = {
        "going_on": [shown for shown in pledges if shown.pledge.state != PledgeState.ENDED],
        "ended": [shown.pledge for shown in pledges if shown.pledge.state == PledgeState.ENDED],
        "awaited": list(
            Attempt.objects.filter(Q(account=user) | Q(email=user.email), state=AttemptState.AWAITED).order_by(
                "begun_at"
            )
        ),
        "years": [statement_of(donors, year) for year in years_of(donors)],
        "supports_until": supporters.supports_until(user),
        "pauses": PAUSES,
        "can_give": offered().is_open,
    }
    return lead_to(draw(request, "account", context), {site for shown in pledges for site in shown.can.sites})


# ── one step each

Change = Callable[[HttpRequest, Pledge], HttpResponse]


def _of_own_pledge(change: Change) -> Callable[[HttpRequest, int], HttpResponse]:
    """Of the account's own, and one that goes on; what the provider refuses is said, and nothing is lost."""

    @require_POST
    @for_account
    @wraps(change)
    def answered(request: HttpRequest, number: int) -> HttpResponse:
        user = _user(request)
        pledge = _pledges(user).select_related("donor").filter(pk=number).first()
        if pledge is None:
            raise Http404
        if pledge.state == PledgeState.ENDED:
            messages.info(request, _("That gift has ended already: nothing more is taken."))
            return see(HERE)
        limits.take(CHANGES, request, str(user.pk))
        try:
            return change(request, pledge)
        except Declined as fault:
            log.warning("%s declined a change of a pledge: %s", pledge.provider, fault)
            messages.error(request, _("The payment service does not do that. Nothing was changed; please write to us."))
        except ProviderFault as fault:
            log.warning("%s could not be asked for a change of a pledge: %s", pledge.provider, fault)
            messages.error(
                request,
                _("The payment service does not answer just now, so that nothing was changed. Please try again."),
            )
        return see(HERE)

    return answered


@_of_own_pledge
def amount(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    typed = request.POST.get("amount", "")[:40]
    try:
        changed = read_amount(typed, _in_its_currency(pledge))
    except ValidationError as fault:
        return _show(request, Shown(pledge, provider_named(pledge.provider).abilities, typed, str(fault.message)))
    change_pledge(pledge, changed, _user(request))
    messages.success(request, _("Thank you. From the next payment on, you give %(sum)s.") % {"sum": written(changed)})
    return see(HERE)


@_of_own_pledge
def pause(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    chosen = request.POST.get("months", "")
    until = _in_months(clock.now(), int(chosen)) if chosen in map(str, PAUSES) else None
    pause_pledge(pledge, until)
    if until is None:
        messages.success(request, _("Paused. Nothing is taken until you resume it here."))
    else:
        messages.success(request, _("Paused. Nothing is taken until %(day)s.") % {"day": _day(until)})
    return see(HERE)


@_of_own_pledge
def resume(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    resume_pledge(pledge)
    messages.success(request, _("Resumed. Thank you."))
    return see(HERE)


@_of_own_pledge
def repair_payment(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    return lead_to(SeeOther(repair(pledge)), provider_named(pledge.provider).abilities.sites)


@_of_own_pledge
def cancel(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    is_confirmed = cancel_own_pledge(pledge)
    said = [
        _("Your gift has ended, and nothing more is taken.")
        if is_confirmed
        else _("The payment service was told to end your gift, and confirms it in a moment.")
    ]
    since = _day(pledge.started_at)
    said.append(_("Thank you for all that you have given since %(day)s: it was put to work.") % {"day": since})
    until = supporters.supports_until(_user(request))
    if until is not None and until > clock.now():
        said.append(_("You remain a supporter until %(day)s.") % {"day": _day(until)})
    messages.success(request, " ".join(said))
    return see(HERE)


# ──


def _look_at_repaired(request: HttpRequest) -> None:
    """Back from the provider's page, the reader is to see what came of it, though the event may come later."""
    number = request.GET.get("repaired", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return
    pledge = _pledges(_user(request)).filter(pk=int(number)).first()
    try:
        if pledge is not None:
            limits.take(CHANGES, request, str(_user(request).pk))
            read_back(pledge)
    except TooMany:
        pass


def _pledges(user: User) -> QuerySet[Pledge]:
    return Pledge.objects.filter(donor__account=user)


def _in_its_currency(pledge: Pledge) -> GivingSettings:
    """The house's bounds; a pledge made in another currency than ours is now has its own."""
    settings = GivingSettings.ours()
    settings.currency = pledge.currency
    return settings


def _in_months(now: datetime, months: int) -> datetime:
    """The same day of that month, or its last.

    >>> _in_months(datetime(2026, 11, 30), 3)
    datetime.datetime(2027, 2, 28, 0, 0)
    """
    years, month = divmod(now.month - 1 + months, 12)
    year = now.year + years
    return now.replace(year=year, month=month + 1, day=min(now.day, calendar.monthrange(year, month + 1)[1]))


def _day(moment: datetime) -> str:
    return date_format(localtime(moment, Publication.ours().time_zone))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
