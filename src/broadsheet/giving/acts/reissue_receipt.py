"""Issue a receipt anew, where the one before was wrong or no longer holds: another number, for what is kept of the gift."""

from __future__ import annotations

from django.db import transaction

from broadsheet.giving.acts.void_receipt import may_void, write_void
from broadsheet.giving.letters import queue_reissue
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Receipt, ReceiptVoid
from broadsheet.giving.receipts import LOCK, issue_in_place_of, successor_of
from broadsheet.readers.models import User
from broadsheet.staff.trail import record


class HasSuccessor(Exception):
    """Another took its place before: that is the one to issue anew."""


def reissue_receipt(receipt: Receipt, *, by: User, reason: str, name: str = "") -> Receipt:
    """The new one, which is sent to the donor. `name`: to be written in place of the one we know, which is put right with it.

    Raises HasSuccessor, receipts.NothingKept, PermissionDenied, and ValueError without a reason.
    """
    may_void(by, reason)
    with transaction.atomic(), one_at_a_time(LOCK):
        if successor_of(receipt) is not None:
            raise HasSuccessor
        donor = receipt.donation.donor
        if name.strip() and name.strip() != donor.name:
            donor.name = name.strip()
            donor.save(update_fields=["name"])
        successor = issue_in_place_of(receipt)
        if not ReceiptVoid.objects.filter(receipt=receipt).exists():
            write_void(receipt, by=by, reason=reason, successor=successor)
        record("giving.receipt_reissued", successor, by=by, reason=reason.strip(), number=successor.says["number"])
        queue_reissue(receipt, successor)
    return successor
