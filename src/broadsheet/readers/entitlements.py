"""What an account may open: its class of reader, from what it is and from what other parts of the house entitle it to."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.readers.models import Entitlement, User
from broadsheet.readers.signals import entitlement_changed

_ORDER = list(ReaderClass)
_BATCH = 500


def reader_class(user: User) -> ReaderClass:
    """The rung of the meter's ladder this account stands on. Whoever may enter the newsroom's admin is staff."""
    if not user.is_active:
        return ReaderClass.ANONYMOUS
    if user.is_staff or user.has_perm("wagtailadmin.access_admin"):
        return ReaderClass.STAFF
    entitled = in_force(clock.now()).filter(user=user).values_list("reader_class", flat=True)
    return max(map(ReaderClass, entitled), key=_ORDER.index, default=ReaderClass.REGISTERED)


def entitle(user: User, to: ReaderClass, source: str, *, until: datetime | None) -> None:
    """From now until then (None: until it is ended). The gate knows as soon as the transaction commits."""
    now = clock.now()
    with transaction.atomic():
        row, is_new = Entitlement.objects.get_or_create(
            user=user, source=source, defaults={"reader_class": to, "since": now, "until": until}
        )
        if not is_new:
            row.reader_class, row.until = to, until
            row.save()
        entitlement_changed.send(sender=User, user=user)


def end_entitlement(user: User, source: str) -> None:
    with transaction.atomic():
        if Entitlement.objects.filter(user=user, source=source).delete()[0]:
            entitlement_changed.send(sender=User, user=user)


def sweep_ended() -> int:
    """Those whose time is over are forgotten, and the gate told; how many. A bounded batch: call again while there are any."""
    ended = list(Entitlement.objects.filter(until__lte=clock.now()).select_related("user")[:_BATCH])
    for row in ended:
        end_entitlement(row.user, row.source)
    return len(ended)


def in_force(now: datetime) -> QuerySet[Entitlement]:
    return Entitlement.objects.filter(Q(until__isnull=True) | Q(until__gt=now))
