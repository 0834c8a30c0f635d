"""Make an account that may run the newsroom: for the first start, and for whoever runs the command line."""

from __future__ import annotations

from django.db import transaction

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
