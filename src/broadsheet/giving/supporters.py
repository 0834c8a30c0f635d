"""Who is a supporter, and until when; the gate knows at once.

An account is one through its entitlement (`readers`); a browser without an account through a cookie given to the one that gave.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.http import HttpResponse

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.meter import ReaderClass
from broadsheet.gate.ledger import NO_ACCOUNT, open_ledger
from broadsheet.gate.passes import SUPPORTER_NAME, pass_id, pass_text
from broadsheet.gate.store import StoreFailed
from broadsheet.giving.models import (
    Attempt,
    AttemptState,
    Donation,
    Donor,
    Frequency,
    GivingSettings,
    Pledge,
    PledgeState,
)
from broadsheet.readers.entitlements import end_entitlement, entitle
from broadsheet.readers.models import User

log = logging.getLogger(__name__)

SOURCE = "giving"
OF_A_BROWSER = timedelta(days=35)

# What a payment of a pledge that has ended still stands for: its period, and some days as months differ.
_PAID_FOR = {Frequency.MONTHLY: timedelta(days=35), Frequency.YEARLY: timedelta(days=370)}
_LONGEST = timedelta(days=3650)


def refresh(donor: Donor) -> None:
    """Bring the account's entitlement, and the browsers they gave from, in step with what they gave.

    Inside the transaction of the change.
    """
    if donor.account is not None:
        refresh_account(donor.account)
    for attempt in donor.attempts.exclude(pass_text=""):
        if not _stands(attempt):
            drop_browser_pass(attempt)


def refresh_account(account: User) -> None:
    if Pledge.objects.filter(donor__account=account, state__in=[PledgeState.ACTIVE, PledgeState.FAILING]).exists():
        entitle(account, ReaderClass.SUPPORTER, SOURCE, until=None)
        return
    until = supports_until(account)
    if until is not None and until > clock.now():
        entitle(account, ReaderClass.SUPPORTER, SOURCE, until=until)
    else:
        end_entitlement(account, SOURCE)


def supports_until(account: User) -> datetime | None:
    """By what it gave and was not given back; a pledge that goes on is another matter."""
    once = timedelta(days=GivingSettings.ours().once_supports_days)
    gifts = kept(Donation.objects.filter(donor__account=account, paid_at__gt=clock.now() - _LONGEST))
    moments = [
        gift.paid_at + _PAID_FOR.get(Frequency(gift.pledge.frequency) if gift.pledge else Frequency.ONCE, once)
        for gift in gifts.select_related("pledge")
    ]
    return max(moments, default=None)


def kept(donations: QuerySet[Donation]) -> QuerySet[Donation]:
    """Those that were not wholly given, or taken, back: the books have more of them on *gifts* than went the other way."""
    amount, debit, credit = (f"transactions__movements__{name}" for name in ("amount_minor", "debit", "credit"))
    given = Sum(amount, filter=Q(**{f"{credit}__in": books.OURS}), default=0)
    returned = Sum(amount, filter=Q(**{f"{debit}__in": books.OURS}), default=0)
    return donations.annotate(kept=given - returned).filter(kept__gt=0)


# ── browsers without an account


def give_browser_pass(attempt: Attempt, response: HttpResponse) -> bool:
    """Tell the gate that the browser which gets `response` gave, for 35 days from the gift; whether it is a supporter now.

    One attempt has one pass, however often its thanks are asked for. None where nothing arrived, or all of it went back.
    """
    now = clock.now()
    try:
        given = _pass_of(attempt, now)
    except StoreFailed:
        log.exception("A supporter's pass could not be written; the thanks are said all the same.")
        return False
    if given is None:
        return False
    text, until = given
    response.set_cookie(
        SUPPORTER_NAME,
        text,
        max_age=max(1, int((until - now).total_seconds())),
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return True


def drop_browser_pass(attempt: Attempt) -> None:
    """The browser that gave is a stranger from its next request on. Asking twice does no harm.

    Not put off until the transaction commits: a crash then leaves a pass too few, and never one for money that went back.
    """
    if (id_ := pass_id(attempt.pass_text)) is not None:
        open_ledger().drop_pass(id_)
    attempt.pass_text = ""
    attempt.save(update_fields=["pass_text"])


def _pass_of(attempt: Attempt, now: datetime) -> tuple[str, datetime] | None:
    """The text of its pass, made now if it has none, and when that ends."""
    with transaction.atomic():
        held = Attempt.objects.select_for_update().get(pk=attempt.pk)
        until = (held.settled_at or now) + OF_A_BROWSER
        if until <= now or not _stands(held):
            return None
        id_ = pass_id(held.pass_text)
        if id_ is None or open_ledger().pass_of(id_, now.timestamp()) is None:
            held.pass_text = pass_text(open_ledger().give_pass(ReaderClass.SUPPORTER, NO_ACCOUNT, until))
            held.save(update_fields=["pass_text"])
    attempt.pass_text = held.pass_text
    return held.pass_text, until


def _stands(attempt: Attempt) -> bool:
    """Whether what was set out to be given arrived, and not all of it was given, or taken, back."""
    if attempt.state != AttemptState.PAID:
        return False
    gifts = Donation.objects.filter(Q(attempt=attempt) | Q(pledge__attempt=attempt))
    return kept(gifts).exists() or not gifts.exists()
