"""Make an account that may run the newsroom: for the first start, and for whoever runs the command line."""

from __future__ import annotations

from django.db import transaction

from broadsheet.readers.acts.change_address import AddressTaken
from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.acts.finish_sign_in import mark_proved
from broadsheet.readers.models import User


def create_editor(email: str, password: str, name: str = "") -> User:
    """An administrator with this password; an account that exists is made one, and its sessions end."""
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email=email).first() or User(email=email)
        user.name = name or user.name
        user.is_active = user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
        mark_proved(user, email)
    end_all_sessions(user)
    return user


def give_address(user: User, email: str) -> None:
    """The address of an editor whose own was only made up at the first start. Raises AddressTaken.

    No code is asked for: it is done before mail works, by whoever holds the password that was shown on the server.
    """
    email = email.strip().lower()
    if User.objects.filter(email=email).exclude(pk=user.pk).exists():
        raise AddressTaken
    with transaction.atomic():
        user.email = email
        user.save(update_fields=["email"])
        mark_proved(user, email)
