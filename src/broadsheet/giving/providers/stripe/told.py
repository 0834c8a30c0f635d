"""What Stripe tells: whether to believe it, and which object it is about. Nothing else of an event is read."""

from __future__ import annotations

import json
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from broadsheet.giving.providers.interface import Heard, NotBelieved

TOLERANCE_S = 300  # what is older was recorded by somebody, and is played again

# Events of these families are about an object that `looking` can read. `charge.` holds disputes and refunds too.
_FAMILIES = (
    "checkout.session.",
    "payment_intent.",
    "charge.",
    "refund.",
    "invoice.",
    "customer.subscription.",
    "payout.",
)


def believe(body: bytes, signature: str, secret: str) -> Heard:
    """Over the bytes as they came. Stripe signs with each of its secrets while one is being replaced: any may fit."""
    try:
        WebhookSignature.verify_header(body, signature, secret, TOLERANCE_S)
        event: dict[str, Any] = json.loads(body)
        return _heard(event)
    except SignatureVerificationError as fault:
        raise NotBelieved(fault.user_message) from None  # its other arguments are the body and the header
    except (ValueError, KeyError, TypeError, AttributeError):  # also bytes that are no text, and JSON of another shape
        raise NotBelieved("The signature may fit, but this is no event of Stripe's.") from None


def _heard(event: dict[str, Any]) -> Heard:
    kind = event["type"]
    about = event["data"]["object"] if kind.startswith(_FAMILIES) else {}
    return Heard(event["id"], kind, about.get("id") or "")  # an invoice that is only announced has no name yet
