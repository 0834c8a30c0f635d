"""What allauth asks of us while it signs somebody in."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter


class Accounts(DefaultAccountAdapter):
    pass


class Sessions(DefaultUserSessionsAdapter):
    pass
