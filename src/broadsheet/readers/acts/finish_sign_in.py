"""Finish signing in: the digits come back. Right ones prove the address; its account is found, or made now."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from broadsheet.readers import codes, limits, pending
from broadsheet.readers.acts.sign_in import AccountClosed, sign_in
from broadsheet.readers.codes import Outcome
from broadsheet.readers.models import User
from broadsheet.readers.pending import Pending
from broadsheet.readers.signals import registered


def finish_sign_in(request: HttpRequest, waiting: Pending, typed: str) -> Outcome:
    """Sign in with right digits.

    Raises TooMany (no try is used up), AccountClosed and SecondFactorNeeded (which only the owner of the mailbox gets to
    know).
    """
    limits.take(limits.TRIES, request)
    outcome = codes.try_digits(waiting.code, typed)
    if outcome is not Outcome.RIGHT:
        return outcome
    pending.forget(request)
    user, is_new = _account_of(waiting.code.email)
    if not user.is_active:
        raise AccountClosed
    limits.forgive(limits.CODES, request, user.email)
    if is_new:
        registered.send(sender=User, user=user, came_from=waiting.next)
    sign_in(request, user)
    return outcome


@transaction.atomic
def _account_of(email: str) -> tuple[User, bool]:
    """The account of a proved address, and whether it was made just now."""
    user = User.objects.filter(email=email).first()
    is_new = False
    if user is None:
        user, is_new = User.objects.get_or_create(email=email)
    mark_proved(user, email)
    return user, is_new


def mark_proved(user: User, email: str) -> None:
    """allauth's record that the address was proved: one per account."""
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    EmailAddress.objects.filter(email=email).exclude(user=user).delete()
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
