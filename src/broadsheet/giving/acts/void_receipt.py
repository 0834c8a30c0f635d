"""Say of a receipt that it no longer holds. Its number stays taken, and the sheet itself says that it is void."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from broadsheet import clock
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Receipt, ReceiptVoid
from broadsheet.giving.receipts import LOCK
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


class AlreadyVoid(Exception):
    """It was void before, and stays as it was."""


def void_receipt(receipt: Receipt, *, by: User, reason: str) -> ReceiptVoid:
    """Raises AlreadyVoid, PermissionDenied, and ValueError without a reason."""
    may_void(by, reason)
    with transaction.atomic(), one_at_a_time(LOCK):
        return write_void(receipt, by=by, reason=reason)


def may_void(by: User, reason: str) -> None:
    if not by.has_perm("giving.move_money"):
        raise PermissionDenied
    if not reason.strip():
        raise ValueError("whoever voids a receipt says why")


def write_void(receipt: Receipt, *, by: User, reason: str, successor: Receipt | None = None) -> ReceiptVoid:
    """Under the lock."""
    if ReceiptVoid.objects.filter(receipt=receipt).exists():
        raise AlreadyVoid
    record("giving.receipt_voided", receipt, by=by, reason=reason.strip(), number=receipt.says["number"])
    return ReceiptVoid.objects.create(
        receipt=receipt, at=clock.now(), by_id=by.pk, reason=reason.strip(), successor=successor
    )
