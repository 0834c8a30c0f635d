"""Recover an account from the command line: whoever reaches the machine may open every door of the newsroom."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.models import User
from broadsheet.staff.roles import is_staff
from broadsheet.staff.trail import record


class NoSuchEditor(Exception):
    """No account with that address works here."""


def recover_editor(email: str, password: str) -> User:
    """A new password and no second factor; sessions end. Roles stay as they are. Raises NoSuchEditor."""
    with transaction.atomic():
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None or not is_staff(user):
            raise NoSuchEditor
        user.is_active = True
        user.set_password(password)
        user.save()
        Authenticator.objects.filter(user=user).delete()
        record("staff.recovered", user)
    end_all_sessions(user)
    return user
