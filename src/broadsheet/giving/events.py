"""Events on their way from a provider into the books: kept at once, posted by the worker, tried again until they are."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F

from broadsheet import clock
from broadsheet.giving.models import ProviderEvent
from broadsheet.giving.posting import Posted, post
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import Heard, NotReached

log = logging.getLogger(__name__)

AT_ONCE = 100
MOST_TRIES = 12  # over about three days: as long as the largest providers go on telling us
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=12)


def keep(provider: str, heard: Heard) -> None:
    """One row for each event, however often it comes."""
    now = clock.now()
    ProviderEvent.objects.get_or_create(
        provider=provider,
        event_ref=heard.event_ref,
        defaults={
            "kind": heard.kind,
            "object_ref": heard.object_ref,
            "received_at": now,
            "posted_at": None if heard.object_ref else now,
            "due_at": now if heard.object_ref else None,
        },
    )


def post_due() -> bool:
    """Look at what events were about and post it; True if there is more to be done at once."""
    due = list(ProviderEvent.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")[:AT_ONCE])
    for event in due:
        _post(event)
    return len(due) == AT_ONCE


def look_and_post(provider: str, ref: str) -> Posted:
    """Ask the provider of one object now, and write down what it says. Raises ProviderFault."""
    looked_at = clock.now()
    return post(provider, provider_named(provider).look(ref), looked_at)


def _post(event: ProviderEvent) -> None:
    mine = ProviderEvent.objects.filter(pk=event.pk)
    try:
        look_and_post(event.provider, event.object_ref)
    except NotReached as fault:
        _later(event, str(fault))
    except Exception as fault:  # whatever it is: the others are posted, and this one is tried again and shown
        log.exception("An event of %s (%s) could not be posted.", event.provider, event.kind)
        _later(event, str(fault))
    else:
        mine.update(posted_at=clock.now(), due_at=None, fault="", tries=F("tries") + 1)


def _later(event: ProviderEvent, fault: str) -> None:
    """Again, each time after a longer pause; in the end it is left to people, on the money desk."""
    tries = event.tries + 1
    pause = min(_FIRST_PAUSE * 3 ** min(tries, 12), _LONGEST_PAUSE)
    due_at = None if tries >= MOST_TRIES else clock.now() + pause
    ProviderEvent.objects.filter(pk=event.pk).update(due_at=due_at, tries=tries, fault=fault[:300])
    if due_at is None:
        log.error("An event of %s was given up after %d tries: %s", event.provider, tries, fault)
