"""Give a gift back, or a part of it. What the provider then says is posted as everything else it says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from wagtail.models import ModelLogEntry

from broadsheet.core.money import Money, nothing
from broadsheet.giving.events import look_and_post
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Donation
from broadsheet.giving.posting import MONEY
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import ProviderFault
from broadsheet.giving.statements import kept_of
from broadsheet.readers.models import User
from broadsheet.staff.trail import record

log = logging.getLogger(__name__)


class NotRefundable(ValueError):
    """More than is left of it, or nothing is."""


@dataclass(frozen=True)
class Refunded:
    """`is_posted`: whether it stands in the books yet. If not, the provider has taken the order, and tells us later."""

    amount: Money
    is_posted: bool


def refund(donation: Donation, amount: Money, *, key: str, by: User, reason: str) -> Refunded:
    """Asked twice under one `key`, it is done once. Raises NotRefundable and ProviderFault: then nothing was written."""
    with _alone(donation):
        is_repeated = _was_ordered(donation, key)
        if not is_repeated:
            _check(donation, amount)
        ref = provider_named(donation.provider).refund(donation, amount, key=key)
        if not is_repeated:
            about = {"amount": str(amount), "donor": donation.donor_id, "key": key}
            record("giving.refunded", donation, by=by, reason=reason, **about)
        return Refunded(amount, _post(donation, ref) or is_repeated)


def left_of(donation: Donation) -> Money:
    """What was neither given back nor taken back. A bank may take more than was given, when its rate has changed."""
    return max(kept_of(donation), nothing(donation.currency))


@contextmanager
def _alone(donation: Donation) -> Iterator[None]:
    """By hand, nobody but us sees that two give back the same gift at once. A provider does, and may take long to answer."""
    if donation.provider != "manual":
        yield
        return
    with transaction.atomic(), one_at_a_time(MONEY):
        yield


def _check(donation: Donation, amount: Money) -> None:
    if not nothing(amount.currency) < amount <= left_of(donation):
        raise NotRefundable(f"{amount} of {donation} cannot be given back")


def _was_ordered(donation: Donation, key: str) -> bool:
    entries = ModelLogEntry.objects.for_instance(donation).filter(action="giving.refunded")
    return any(entry.data.get("key") == key for entry in entries)


def _post(donation: Donation, ref: str) -> bool:
    """The order was taken. Whatever comes in between now, the provider's own event or the reconciliation posts it."""
    try:
        return bool(look_and_post(donation.provider, ref).transactions)
    except ProviderFault as fault:
        log.warning("A refund of %s was ordered and not read back yet: %s", donation.provider, fault)
        return False
