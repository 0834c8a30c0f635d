"""Delete an account: its row, sessions, passes, codes and counted reads, and what other parts hold about it."""

from __future__ import annotations

import logging

from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from broadsheet.readers import privacy
from broadsheet.readers.acts.end_sessions import end_all_sessions
from broadsheet.readers.letters import Letter, post_notice
from broadsheet.readers.models import User
from broadsheet.readers.signals import account_erased

logger = logging.getLogger(__name__)


class LastAdministrator(Exception):
    """Nobody could manage the publication afterwards."""


def delete_account(request: HttpRequest, user: User) -> None:
    """The caller has made sure that it is the owner who asks. Raises LastAdministrator and privacy.CannotErase."""
    if user.is_superuser and not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists():
        raise LastAdministrator
    privacy.prepare_to_erase(user)  # whoever is refused stays signed in
    logout(request)
    erase_account(user)
    logger.info("An account was deleted by its owner.")


def erase_account(user: User) -> None:
    """Whoever asked for it; the caller has made sure that they may. Raises privacy.CannotErase: then all is as it was."""
    id_, email = user.pk, user.email
    privacy.prepare_to_erase(user)
    end_all_sessions(user)
    with transaction.atomic():
        user.delete()  # watch.py has every part erase what it holds, and the ledger forget
    account_erased.send(sender=User, user_id=id_)
    post_notice(Letter("account_deleted", email, _("Your account at {publication} is deleted")))
