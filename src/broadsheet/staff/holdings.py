"""What the staff's part of the house holds about an account: second factors, and entries in the trail."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry

from broadsheet.readers.models import User
from broadsheet.readers.privacy import Holder, Kept, register
from broadsheet.staff import trail


def _factors(user: User) -> list[dict[str, Any]]:
    """Not their secrets: a file in a download folder is no place for these."""
    return [
        {
            "kind": factor.type,
            "since": factor.created_at.isoformat(),
            "last_used_at": factor.last_used_at.isoformat() if factor.last_used_at else None,
        }
        for factor in Authenticator.objects.filter(user=user).order_by("created_at")
    ]


def _entries(user: User) -> list[dict[str, Any]]:
    return [
        {"at": entry.timestamp.isoformat(), "what": str(entry.message), "by_you": entry.user_id == user.pk}
        for entry in ModelLogEntry.objects.for_instance(user).order_by("timestamp")
    ]


def _kept(user: User) -> list[Kept]:
    if not ModelLogEntry.objects.for_instance(user).exists():
        return []
    return [
        Kept(
            _(
                "What our staff did with this account: when, who, and the reason they gave, under the number {number}"
            ).format(number=user.pk),
            _("so that it can be checked later what was done with accounts"),
        )
    ]


register(Holder("second_factors", _factors))
register(Holder("what_staff_did", _entries, erase=trail.forget_names, keeps=_kept))
