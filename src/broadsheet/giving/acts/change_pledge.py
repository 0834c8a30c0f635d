"""A reader gives another amount from the next payment on."""

from __future__ import annotations

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Pledge, PledgeChange
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named
from broadsheet.readers.models import User


def change_pledge(pledge: Pledge, amount: Money, by: User) -> None:
    """`amount` is one that may be given. Raises ProviderFault: then nothing was changed, as far as we know."""
    if amount == pledge.amount:
        return
    since = clock.now()
    provider_named(pledge.provider).change_amount(pledge, amount)
    read_back(pledge)
    # The change is written where it is seen, which may be the provider's own event: here it is said whose it was.
    PledgeChange.objects.filter(pledge=pledge, at__gte=since, after_minor=amount.amount_minor, by_id=None).update(
        by_id=by.pk
    )
