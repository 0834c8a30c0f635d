"""Change an account's address: the new one proves itself by a code first, and the old one is told."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from broadsheet.readers import codes, limits, pending
from broadsheet.readers.acts.finish_sign_in import mark_proved
from broadsheet.readers.codes import Outcome
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import Purpose, User
from broadsheet.readers.pending import Pending
from broadsheet.readers.signals import address_proved


class AddressTaken(Exception):
    """Another account has this address. Said only to somebody who has just proved that the mailbox is theirs."""


def begin_change_of_address(request: HttpRequest, email: str) -> None:
    """Send a code to the new address, whether it has an account or not. Raises TooMany and MailNotSent."""
    waiting = pending.find(request, Purpose.NEW_ADDRESS)
    if waiting is not None and waiting.code.is_on_its_way_to(email):
        return
    limits.take(limits.CODES, request, email)
    pending.keep(request, codes.send(Purpose.NEW_ADDRESS, email), "/account/")


def finish_change_of_address(request: HttpRequest, user: User, waiting: Pending, typed: str) -> Outcome:
    """Raises TooMany and AddressTaken."""
    limits.take(limits.TRIES, request)
    outcome = codes.try_digits(waiting.code, typed)
    if outcome is Outcome.RIGHT:
        pending.forget(request)
        old, new = user.email, waiting.code.email
        move_to(user, new)
        post_notice(
            Letter("address_changed", old, _("Your address at {publication} was changed"), {"new_host": _host(new)})
        )
    return outcome


def move_to(user: User, email: str) -> None:
    """The caller has made sure that it is theirs. Raises AddressTaken."""
    if User.objects.filter(email=email).exclude(pk=user.pk).exists():
        raise AddressTaken
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
            mark_proved(user, email)
    except IntegrityError as fault:
        raise AddressTaken from fault
    address_proved.send(sender=User, user=user)


def _host(email: str) -> str:
    """Whoever reads the old mailbox learns where the account went only as far as they need to recognise it."""
    return email.rpartition("@")[2]
