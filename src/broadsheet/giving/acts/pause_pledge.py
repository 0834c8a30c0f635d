"""A reader pauses a pledge, for some months or until they resume it."""

from __future__ import annotations

from datetime import datetime

from broadsheet.giving.models import Pledge
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named


def pause_pledge(pledge: Pledge, until: datetime | None) -> None:
    """Nothing is taken meanwhile. Raises ProviderFault: then nothing was changed, as far as we know."""
    provider_named(pledge.provider).pause(pledge, until)
    read_back(pledge)
