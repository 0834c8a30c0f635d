"""What must follow whenever an account changes, whoever changes it: a page, the admin, a command."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.dispatch import receiver

from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.readers import passes, privacy
from broadsheet.readers.models import User
from broadsheet.readers.signals import entitlement_changed


@receiver(post_save, sender=User)
def follow_change(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A closed account loses its passes, one that entered the newsroom gains its class: once it is committed."""
    if created:
        # After a backup was restored, a number may be given out a second time: the ledger must not know it from before.
        _forget_on_commit(instance.pk)
    elif update_fields != frozenset({"last_login"}):
        transaction.on_commit(lambda: _reclass(instance.pk))


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
def follow_groups(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    for id_ in (pk_set or ()) if reverse else (instance.pk,):
        transaction.on_commit(partial(_reclass, id_))


@receiver(entitlement_changed, sender=User)
def follow_entitlement(user: User, **_: Any) -> None:
    transaction.on_commit(partial(_reclass, user.pk))


@receiver(pre_delete, sender=User)
def erase_what_is_held(instance: User, **_: Any) -> None:
    """Also when an administrator deletes the account: nobody has to remember it."""
    privacy.erase(instance)


@receiver(post_delete, sender=User)
def forget_account(instance: User, **_: Any) -> None:
    _forget_on_commit(instance.pk)


def _forget_on_commit(id_: int) -> None:
    transaction.on_commit(lambda: passes.drop_all_of(id_))
    transaction.on_commit(lambda: open_ledger().forget(account_key(id_)))


def _reclass(id_: int) -> None:
    # Read anew: permissions are kept on the instance that asked for them first.
    if (user := User.objects.filter(pk=id_).first()) is not None:
        passes.reclass(user)
