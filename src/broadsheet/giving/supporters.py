"""Who is a supporter, and until when; the gate knows at once.

An account is one through its entitlement (`readers`); a browser without an account through a cookie given to the one that gave.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.giving.models import Donation, Donor, Frequency, GivingSettings, Kind, Pledge, PledgeState
from broadsheet.readers.entitlements import end_entitlement, entitle
from broadsheet.readers.models import User

SOURCE = "giving"
OF_A_BROWSER = timedelta(days=35)

# What a payment of a pledge that has ended still stands for: its period, and some days as months differ.
_PAID_FOR = {Frequency.MONTHLY: timedelta(days=35), Frequency.YEARLY: timedelta(days=370)}
_LONGEST = timedelta(days=3650)


def refresh(donor: Donor) -> None:
    """Bring the account's entitlement in step with what it gave. Inside the transaction of the change."""
    if donor.account is not None:
        refresh_account(donor.account)


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
    """Those that were not wholly given, or taken, back."""
    returned = Sum(
        "transactions__movements__amount_minor",
        filter=Q(transactions__kind__in=[Kind.REFUND, Kind.DISPUTE]),
        default=0,
    )
    restored = Sum("transactions__movements__amount_minor", filter=Q(transactions__kind=Kind.DISPUTE_WON), default=0)
    return donations.annotate(returned=returned - restored).filter(amount_minor__gt=F("returned"))
