"""Set up or remove one's own second factor: what follows from it for sessions, and the mail that says so."""

from __future__ import annotations

from allauth.mfa.base.internal.flows import delete_and_cleanup
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from broadsheet.config import config
from broadsheet.readers.acts.end_sessions import end_other_sessions
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import User
from broadsheet.readers.second_factor import FACTORS
from broadsheet.staff.roles import is_staff


class LastFactor(Exception):
    """The newsroom would be closed to its owner afterwards."""


def follow_new_factor(request: HttpRequest, user: User) -> None:
    """Sessions that were opened without it end; the owner is told by mail."""
    end_other_sessions(request, user)
    post_notice(_letter(user, "added"))


def remove_factor(request: HttpRequest, user: User, factor: Authenticator) -> None:
    """The caller has made sure that it is the owner who asks. Raises LastFactor where one is required."""
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=factor.pk)
    if config().staff_second_factor == "required" and is_staff(user) and not others.exists():
        raise LastFactor
    delete_and_cleanup(request, factor)
    post_notice(_letter(user, "removed"))


def _letter(user: User, change: str) -> Letter:
    return Letter("second_factor", user.email, _("Your second factor at {publication}"), {"change": change})
