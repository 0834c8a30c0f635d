"""What the worker forgets of givers: names on receipts that the law no longer wants, and who set out to give and did not."""

from __future__ import annotations

from datetime import timedelta

from broadsheet import clock
from broadsheet.giving.models import Attempt, AttemptState
from broadsheet.giving.receipts import forget_names

# Long enough to see whether the way to pay was broken, and for whom.
_ATTEMPTS_NAMED = timedelta(days=90)
_CAME_TO_NOTHING = (AttemptState.BEGUN, AttemptState.FAILED, AttemptState.EXPIRED)
_BATCH = 500


def sweep() -> bool:
    """A bounded batch of each; True if there may be more."""
    return any([forget_names(), _forget_attempts() == _BATCH])


def _forget_attempts() -> int:
    """That they began, and how far they came, is kept; who they were is not."""
    old = Attempt.objects.filter(
        state__in=_CAME_TO_NOTHING, begun_at__lt=clock.now() - _ATTEMPTS_NAMED, donor=None
    ).exclude(email="", name="", message="", account=None)
    found = list(old.values_list("pk", flat=True)[:_BATCH])
    return Attempt.objects.filter(pk__in=found).update(email="", name="", message="", account=None)
