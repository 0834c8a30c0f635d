"""What giving holds about an account: for downloads and erasures (`readers/privacy.py`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet.giving.acts.forget_donor import StillPromised, end_pledges, forget_donors
from broadsheet.giving.models import Attempt, Donation, Donor, GivingLetter, GivingSettings, Pledge, Receipt
from broadsheet.giving.statements import kept_of
from broadsheet.readers.models import User
from broadsheet.readers.privacy import CannotErase, Holder, Kept, register


def _gifts(user: User) -> list[dict[str, Any]]:
    gifts = Donation.objects.filter(donor__account=user).select_related("pledge", "attempt").order_by("paid_at")
    return [
        {
            "received_at": gift.paid_at.isoformat(),
            "amount": str(gift.amount),
            "kept": str(kept_of(gift)),
            "method": gift.method,
            "by": gift.provider,
            "reference": gift.provider_ref,
            "pledge": gift.pledge_id,
            "message": gift.attempt.message if gift.attempt else "",
        }
        for gift in gifts
    ]


def _pledges(user: User) -> list[dict[str, Any]]:
    return [
        {
            "number": pledge.pk,
            "amount": str(pledge.amount),
            "frequency": pledge.frequency,
            "state": pledge.state,
            "since": pledge.started_at.isoformat(),
            "next_at": _iso(pledge.next_at),
            "ended_at": _iso(pledge.ended_at),
            "by": pledge.provider,
            "changes": [
                {"at": change.at.isoformat(), "before_minor": change.before_minor, "after_minor": change.after_minor}
                for change in pledge.changes.order_by("at")
            ],
        }
        for pledge in Pledge.objects.filter(donor__account=user).order_by("started_at")
    ]


def _receipts(user: User) -> list[dict[str, Any]]:
    found = Receipt.objects.filter(donation__donor__account=user).select_related("void").order_by("pk")
    return [{**receipt.says, "void": hasattr(receipt, "void")} for receipt in found]


def _donor(user: User) -> list[dict[str, Any]]:
    return [
        {
            "email": donor.email,
            "name": donor.name,
            "may_be_thanked_by_name": donor.is_named,
            "known_since": donor.known_since.isoformat(),
            "known_to_payment_providers_as": [
                {"provider": each.provider, "reference": each.provider_ref} for each in donor.customers.order_by("pk")
            ],
            "letters": [
                {"about": letter.kind, "sent_at": _iso(letter.sent_at)}
                for letter in GivingLetter.objects.filter(donor=donor).order_by("pk")
            ],
        }
        for donor in _donors(user)
    ]


def _attempts(user: User) -> list[dict[str, Any]]:
    """What was set out for and came to nothing: what was paid is among the gifts."""
    found = _own_attempts(user).filter(donations=None, pledge=None).order_by("begun_at")
    return [
        {
            "begun_at": attempt.begun_at.isoformat(),
            "amount": str(attempt.amount),
            "frequency": attempt.frequency,
            "state": attempt.state,
            "message": attempt.message,
        }
        for attempt in found
    ]


def _prepare(user: User) -> None:
    try:
        end_pledges(_donors(user))
    except StillPromised as refused:
        raise CannotErase(_what_goes_on()) from refused


def _erase(user: User) -> None:
    try:
        forget_donors(_donors(user))
    except StillPromised as refused:
        raise CannotErase(_what_goes_on()) from refused
    _own_attempts(user).update(email="", name="", message="", is_named=False, account=None)


def _what_goes_on() -> str:
    return _(
        "A gift that repeats could not be ended, because the payment provider cannot be reached just now. Nothing was deleted."
        " Try again in a while, or cancel the gift first."
    )


def _keeps(user: User) -> list[Kept]:
    if not Donation.objects.filter(donor__account=user).exists():
        return []
    years = GivingSettings.ours().receipts_kept_years
    return [
        Kept(
            _("Your receipts, with the name and address that stand on them"),
            ngettext(
                "the law wants them kept for %(years)d year from the end of the year they are of; then the name is deleted",
                "the law wants them kept for %(years)d years from the end of the year they are of; then the name is deleted",
                years,
            )
            % {"years": years},
        ),
        Kept(
            _("What you gave and when, under a number and without a name"),
            _("so that the books add up; the payment provider keeps what it must by rules of its own"),
        ),
    ]


def _donors(user: User) -> list[Donor]:
    return list(Donor.objects.filter(account=user).order_by("pk"))


def _own_attempts(user: User) -> QuerySet[Attempt]:
    """Also those begun under the address without signing in."""
    return Attempt.objects.filter(Q(account=user) | Q(account=None, email=user.email))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


register(Holder("as_a_donor", _donor, prepare=_prepare, erase=_erase, keeps=_keeps))
register(Holder("gifts", _gifts))
register(Holder("gifts_that_repeat", _pledges))
register(Holder("gifts_not_made", _attempts))
register(Holder("receipts", _receipts))
