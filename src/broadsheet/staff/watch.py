"""What goes into the trail by itself: sign-ins of staff, second factors, roles. Never a reader's comings and goings.

Nor a wrong password: an entry for staff alone would take a moment, and tell a stranger which addresses work here.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.db.models.signals import m2m_changed, post_save, pre_save
from django.dispatch import receiver

from broadsheet.readers.models import User
from broadsheet.readers.signals import signed_in
from broadsheet.staff.roles import ADMINISTRATOR, is_staff, roles_of
from broadsheet.staff.trail import APP, PASSKEY, record


@receiver(signed_in)
def note_sign_in(user: User, **_: Any) -> None:
    if is_staff(user):
        record("staff.signed_in", user, by=user)


@receiver(authentication_failed)
def note_wrong_factor(user: User, **_: Any) -> None:
    record("staff.factor_failed", user)


@receiver(authenticator_added)
def note_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record("staff.factor_added", user, by=user, factor=factor_words(authenticator))


@receiver(authenticator_removed)
def note_factor_gone(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record("staff.factor_removed", user, by=user, factor=factor_words(authenticator))


@receiver(authenticator_reset)
def note_codes(user: User, **_: Any) -> None:
    record("staff.codes_made", user, by=user)


@receiver(authenticator_used)
def note_code_used(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        record("staff.code_used", user, by=user)


def factor_words(authenticator: Authenticator) -> str:
    return {"totp": APP, "webauthn": PASSKEY}.get(authenticator.type, authenticator.type)


# Roles, whoever changes them: a form, a bulk action, a command


@receiver(m2m_changed, sender=User.groups.through)
def note_groups(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    users = list(User.objects.filter(pk__in=pk_set or ())) if reverse else [instance]
    if action in ("pre_add", "pre_remove", "pre_clear"):
        for user in users:
            _roles_before[user.pk] = roles_of(user)
    elif action in ("post_add", "post_remove", "post_clear"):
        for user in users:
            before = _roles_before.pop(user.pk, [])
            if (after := roles_of(user)) != before:
                record("staff.roles_changed", user, before=before, after=after)


# What roles were a moment ago, between two signals of one change.
_roles_before: dict[int, list[str]] = {}


@receiver(pre_save, sender=User)
def remember(instance: User, **_: Any) -> None:
    kept = User.objects.filter(pk=instance.pk).values("is_superuser", "is_active").first() if instance.pk else None
    instance._was = kept  # type: ignore[attr-defined]


@receiver(post_save, sender=User)
def note_account(instance: User, created: bool, **_: Any) -> None:
    was = getattr(instance, "_was", None) or {"is_superuser": False, "is_active": True}
    if was["is_superuser"] != instance.is_superuser:
        after = roles_of(instance)
        others = [role for role in after if role != ADMINISTRATOR]
        before = others if instance.is_superuser else [ADMINISTRATOR, *others]
        record("staff.roles_changed", instance, before=before, after=after)
    if was["is_active"] != instance.is_active:
        record("staff.opened" if instance.is_active else "staff.closed", instance)
