"""What all that is done to a pledge has in common: the provider is asked first, and then what it says of it is written down."""

from __future__ import annotations

import logging

from broadsheet.giving.events import look_and_post
from broadsheet.giving.models import Pledge
from broadsheet.giving.providers.interface import ProviderFault

log = logging.getLogger(__name__)


def read_back(pledge: Pledge) -> None:
    """The pledge as the provider has it now. If it does not answer this time, its own event brings the same a little later."""
    try:
        look_and_post(pledge.provider, pledge.provider_ref)
    except ProviderFault as fault:
        log.warning("A pledge at %s was changed and not read back yet: %s", pledge.provider, fault)
    pledge.refresh_from_db()
