"""A reader ends a pledge of their own. What was paid stays paid, and makes a supporter for the time it was paid for."""

from __future__ import annotations

from broadsheet.giving.models import EndReason, Pledge, PledgeState
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import Declined


def cancel_own_pledge(pledge: Pledge) -> bool:
    """Whether the provider has confirmed it already; if not, it tells us later. Raises ProviderFault: then it goes on.

    Whose wish it was is noted first, as the provider's own event may be faster than its answer.
    """
    if pledge.state == PledgeState.ENDED:
        return True
    Pledge.objects.filter(pk=pledge.pk, end_reason="").update(end_reason=EndReason.READER)
    try:
        provider_named(pledge.provider).cancel(pledge)
    except Declined:
        Pledge.objects.filter(pk=pledge.pk).exclude(state=PledgeState.ENDED).update(end_reason="")
        raise
    read_back(pledge)
    return pledge.state == PledgeState.ENDED
