"""The trail of who did what: what staff do is written to Wagtail's log, beside what Wagtail writes there itself.

An entry names a reader or a donor by number, never by address, and no article a reader opened: the trail outlives accounts.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogActionRegistry, LogFormatter, log
from wagtail.models import ModelLogEntry

from broadsheet.newsroom.language import speaking
from broadsheet.readers.models import User
from broadsheet.staff.roles import ADMINISTRATOR, ROLES, is_staff

# action: (label, sentence). The sentence may use what is in the entry's data.
ACTIONS = {
    "staff.signed_in": (_("Sign-in"), _("Signed in")),
    "staff.factor_failed": (_("Wrong second factor"), _("A wrong second factor was given")),
    "staff.factor_added": (_("Second factor set up"), _("Set up a second factor: {factor}")),
    "staff.factor_removed": (_("Second factor removed"), _("Removed a second factor: {factor}")),
    "staff.codes_made": (_("Recovery codes made"), _("Made new recovery codes")),
    "staff.code_used": (_("Recovery code used"), _("Signed in with a recovery code")),
    "staff.factor_reset": (_("Second factor reset"), _("Second factor reset")),
    "staff.recovered": (_("Account recovered"), _("New password and no second factor, from the command line")),
    "staff.roles_changed": (_("Roles changed"), _("Roles: {before} → {after}")),
    "staff.closed": (_("Account closed"), _("Account closed")),
    "staff.opened": (_("Account opened again"), _("Account opened again")),
    "reader.asked_why": (_("Looked up why"), _("Looked up why an article was open or walled")),
    "reader.article_opened": (_("Article opened for a reader"), _("Opened an article")),
    "reader.count_reset": (_("Count reset"), _("Reset the count")),
    "reader.sessions_ended": (_("Reader signed out"), _("Signed the reader out everywhere")),
    "reader.merged": (_("Accounts merged"), _("Merged number {other} into it")),
    "reader.erased": (_("Reader erased"), _("Erased the account")),
    "giving.refunded": (_("Money given back"), _("Gave {amount} back to donor {donor}")),
    "giving.payment_entered": (_("Payment entered"), _("Entered {amount} from donor {donor}")),
    "giving.attempt_given_up": (_("Attempt given up"), _("No longer waits for {amount}")),
    "giving.event_tried_again": (_("Event tried again"), _("Had an event of a payment provider tried again")),
    "giving.pledge_ended": (_("Pledge ended"), _("Ended the pledge of donor {donor}")),
    "giving.receipt_voided": (_("Receipt voided"), _("Voided receipt {number}")),
    "giving.receipt_reissued": (_("Receipt issued anew"), _("Issued receipt {number} in place of one before")),
}


# What entries hold in English, and is read in the language of whoever reads the trail.
APP, PASSKEY = gettext_noop("authenticator app"), gettext_noop("passkey")


def record(action: str, about: Model, *, by: User | None = None, reason: str = "", **data: Any) -> None:
    """Write one entry. Without `by`, it is whoever is signed in to the admin, or nobody (the command line)."""
    title = None
    if isinstance(about, User):
        with speaking():
            title = str(about) if is_staff(about) else reader_label(about.pk)
    log(about, action, user=by, title=title, data={**data, **({"reason": reason} if reason else {})})


def reader_label(number: int) -> str:
    return gettext("Reader %(number)d") % {"number": number}


def forget_names(user: User) -> None:
    """Entries about an account stay, by its number."""
    with speaking():
        ModelLogEntry.objects.for_instance(user).update(label=reader_label(user.pk))


def register(registry: LogActionRegistry) -> None:
    for action, (label, sentence) in ACTIONS.items():
        registry.register_action(action)(_formatter(label, sentence))


def _formatter(said: Any, sentence: Any) -> type[LogFormatter]:
    class Sentence(LogFormatter):
        label = said

        def format_message(self, log_entry: Any) -> str:
            data = log_entry.data or {}
            text = str(sentence).format_map(defaultdict(str, {key: _text(value) for key, value in data.items()}))
            return f"{text}. {data['reason']}" if data.get("reason") else text

    return Sentence


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_role_word, value)) or "–"
    return gettext(value) if value in (APP, PASSKEY) else str(value)


def _role_word(key: str) -> str:
    if key == ADMINISTRATOR:
        return gettext("administrator")
    return next((str(role.name).lower() for role in ROLES if role.key == key), key)
