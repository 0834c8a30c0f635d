"""A reader resumes a pledge that was paused."""

from __future__ import annotations

from broadsheet.giving.models import Pledge
from broadsheet.giving.pledges import read_back
from broadsheet.giving.providers import provider_named


def resume_pledge(pledge: Pledge) -> None:
    """Raises ProviderFault: then nothing was changed, as far as we know."""
    provider_named(pledge.provider).resume(pledge)
    read_back(pledge)
