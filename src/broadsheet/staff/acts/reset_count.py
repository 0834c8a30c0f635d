"""Reset a reader's count: they begin anew in the present window."""

from __future__ import annotations

from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def reset_count(user: User, *, by: User, reason: str) -> None:
    """What a browser of theirs counted before it signed in stays its own, and joins again at its next sign-in."""
    open_ledger().forget(account_key(user.pk))
    record("reader.count_reset", user, by=by, reason=reason)
