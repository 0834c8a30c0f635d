"""End a pledge for the one who made it: they asked us to, or somebody must."""

from __future__ import annotations

from broadsheet.giving.models import EndReason, Pledge, PledgeState
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def end_pledge(pledge: Pledge, *, by: User, reason: str) -> bool:
    """Whether the provider has confirmed it already; if not, it tells us later. Raises ProviderFault: then nothing was done.

    What was paid stays paid, and makes a supporter for the time it was paid for.
    """
    if pledge.state == PledgeState.ENDED:
        return True
    provider_named(pledge.provider).cancel(pledge)
    # After the provider was asked, so that a reader's own cancelling is never put down to us; its event may have been faster.
    Pledge.objects.filter(pk=pledge.pk, end_reason__in=["", EndReason.PROVIDER]).update(end_reason=EndReason.STAFF)
    record("giving.pledge_ended", pledge, by=by, reason=reason, donor=pledge.donor_id)
    read_back(pledge)
    return pledge.state == PledgeState.ENDED
