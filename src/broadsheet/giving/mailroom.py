"""Carries out the letters that are due: thanks with their receipts, and what else donors are told. A duty of the worker.

The next try is set before this one begins, so that a worker that dies over a letter has failed at it like any other. Killed
between the mail server's yes and our note of it, one letter at most goes out again, under the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Model, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.money import Money
from broadsheet.giving import words
from broadsheet.giving.amounts import written as in_figures
from broadsheet.giving.models import Donation, Frequency, GivingLetter, GivingSettings, LetterKind, Pledge, Receipt
from broadsheet.giving.receipt_links import file_name, letter_url
from broadsheet.giving.receipt_pdf import receipt_pdf
from broadsheet.giving.receipt_sheet import receipt_sheet
from broadsheet.giving.receipts import standing_receipt
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Publication
from broadsheet.readers.letters import Letter, MailNotSent, written

log = logging.getLogger(__name__)

AT_ONCE = 50
MOST_TRIES = 10  # over about two days and a half
MOST_REFUSALS = 3  # "never", said by a mail server: it may be our own password that is wrong
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=12)


@dataclass(frozen=True)
class _Columns:
    """Where a row notes that its letter is due, sent, and how often it was tried."""

    due: str
    sent: str
    tries: str


_OF_THANKS = _Columns("thanks_due_at", "thanked_at", "thanks_tries")
_OF_LETTERS = _Columns("due_at", "sent_at", "tries")


def post_due_letters() -> bool:
    """True if there are more."""
    now = clock.now()
    thanks = list(
        Donation.objects.select_related("donor", "pledge")
        .filter(thanks_due_at__lte=now)
        .order_by("thanks_due_at")[:AT_ONCE]
    )
    for donation in thanks:
        _carry_out(donation, _OF_THANKS, write_thanks)
    letters = list(
        GivingLetter.objects.select_related("donor", "pledge", "donation")
        .filter(due_at__lte=now)
        .order_by("pk")[:AT_ONCE]
    )
    for letter in letters:
        _carry_out(letter, _OF_LETTERS, write_letter)
    return AT_ONCE in (len(thanks), len(letters))


# ── one letter


def _carry_out(row: Any, columns: _Columns, write: Callable[[Any], EmailMultiAlternatives]) -> None:
    if not row.donor.email:  # erased since
        _note(row, **{columns.due: None})
        return
    if not _claimed(row, columns):
        return
    try:
        write(row).send()
    except MailNotSent as fault:
        _not_sent(row, columns, str(fault), MOST_REFUSALS if fault.permanent else MOST_TRIES)
    except Exception as fault:  # whatever it is: the others are sent, and this one is tried again
        log.exception("A letter to a donor could not be written: %s %d.", row._meta.model_name, row.pk)
        _not_sent(row, columns, type(fault).__name__, MOST_TRIES)
    else:
        _note(row, **{columns.due: None, columns.sent: clock.now()})


def _claimed(row: Any, columns: _Columns) -> bool:
    """Of two workers, one has it."""
    tries, now = getattr(row, columns.tries), clock.now()
    due_again = now + min(_FIRST_PAUSE * 3**tries, _LONGEST_PAUSE)
    still_due = _rows(row).filter(**{f"{columns.due}__lte": now})
    return bool(still_due.update(**{columns.due: due_again, columns.tries: F(columns.tries) + 1}))


def _not_sent(row: Any, columns: _Columns, fault: str, most: int) -> None:
    tries = getattr(row, columns.tries) + 1
    log.warning("A letter to a donor was not sent (%s %d, try %d): %s", row._meta.model_name, row.pk, tries, fault)
    if tries >= most:
        log.error("A letter to a donor is given up: %s %d.", row._meta.model_name, row.pk)
        _note(row, **{columns.due: None})


def _note(row: Model, **given: Any) -> None:
    _rows(row).update(**given)


def _rows(row: Model) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)


# ── what it says


def write_thanks(donation: Donation) -> EmailMultiAlternatives:
    house, ours, pledge = Publication.ours(), GivingSettings.ours(), donation.pledge
    receipt = standing_receipt(donation)
    is_first = pledge is not None and not pledge.donations.filter(paid_at__lt=donation.paid_at).exists()
    with speaking():
        context = {
            **_about_pledge(pledge, pledge.next_at if pledge else None),
            "heading": words.said(ours.thanks_heading, house.name),
            "thanks": words.said(ours.thanks_text, house.name),
            "gift": in_figures(donation.amount),
            "day": _day(donation.paid_at),
            "is_renewal": pledge is not None and not is_first,
            **_about_receipt(receipt),
        }
    subject = _THANKS["renewal" if context["is_renewal"] else "pledge" if pledge else "once"]
    return _sealed(Letter("giving_thanks", donation.donor.email, subject, context), f"thanks:{donation.pk}", receipt)


_THANKS = {
    "once": gettext_lazy("Thank you for your gift to {publication}"),
    "pledge": gettext_lazy("Thank you for supporting {publication}"),
    "renewal": gettext_lazy("Your gift to {publication} has arrived: thank you"),
}


def write_letter(letter: GivingLetter) -> EmailMultiAlternatives:
    kind, donation = LetterKind(letter.kind), letter.donation
    receipt = standing_receipt(donation) if donation else None
    subject, button, path = _LETTERS[kind]
    with speaking():
        context = {
            **_about_pledge(letter.pledge, _moment(letter.told.get("next_at")), letter.told.get("amount_minor")),
            **_about_receipt(receipt),
            **_told(letter),
            "letter_words": f"mail/giving_{kind}_words.txt",
            "button": str(button),
            "button_url": config().base_url + path,
        }
    return _sealed(Letter("giving_letter", letter.donor.email, subject, context), letter.key, receipt)


_TO_GIVING, _TO_DONATE = "/account/giving/", "/donate/"
_LETTERS: dict[LetterKind, tuple[Promise, Promise | str, str]] = {
    LetterKind.FAILED: (
        gettext_lazy("Your gift to {publication} could not be collected"),
        gettext_lazy("Repair the payment"),
        _TO_GIVING,
    ),
    LetterKind.LAPSED: (gettext_lazy("Your gift to {publication} has ended"), gettext_lazy("Give again"), _TO_DONATE),
    LetterKind.ENDED: (gettext_lazy("Your gift to {publication} is cancelled"), "", _TO_GIVING),
    LetterKind.CHANGED: (
        gettext_lazy("Your gift to {publication} is another amount now"),
        gettext_lazy("See what you give"),
        _TO_GIVING,
    ),
    LetterKind.PAUSED: (
        gettext_lazy("Your gift to {publication} is paused"),
        gettext_lazy("See what you give"),
        _TO_GIVING,
    ),
    LetterKind.RESUMED: (
        gettext_lazy("Your gift to {publication} goes on"),
        gettext_lazy("See what you give"),
        _TO_GIVING,
    ),
    LetterKind.RETURNED: (gettext_lazy("{publication} has given money back to you"), "", _TO_GIVING),
    LetterKind.REISSUED: (gettext_lazy("A new receipt from {publication}"), "", _TO_GIVING),
}


def _told(letter: GivingLetter) -> dict[str, Any]:
    """What only some of them tell: amounts and days in words."""
    told, of = letter.told, letter.pledge or letter.donation
    assert of is not None
    figures = {
        name.removesuffix("_minor"): in_figures(Money(told[name], of.currency))
        for name in ("before_minor", "returned_minor")
        if name in told
    }
    gift = letter.donation
    return {
        **figures,
        "gift": in_figures(gift.amount) if gift else "",
        "day": _day(gift.paid_at) if gift else "",
        "until": _day(_moment(told.get("until"))),
        "reason": told.get("reason", ""),
        "reminds": told.get("reminds", False),
        "number_before": told.get("number_before", ""),
    }


def _about_pledge(pledge: Pledge | None, next_at: datetime | None, amount_minor: int | None = None) -> dict[str, Any]:
    if pledge is None:
        return {"pledge": None}
    promises = {Frequency.MONTHLY: _("your monthly gift"), Frequency.YEARLY: _("your yearly gift")}
    return {
        "pledge": pledge,
        "promise": promises.get(Frequency(pledge.frequency), ""),
        "amount": in_figures(Money(pledge.amount_minor if amount_minor is None else amount_minor, pledge.currency)),
        "next_on": _day(next_at) if next_at and next_at > clock.now() else "",
        "since": _day(pledge.started_at),
    }


def _about_receipt(receipt: Receipt | None) -> dict[str, Any]:
    if receipt is None:
        return {"receipt": None}
    return {"receipt": receipt_sheet(receipt), "receipt_url": letter_url(receipt)}


def _sealed(letter: Letter, key: str, receipt: Receipt | None) -> EmailMultiAlternatives:
    message = written(letter)
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    seal = salted_hmac("broadsheet.giving.mailroom", key).hexdigest()[:32]
    message.extra_headers["Message-ID"] = f"<g{seal}@{host}>"  # the same if it has to be sent again
    if receipt is not None:
        message.attach(file_name(receipt.says["number"]), receipt_pdf(receipt), "application/pdf")
    return message


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment, Publication.ours().time_zone)) if moment else ""


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
