"""How Stripe is asked: one client, one version of its API, patience with an end, and its faults in our words.

Nothing here logs a key, an address or what Stripe answered. Its sentences are kept without what looks like either.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from broadsheet.giving.providers.interface import Declined, NotReached, ProviderFault

# The shapes we read are those of this version; another one is a change to read, not to take.
API_VERSION = "2026-10-28.endive"

CONNECT_S, READ_S = 5.0, 20.0
RETRIES = 1  # after a fault on the way or of Stripe's own, and under the same idempotency key

# Where Stripe is asked, for tests: honoured only with BROADSHEET_TESTING=1, so that no installation can be led elsewhere.
API_VARIABLE = "BROADSHEET_STRIPE_API"

_NOT_FOR_LOGS = re.compile(r"\b(?:sk|rk|pk|whsec)_\S+|[^\s@'\"]+@[^\s@'\"]+")

stripe.enable_telemetry = False
logging.getLogger("stripe").setLevel(logging.WARNING)  # at INFO it says which customer was asked for


class Missing(Declined):
    """Stripe has no object of that name, or none that this key may see."""


def new_client(key: str, api_base: str | None = None) -> stripe.StripeClient:
    base = api_base or (os.environ.get(API_VARIABLE) if os.environ.get("BROADSHEET_TESTING") == "1" else None)
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else None,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT_S, READ_S)),
    )


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Around every question, `what` being what we want, in words. Raises NotReached or Declined in place of Stripe's."""
    try:
        yield
    except stripe.StripeError as fault:
        # Not `from fault`: whoever logs ours with its cause would log Stripe's answer.
        raise _ours(fault, what) from None


def _ours(fault: stripe.StripeError, what: str) -> ProviderFault:
    if isinstance(fault, stripe.APIConnectionError):
        return NotReached(f"To {what}: Stripe was not reached, or did not answer in time. It may have been done.")
    status = fault.http_status or 0
    if isinstance(fault, stripe.RateLimitError | stripe.APIError) or status in (409, 429) or status >= 500:
        return NotReached(f"To {what}: Stripe could not answer ({status}, request {fault.request_id or 'unnamed'}).")
    if isinstance(fault, stripe.AuthenticationError):
        return Declined(f"To {what}: Stripe does not know the key in STRIPE_KEY.")
    said = _NOT_FOR_LOGS.sub("…", fault.user_message or "")
    words = f"To {what}: Stripe says no ({fault.code or status}). {said}".strip()
    return Missing(words) if status == 404 or fault.code == "resource_missing" else Declined(words)
