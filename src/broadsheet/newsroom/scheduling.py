"""What was planned: stories whose time has come go live, those whose time is over are taken down.

Each on its own: one that is refused (its picture lost its credit, its embargo was moved) is reported, and keeps no other
waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from wagtail.models import DraftStateMixin, Page, Revision

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    published: int = 0
    taken_down: int = 0
    refused: tuple[str, ...] = ()


def carry_out_schedule() -> Outcome:
    """Publish and take down all that is due. What was refused stays due, and is tried and reported again."""
    now = timezone.now()
    expired = [page.specific for page in Page.objects.filter(live=True, expire_at__lt=now).order_by("expire_at")]
    for model in apps.get_models():
        if issubclass(model, DraftStateMixin) and not issubclass(model, Page):
            expired += model._default_manager.filter(live=True, expire_at__lt=now).order_by("expire_at")
    due = Revision.objects.filter(approved_go_live_at__lt=now).order_by("approved_go_live_at")
    taken_down, refused_down = _each(
        expired, lambda thing: thing.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")
    )
    published, refused_up = _each(due, lambda revision: revision.publish(log_action="wagtail.publish.scheduled"))
    return Outcome(published, taken_down, (*refused_down, *refused_up))


def _each(things: Iterable[object], act: Callable[..., object]) -> tuple[int, list[str]]:
    done, refused = 0, []
    for thing in list(things):
        try:
            with transaction.atomic():
                act(thing)
            done += 1
        except Exception as fault:  # whatever is wrong with one must not hold up the others
            log.exception("What was scheduled could not be done: %s", thing)
            refused.append(f"{thing}: {fault}")
    return done, refused
