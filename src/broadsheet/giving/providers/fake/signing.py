"""How the fake provider signs what it tells, and how the house believes it. Both sides use this file and share a secret.

    Fake-Payments-Signature: v1 at=1764260000 mac=<HMAC-SHA256 in hex, over `v1.<at>.<raw body>`>

The moment is part of what is signed: an event that somebody has caught cannot be told again for long.
"""

from __future__ import annotations

import hmac
import re

from broadsheet.config import Config, kept_secret

HEADER = "Fake-Payments-Signature"
SCHEME = "v1"
LONGEST_AGE_S = 300  # in both directions: clocks differ

_SIGNATURE = re.compile(r"(?P<scheme>v\d{1,3}) at=(?P<at>\d{1,12}) mac=(?P<mac>[0-9a-f]{64})")


class Forged(Exception):
    """Why a signature does not count."""


def secret_of(config: Config) -> bytes:
    return kept_secret(config.keys / "fake-payments").encode()


def sign(body: bytes, secret: bytes, at: float) -> str:
    return f"{SCHEME} at={int(at)} mac={_mac(body, secret, int(at))}"


def check(body: bytes, signature: str, secret: bytes, now: float) -> None:
    """Raises Forged."""
    if not signature:
        raise Forged("there is no signature")
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise Forged("the signature is malformed")
    if found["scheme"] != SCHEME:
        raise Forged(f"the signature's scheme is {found['scheme']}, not {SCHEME}")
    if not hmac.compare_digest(_mac(body, secret, int(found["at"])), found["mac"]):
        raise Forged("the signature is wrong")
    if abs(now - int(found["at"])) > LONGEST_AGE_S:
        raise Forged(f"the signature is {now - int(found['at']):,.0f} s old")


def _mac(body: bytes, secret: bytes, at: int) -> str:
    return hmac.new(secret, b"%s.%d.%s" % (SCHEME.encode(), at, body), "sha256").hexdigest()
