"""Signing in with a password, for those who have set one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from broadsheet.readers import limits
from broadsheet.readers.models import User


class LimitedBackend(ModelBackend):
    """Counts the try before anything is hashed, and takes the same time for an account that does not exist.

    Raises TooMany. Whoever signs in with a code needs none of this.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> User | None:
        address = (username or credentials.get("email") or "").strip().lower()
        if not address or password is None:
            return None
        if request is not None:
            limits.take(limits.PASSWORDS, request, address)
        user = super().authenticate(request, username=address, password=password)
        if user is not None and request is not None:
            limits.forgive(limits.PASSWORDS, request, address)
        return user
