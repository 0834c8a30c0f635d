"""What the worker clears away: codes and entitlements whose time is over, sessions that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from broadsheet import clock
from broadsheet.readers.entitlements import sweep_ended
from broadsheet.readers.models import SentCode

_KEPT_FOR = timedelta(days=1)
_BATCH = 500


@dataclass(frozen=True)
class Swept:
    codes: int
    sessions: int
    entitlements: int


def sweep() -> Swept:
    """A bounded batch of each; call again while anything was removed. Passes end by themselves, in the ledger."""
    codes = list(SentCode.objects.filter(expires_at__lt=clock.now() - _KEPT_FOR).values_list("pk", flat=True)[:_BATCH])
    SentCode.objects.filter(pk__in=codes).delete()
    # Django's sessions know only Django's clock
    ended = list(Session.objects.filter(expire_date__lt=timezone.now()).values_list("pk", flat=True)[:_BATCH])
    UserSession.objects.filter(session_key__in=ended).delete()
    Session.objects.filter(pk__in=ended).delete()
    return Swept(len(codes), len(ended), sweep_ended())
