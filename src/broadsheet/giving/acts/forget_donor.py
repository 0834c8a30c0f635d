"""Forget who gave: pledges are ended first, then the donor is a number. What they gave stays in the books.

Receipts keep the name as long as the law wants it (`receipts.forget_names`), and the payment provider keeps what it must by
rules of its own; by its number for the donor we keep nothing that names anybody.
"""

from __future__ import annotations

import logging

from django.db import transaction

from broadsheet import clock
from broadsheet.giving.acts.cancel_own_pledge import cancel_own_pledge
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Attempt, Donation, Donor, GivingLetter, Pledge, PledgeState
from broadsheet.giving.posting import MONEY
from broadsheet.giving.providers.interface import ProviderFault
from broadsheet.giving.supporters import drop_browser_pass

log = logging.getLogger(__name__)


class StillPromised(Exception):
    """A pledge goes on: its provider could not be asked to end it. Nothing was forgotten."""


def end_pledges(donors: list[Donor]) -> None:
    """Ask the providers, before anything is forgotten and outside of any transaction. Raises StillPromised."""
    for pledge in going_on(donors):
        try:
            ended = cancel_own_pledge(pledge)
        except ProviderFault as fault:
            log.warning("A pledge could not be ended before an erasure: %s", fault)
            raise StillPromised from fault
        if not ended:
            raise StillPromised


def going_on(donors: list[Donor]) -> list[Pledge]:
    """On which money may still be taken."""
    return list(Pledge.objects.filter(donor__in=donors).exclude(state=PledgeState.ENDED).order_by("pk"))


def forget_donors(donors: list[Donor]) -> None:
    """In one transaction with whatever else is erased. Raises StillPromised, should a pledge have begun in between."""
    with transaction.atomic(), one_at_a_time(MONEY):
        if going_on(donors):
            raise StillPromised
        now = clock.now()
        for attempt in Attempt.objects.filter(donor__in=donors).exclude(pass_text=""):
            drop_browser_pass(attempt)
        Attempt.objects.filter(donor__in=donors).update(email="", name="", message="", is_named=False, account=None)
        Donation.objects.filter(donor__in=donors).update(thanks_due_at=None)
        GivingLetter.objects.filter(donor__in=donors).update(due_at=None)
        Donor.objects.filter(pk__in=[donor.pk for donor in donors]).update(
            email="", name="", is_named=False, account=None, erased_at=now
        )
