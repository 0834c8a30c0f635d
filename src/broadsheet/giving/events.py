"""Events on their way from a provider into the books: kept at once, posted by the worker, tried again until they are."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from broadsheet import clock
from broadsheet.giving.locking import for_good
from broadsheet.giving.models import ProviderEvent
from broadsheet.giving.posting import Posted, post
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import Heard, NotReached, Seen

log = logging.getLogger(__name__)

AT_ONCE = 100
MOST_TRIES = 12  # over about three days: as long as the largest providers go on telling us
TRIES_OF_THE_UNKNOWN = 5  # over some minutes: what a provider told of and cannot read yet itself
_BREATH_S = 0.01  # SQLite has no queue: who posts without a pause lets in nobody who waits to write an event down
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=12)


def keep(provider: str, heard: Heard) -> None:
    """One row for each event, however often it comes."""
    if ProviderEvent.objects.filter(provider=provider, event_ref=heard.event_ref).exists():
        return  # told again: answered without waiting for whoever writes
    now = clock.now()
    with transaction.atomic():
        for_good()
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
    """Look at what events were about and post it; True if there is more to be done at once.

    A provider that does not answer is asked once a round: its other events wait for the next one.
    """
    due = list(ProviderEvent.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")[:AT_ONCE])
    silent: set[str] = set()
    for event in due:
        if event.provider not in silent and _is_due(event):
            if not _post(event):
                silent.add(event.provider)
            time.sleep(_BREATH_S)
    return len(due) == AT_ONCE and not silent


def look_and_post(provider: str, ref: str) -> Posted:
    """Ask the provider of one object now, and write down what it says. Raises ProviderFault."""
    looked_at = clock.now()
    return post(provider, provider_named(provider).look(ref), looked_at)


def _is_due(event: ProviderEvent) -> bool:
    """It may have been settled meanwhile, by a look at the same object."""
    return ProviderEvent.objects.filter(pk=event.pk, due_at__isnull=False).exists()


def _post(event: ProviderEvent) -> bool:
    """Whether the provider answered."""
    looked_at = clock.now()
    try:
        seen = provider_named(event.provider).look(event.object_ref)
        if seen == Seen() and event.tries + 1 < TRIES_OF_THE_UNKNOWN:
            _later(event, "the provider knows nothing of it yet")
            return True
        post(event.provider, seen, looked_at)
    except NotReached as fault:
        _later(event, str(fault))
        return False
    except Exception as fault:  # whatever it is: the others are posted, and this one is tried again and shown
        log.exception("An event of %s (%s) could not be posted.", event.provider, event.kind)
        _later(event, str(fault))
    else:
        # One look answers all that was told of the object before it.
        told = ProviderEvent.objects.filter(
            provider=event.provider, object_ref=event.object_ref, received_at__lte=looked_at, due_at__isnull=False
        )
        told.update(posted_at=clock.now(), due_at=None, fault="", tries=F("tries") + 1)
    return True


def _later(event: ProviderEvent, fault: str) -> None:
    """Again, each time after a longer pause; in the end it is left to people, on the money desk."""
    tries = event.tries + 1
    pause = min(_FIRST_PAUSE * 3 ** min(tries, 12), _LONGEST_PAUSE)
    due_at = None if tries >= MOST_TRIES else clock.now() + pause
    ProviderEvent.objects.filter(pk=event.pk).update(due_at=due_at, tries=tries, fault=fault[:300])
    if due_at is None:
        log.error("An event of %s was given up after %d tries: %s", event.provider, tries, fault)
