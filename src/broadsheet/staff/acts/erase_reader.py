"""Erase a reader at their wish, where they cannot do it themselves."""

from __future__ import annotations

from broadsheet.readers import privacy
from broadsheet.readers.acts.delete_account import erase_account
from broadsheet.readers.models import User
from broadsheet.staff.roles import is_staff
from broadsheet.staff.trail import record


class NotAReader(ValueError):
    """Somebody who works here: their account is deleted under Users."""


def erase_reader(user: User, *, by: User, reason: str) -> None:
    """The entry that says so stays, by number. It cannot be undone, and they are told by mail.

    Raises NotAReader and privacy.CannotErase.
    """
    if is_staff(user):
        raise NotAReader
    privacy.prepare_to_erase(user)
    record("reader.erased", user, by=by, reason=reason)
    erase_account(user)
