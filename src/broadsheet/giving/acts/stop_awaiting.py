"""No longer wait for a transfer that was announced. Should it come after all, it is entered as any other."""

from __future__ import annotations

from broadsheet import clock
from broadsheet.giving.models import Attempt, AttemptState
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Seen, SeenAttempt
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def stop_awaiting(attempt: Attempt, *, by: User, reason: str) -> None:
    """Only of one that is awaited; ValueError otherwise."""
    if attempt.state != AttemptState.AWAITED:
        raise ValueError(f"{attempt} is {attempt.state}")
    given_up = SeenAttempt(attempt.pk, attempt.reference, AttemptState.EXPIRED)
    post(attempt.provider, Seen(attempts=(given_up,)), clock.now())
    record("giving.attempt_given_up", attempt, by=by, reason=reason, amount=str(attempt.amount))
