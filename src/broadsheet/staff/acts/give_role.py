"""Make an account, with a password, that has one of the ready-made roles: from the command line."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from broadsheet.readers.acts.create_editor import create_editor
from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.acts.finish_sign_in import mark_proved
from broadsheet.readers.models import User
from broadsheet.staff.roles import ADMINISTRATOR, role_named


def create_with_role(email: str, password: str, role: str) -> User:
    """An account that exists gets the role beside those it has, and the new password; its sessions end."""
    if role == ADMINISTRATOR:
        return create_editor(email, password)
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email=email).first() or User(email=email)
        user.is_active = user.is_staff = True
        user.set_password(password)
        user.save()
        user.groups.add(Group.objects.get(name=role_named(role).group))
        mark_proved(user, email)
    end_all_sessions(user)
    return user
