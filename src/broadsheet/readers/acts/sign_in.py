"""Sign an account in on this browser: what follows every proof, by code, password or passkey."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.internal.stagekit import unstash_login
from allauth.account.utils import perform_login
from django.http import HttpRequest

from broadsheet import clock
from broadsheet.readers.acts.join_reads import join_reads
from broadsheet.readers.models import User
from broadsheet.readers.signals import signed_in

PROOF_LASTS = timedelta(minutes=30)
WAITS_FOR_FACTOR = timedelta(minutes=15)  # as allauth keeps a sign-in that has begun
_PROVED_AT = "proved_at"


class AccountClosed(Exception):
    """The account exists and was closed by the publication."""


class SecondFactorNeeded(Exception):
    """The account has a second factor: nobody is signed in until it was given, at /login/factor/."""


def sign_in(request: HttpRequest, user: User) -> None:
    """Through allauth's stages, of which a second factor is one. The session's key is renewed.

    Whoever was signed in on this browser before is signed out by it. Raises AccountClosed and SecondFactorNeeded.
    """
    perform_login(request, user, email=user.email)
    if request.user.pk != user.pk:
        if unstash_login(request, peek=True) is None:
            raise AccountClosed
        request.session.set_expiry(WAITS_FOR_FACTOR)
        raise SecondFactorNeeded
    arrive(request, user)


def arrive(request: HttpRequest, user: User) -> None:
    """What follows once every stage is passed."""
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
