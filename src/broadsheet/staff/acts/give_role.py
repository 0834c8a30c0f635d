"""Make an account, with a password, that has one of the ready-made roles: from the command line."""

from __future__ import annotations

from django.contrib.auth.models import Group

from broadsheet.readers.acts.create_editor import create_editor
from broadsheet.readers.models import User
from broadsheet.staff.roles import ADMINISTRATOR, role_named


def create_with_role(email: str, password: str, role: str) -> User:
    """An account that exists gets the role beside those it has, and the new password; its sessions end."""
    group = None if role == ADMINISTRATOR else Group.objects.get(name=role_named(role).group)
    return create_editor(email, password, group=group)
