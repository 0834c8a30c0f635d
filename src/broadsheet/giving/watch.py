"""What must follow for giving whenever an account comes, proves an address, or becomes one with another."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from broadsheet.giving.claims import claim_gifts, move_gifts
from broadsheet.readers.models import User
from broadsheet.readers.signals import address_proved, merging, registered, signed_in


@receiver(registered)
@receiver(signed_in)
@receiver(address_proved)
def claim(user: User, **_: Any) -> None:
    claim_gifts(user)


@receiver(merging)
def move(kept: User, other: User, **_: Any) -> None:
    move_gifts(kept, other)
