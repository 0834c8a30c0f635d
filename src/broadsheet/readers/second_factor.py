"""Whether an account asks for a second factor. Setting one up and using it is in `staff`."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled

from broadsheet.readers.models import User

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes stand in for one of these


def has_second_factor(user: User) -> bool:
    return is_mfa_enabled(user, FACTORS)
