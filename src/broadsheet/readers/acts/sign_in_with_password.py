"""Sign in with a password, for accounts that have set one."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.http import HttpRequest

from broadsheet.readers.acts.sign_in import sign_in
from broadsheet.readers.models import User


def sign_in_with_password(request: HttpRequest, email: str, password: str) -> bool:
    """False for a wrong password, an account without one, a closed account and none at all: all look and last the same.

    Raises TooMany, before anything is hashed, AccountClosed and SecondFactorNeeded.
    """
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        return False
    sign_in(request, user)
    return True
