"""How often somebody may ask, try and be written to. Counted for all processes together, by `gate.limits`.

An address is limited per network first, and only loosely as a whole, so that a stranger elsewhere cannot lock its owner
out by asking for codes; a network holds many readers (a school, a mobile carrier), so its own limits are wide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

from django.http import HttpRequest

from broadsheet.gate.limits import open_limits
from broadsheet.gate.networks import network

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class TooMany(Exception):
    """One more than the limit allows; `wait` says when to try again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"try again in {wait}")
        self.wait = wait


class CannotCount(TooMany):
    """Nobody did too much: nothing can be written down (a full disk), so that nothing can be allowed."""


@dataclass(frozen=True)
class Limit:
    scope: str
    most: int
    within: timedelta

    def take(self, who: str) -> None:
        """Count one; raises TooMany."""
        allowed = open_limits().hit(self.scope, who, self.most, int(self.within.total_seconds()))
        wait = timedelta(seconds=allowed.retry_after_s)
        if not allowed.is_counted:
            raise CannotCount(wait)
        if not allowed:
            raise TooMany(wait)


# In the order they are asked, the narrowest first: who meets one is not counted by those after it.
CODES = [
    (Limit("codes hourly to an address from a network", 6, HOUR), "address and network"),
    (Limit("codes hourly to an address", 20, HOUR), "address"),
    (Limit("codes daily to an address", 40, DAY), "address"),
    (Limit("codes hourly from a network", 200, HOUR), "network"),
    (Limit("codes daily from a network", 1000, DAY), "network"),
    (Limit("codes hourly from everywhere", 20_000, HOUR), "everyone"),
]
TRIES = [  # of codes: each code has its own five; this is for who collects codes
    (Limit("code tries hourly from a network", 300, HOUR), "network"),
    (Limit("code tries daily from a network", 1500, DAY), "network"),
]
PASSWORDS = [
    (Limit("passwords for an address from a network", 5, 5 * MINUTE), "address and network"),
    (Limit("passwords hourly for an address", 30, HOUR), "address"),
    (Limit("passwords hourly from a network", 100, HOUR), "network"),
    (Limit("passwords daily from a network", 500, DAY), "network"),
]
# Second factors: only who knows the password or reads the mailbox can use these up, so no stranger locks anybody out.
FACTORS = [
    (Limit("second factors for an account from a network", 6, 5 * MINUTE), "address and network"),
    (Limit("second factors hourly for an account", 30, HOUR), "address"),
]
PASSKEYS = [(Limit("passkeys from a network", 30, 5 * MINUTE), "network")]
DOWNLOADS = [(Limit("downloads of an account", 10, HOUR), "address")]


def take(limits: Iterable[tuple[Limit, str]], request: HttpRequest, address: str = "") -> None:
    """Count one act of this address and network; raises TooMany at the first limit met."""
    network = network_of(request.META.get("REMOTE_ADDR", ""))
    whose = {"address": address, "network": network, "address and network": f"{address} {network}", "everyone": ""}
    for limit, who in limits:
        limit.take(whose[who])


def forgive(limits: Iterable[tuple[Limit, str]], request: HttpRequest, address: str) -> None:
    """Whoever proved to be the owner is not kept waiting for earlier slips; wider limits go on counting."""
    network = network_of(request.META.get("REMOTE_ADDR", ""))
    for limit, who in limits:
        if who == "address and network":
            open_limits().clear(limit.scope, f"{address} {network}")


def network_of(client: str) -> str:
    """The network of an address, as the gate counts them: one line of one household, as a rule."""
    try:
        return network(ip_address(client)).hex()
    except ValueError:
        return client
