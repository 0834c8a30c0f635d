"""Make an account that may run the newsroom: for the first start, and for whoever runs the command line."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from broadsheet.readers.acts.change_address import move_to
from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.acts.finish_sign_in import mark_proved
from broadsheet.readers.models import User


def create_editor(email: str, password: str, name: str = "", group: Group | None = None) -> User:
    """An administrator, or a member of `group`, with this password. An account that exists keeps what it may do, and its
    sessions end.
    """
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email=email).first() or User(email=email)
        user.name = name or user.name
        user.is_active = True  # not `is_staff`, which would outlast a role that is taken away in the admin
        user.is_superuser = user.is_superuser or group is None
        user.set_password(password)
        user.save()
        if group is not None:
            user.groups.add(group)
        mark_proved(user, email)
    end_all_sessions(user)
    return user


def give_address(user: User, email: str) -> None:
    """The address of an editor whose own was only made up at the first start. Raises AddressTaken.

    No code is asked for: it is done before mail works, by whoever holds the password that was shown on the server.
    """
    move_to(user, email.strip().lower())
