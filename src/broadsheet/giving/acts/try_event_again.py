"""Have the worker post an event that it had given up: at once, and with all its tries before it."""

from __future__ import annotations

from broadsheet import clock
from broadsheet.giving.models import ProviderEvent
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


def try_event_again(event: ProviderEvent, *, by: User) -> bool:
    """False where it was not given up, or no longer is."""
    given_up = ProviderEvent.objects.filter(pk=event.pk, posted_at=None, due_at=None)
    if not given_up.update(due_at=clock.now(), tries=0):
        return False
    record("giving.event_tried_again", event, by=by)
    return True
