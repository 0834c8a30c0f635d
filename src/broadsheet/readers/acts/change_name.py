"""Change the name an account goes by."""

from __future__ import annotations

from broadsheet.readers.models import User


def change_name(user: User, name: str) -> None:
    user.name = name
    user.save(update_fields=["name"])
