"""A reader repairs the way a pledge is paid, on the provider's own page: numbers of cards never reach us."""

from __future__ import annotations

from broadsheet.config import config
from broadsheet.giving.models import Pledge
from broadsheet.giving.providers import provider_named


def repair(pledge: Pledge) -> str:
    """The address of that page; it leads back to the giver's own. Raises ProviderFault."""
    back = f"{config().base_url}/account/giving/?repaired={pledge.pk}"
    return provider_named(pledge.provider).portal(pledge, back_url=back)
