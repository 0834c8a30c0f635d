"""Sign an account in on this browser: what follows every proof, by code or by password."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.utils import perform_login
from django.http import HttpRequest

from broadsheet import clock
from broadsheet.readers.acts.join_reads import join_reads
from broadsheet.readers.models import User
from broadsheet.readers.signals import signed_in

PROOF_LASTS = timedelta(minutes=30)
_PROVED_AT = "proved_at"


class AccountClosed(Exception):
    """The account exists and was closed by the publication."""


def sign_in(request: HttpRequest, user: User) -> None:
    """Through allauth's stages, so that a second factor can be one of them. The session's key is renewed.

    Whoever was signed in on this browser before is signed out by it. Raises AccountClosed.
    """
    perform_login(request, user, email=user.email)
    if request.user.pk != user.pk:
        raise AccountClosed
    request.session.set_expiry(None)
    note_proof(request)
    join_reads(request, user)
    signed_in.send(sender=User, user=user, request=request)


def note_proof(request: HttpRequest) -> None:
    request.session[_PROVED_AT] = clock.timestamp()


def has_proved_lately(request: HttpRequest) -> bool:
    """Whether this session gave a code or a password in the last half hour: asked before anything that could take the
    account away from its owner. A browser left open at a library is not enough.
    """
    proved_at = request.session.get(_PROVED_AT)
    return proved_at is not None and timedelta(0) <= clock.now() - _moment(proved_at) < PROOF_LASTS


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, clock.now().tzinfo)
