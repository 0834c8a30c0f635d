"""Six digits to an address: making, sending, sending again, trying. Acts say what a code is for and what follows."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from broadsheet import clock
from broadsheet.readers.letters import Letter, MailNotSent, post
from broadsheet.readers.models import VALID_FOR, Purpose, SentCode


class Outcome(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"  # expired, used, or tried too often: only a new one helps


def send(purpose: Purpose, email: str) -> SentCode:
    """Make a code and post it to `email`; raises MailNotSent, and then there is no code."""
    id_, digits, now = secrets.token_urlsafe(18), _digits(), clock.now()
    code = SentCode.objects.create(
        id=id_, purpose=purpose, email=email, digest=_digest(id_, digits), sent_at=now, expires_at=now + VALID_FOR
    )
    try:
        post(_letter(code, digits))
    except MailNotSent:
        code.delete()
        raise
    return code


@contextmanager
def sending_again(code: SentCode) -> Iterator[bool]:
    """Claim the right to send once more; False where it is too early. What fails inside gives the claim back."""
    may = SentCode.objects.take_sending(code.id, clock.now())
    try:
        yield may
    except BaseException:
        if may:
            SentCode.objects.filter(id=code.id).update(sent_at=code.sent_at)
        raise


def send_new_digits(code: SentCode) -> None:
    """Replace the digits, give five tries anew, and post them. Raises MailNotSent: those before then still work."""
    digits = _digits()
    digest = _digest(code.id, digits)
    SentCode.objects.filter(id=code.id).update(digest=digest, expires_at=clock.now() + VALID_FOR, tries=0)
    try:
        post(_letter(code, digits))
    except MailNotSent:
        SentCode.objects.filter(id=code.id, digest=digest).update(
            digest=code.digest, expires_at=code.expires_at, tries=code.tries
        )
        raise


def try_digits(code: SentCode, typed: str) -> Outcome:
    """Compare, once a try is taken; the right digits are used up by whoever is first."""
    if not SentCode.objects.take_try(code.id, clock.now()):
        return Outcome.SPENT
    digest = _digest(code.id, typed)
    code.refresh_from_db()
    if not constant_time_compare(digest, code.digest):
        return Outcome.WRONG if code.tries_left else Outcome.SPENT
    return Outcome.RIGHT if SentCode.objects.use(code.id, digest, clock.now()) else Outcome.SPENT


def _digits() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _digest(id_: str, digits: str) -> str:
    """Keyed and bound to the one code: six digits alone could be found by trying a million."""
    return salted_hmac("broadsheet.readers.codes", f"{id_}:{digits}", algorithm="sha256").hexdigest()


def _letter(code: SentCode, digits: str) -> Letter:
    """The same letter whether there is an account or not."""
    return Letter(
        name=f"code_{code.purpose.replace('-', '_')}",
        to=code.email,
        subject=_SUBJECTS[Purpose(code.purpose)],
        context={"digits": digits, "minutes": int(VALID_FOR.total_seconds() // 60)},
    )


_SUBJECTS = {
    Purpose.SIGN_IN: _("Your code for {publication}"),
    Purpose.CONFIRM: _("Your code for {publication}"),
    Purpose.NEW_ADDRESS: _("Your new address at {publication}"),
}
