"""What was given from an address joins the account that has proved the address to be its own."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet

from broadsheet.giving import supporters
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Attempt, Donor
from broadsheet.giving.posting import MONEY
from broadsheet.readers.models import User


def claim_gifts(account: User) -> None:
    """An address that was never proved claims nothing: whoever makes an account for somebody does not see what they gave."""
    if not EmailAddress.objects.filter(user=account, email=account.email, verified=True).exists():
        return
    if not _unclaimed(account.email).exists():
        return  # as at nearly every sign-in
    with transaction.atomic(), one_at_a_time(MONEY):
        for donor in _unclaimed(account.email).select_for_update():
            donor.account = account
            donor.save(update_fields=["account"])
        supporters.refresh_account(account)


def move_gifts(kept: User, other: User) -> None:
    """Two accounts become one. Inside the transaction that deletes the other."""
    with transaction.atomic(), one_at_a_time(MONEY):
        moved = Donor.objects.filter(account=other).update(account=kept)
        Attempt.objects.filter(account=other).update(account=kept)
        if moved:
            supporters.refresh_account(kept)


def _unclaimed(email: str) -> QuerySet[Donor]:
    return Donor.objects.filter(email=email, account=None, erased_at=None).exclude(email="")
