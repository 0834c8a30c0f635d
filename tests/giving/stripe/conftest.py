"""A small Stripe on loopback, and the provider that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe.scenes import HOOK_SECRET
from tests.giving.stripe.standin import KEY, StandIn, serving


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with serving(StandIn()) as running:
        yield running


@pytest.fixture
def stripe(standin: StandIn) -> Stripe:
    return Stripe(KEY, HOOK_SECRET, api_base=standin.url)
