"""Confirm that it is the owner who asks: by a code to the account's own address, or its password.

Asked before the address or the password is changed and before the account is deleted, unless the session proved itself
within the last half hour.
"""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.http import HttpRequest

from broadsheet.readers import codes, limits, pending
from broadsheet.readers.acts.sign_in import note_proof
from broadsheet.readers.codes import Outcome
from broadsheet.readers.models import Purpose, User
from broadsheet.readers.pending import Pending


def begin_confirming(request: HttpRequest, user: User, next_path: str) -> None:
    """Raises TooMany and MailNotSent."""
    waiting = pending.find(request, Purpose.CONFIRM)
    if waiting is not None and waiting.code.is_on_its_way_to(user.email):
        pending.keep(request, waiting.code, next_path)
        return
    limits.take(limits.CODES, request, user.email)
    pending.keep(request, codes.send(Purpose.CONFIRM, user.email), next_path)


def finish_confirming(request: HttpRequest, user: User, waiting: Pending, typed: str) -> Outcome:
    """Raises TooMany."""
    limits.take(limits.TRIES, request)
    if waiting.code.email != user.email:
        return Outcome.SPENT
    outcome = codes.try_digits(waiting.code, typed)
    if outcome is Outcome.RIGHT:
        pending.forget(request)
        note_proof(request)
    return outcome


def confirm_with_password(request: HttpRequest, user: User, password: str) -> bool:
    """Raises TooMany, before anything is hashed."""
    found = authenticate(request, username=user.email, password=password)
    if found is None or found.pk != user.pk:
        return False
    note_proof(request)
    return True
