"""Merge two accounts of one reader: the union of what they read, under the address that is kept."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from broadsheet import clock
from broadsheet.gate.ledger import open_ledger
from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import User
from broadsheet.readers.signals import account_erased, merging
from broadsheet.staff.roles import is_staff
from broadsheet.staff.trail import record


class NotMergeable(ValueError):
    """These two cannot become one."""


def merge_readers(kept: User, other: User, *, by: User, reason: str) -> None:
    """It cannot be undone: `other` is deleted, and both addresses are told. Raises NotMergeable."""
    if kept.pk == other.pk or is_staff(kept) or is_staff(other):
        raise NotMergeable
    number, addresses = other.pk, (kept.email, other.email)
    with transaction.atomic():
        merging.send(sender=User, kept=kept, other=other)
        if not kept.name and other.name:
            kept.name = other.name
            kept.save(update_fields=["name"])
        # Before the other's entry is forgotten, which happens on commit. Should the transaction fail, the kept account
        # has a few articles more counted that its owner did read.
        open_ledger().merge(kept.pk, other.pk, clock.now())
        end_all_sessions(other)
        record("reader.merged", kept, by=by, reason=reason, other=number)
        other.delete()
    account_erased.send(sender=User, user_id=number)
    for address in addresses:
        words = {"kept": addresses[0], "other": addresses[1]}
        post_notice(Letter("account_merged", address, _("Your accounts at {publication} are one now"), words))
