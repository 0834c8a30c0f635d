"""Money given back by hand, in our words. There is no other place to read it from, so its name says all of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from broadsheet.core.money import Money
from broadsheet.giving.models import Donation
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment, SeenRefund

_REFUND = re.compile(r"refund (?P<key>.+) of (?P<minor>\d+) from (?P<donation>\d+) at (?P<at>\d+)")


def refund_ref(donation: Donation, amount: Money, at: datetime, key: str) -> str:
    return f"refund {key} of {amount.amount_minor} from {donation.pk} at {int(at.timestamp())}"


def refunded(ref: str) -> Seen:
    """The payment with that refund; nothing where `ref` is not one of ours."""
    found = _REFUND.fullmatch(ref)
    donation = Donation.objects.filter(provider="manual", pk=found["donation"]).first() if found else None
    if found is None or donation is None:
        return Seen()
    back = SeenRefund(
        f"refund {found['key']}",
        Money(int(found["minor"]), donation.currency),
        datetime.fromtimestamp(int(found["at"]), UTC),
    )
    return Seen(
        payments=(SeenPayment(donation.provider_ref, donation.amount, donation.paid_at, Giver(), refunds=(back,)),)
    )
