"""Receipts: numbered without a gap for each legal entity and year, with all that stands on them kept as it was issued.

Nothing on a receipt is looked up again: its figures are written as the language of that day wrote them. What may be said of
one later (that it no longer holds, which one took its place) are rows of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import rfc8785
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_noop

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.amounts import written
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Donation, GivingSettings, Kind, Receipt, ReceiptSeries, ReceiptVoid
from broadsheet.giving.providers import PRETENDED
from broadsheet.giving.statements import kept_of
from broadsheet.newsroom.language import of_the_edition, speaking
from broadsheet.newsroom.models import Publication

if TYPE_CHECKING:
    from broadsheet.giving.posting import Posted

LOCK = "receipts"
GIVEN_BACK = gettext_noop("The money was given back.")
KEEPS_OTHERWISE = gettext_noop("Another amount is kept of the gift than this one says.")


class NothingKept(Exception):
    """All of the gift was given back: there is nothing to issue a receipt for."""


def issue_receipt(donation: Donation) -> Receipt:
    """The first of a gift, for all of it."""
    with transaction.atomic(), one_at_a_time(LOCK):
        return _issue(donation, donation.amount)


def issue_in_place_of(receipt: Receipt) -> Receipt:
    """For what is kept of the gift, with names as they are known now. Inside the transaction that voids the other.

    Raises NothingKept.
    """
    kept = kept_of(receipt.donation)
    if kept.amount_minor <= 0:
        raise NothingKept
    with transaction.atomic(), one_at_a_time(LOCK):
        return _issue(receipt.donation, kept, replaces=receipt.says["number"])


def follow_refunds(posted: Posted) -> None:
    """A receipt says what was kept: after a refund it is void, and issued anew for the rest. Inside the transaction of the
    posting. Money that a giver's bank takes back is another matter: it may return, and people decide."""
    moved = [entry.donation for entry in posted.transactions if entry.kind in _MAY_CHANGE_WHAT_IS_KEPT]
    for donation in {donation.pk: donation for donation in moved if donation is not None}.values():
        with one_at_a_time(LOCK):
            _say_what_is_kept(donation)


_MAY_CHANGE_WHAT_IS_KEPT = (Kind.REFUND, Kind.REFUND_BACK, Kind.DISPUTE_WON)


def _say_what_is_kept(donation: Donation) -> None:
    receipt = donation.receipts.select_related("void").order_by("-pk").first()
    if receipt is None:
        return
    is_void = hasattr(receipt, "void")
    if is_void and receipt.void.reason != GIVEN_BACK:
        return  # by somebody who knew why
    if not is_void and receipt.says["amount_minor"] == kept_of(donation).amount_minor:
        return
    try:
        successor, reason = issue_in_place_of(receipt), KEEPS_OTHERWISE
    except NothingKept:
        successor, reason = None, GIVEN_BACK
    if not is_void:
        ReceiptVoid.objects.create(receipt=receipt, at=clock.now(), reason=reason, successor=successor)


def standing_receipt(donation: Donation) -> Receipt | None:
    """The one that holds."""
    return donation.receipts.filter(void__isnull=True).order_by("-pk").first()


def successor_of(receipt: Receipt) -> Receipt | None:
    """The next of the same gift, whether it was issued at once or only later."""
    return Receipt.objects.filter(donation_id=receipt.donation_id, pk__gt=receipt.pk).order_by("pk").first()


def receipt_number(prefix: str, year: int, number: int) -> str:
    """
    >>> receipt_number("HERALD", 2026, 42), receipt_number("", 2026, 123456)
    ('HERALD-2026-00042', '2026-123456')
    """
    return "-".join(filter(None, [prefix, str(year), f"{number:05d}"]))


# ── forgetting


def forget_names(batch: int = 200) -> int:
    """Names and addresses on receipts that the law no longer wants kept; how many. Call again while there are any.

    Kept for whole years, counted from the end of the year in which the money arrived.
    """
    years = GivingSettings.ours().receipts_kept_years
    this_year = timezone.localtime(clock.now(), Publication.ours().time_zone).year
    due = list(Receipt.objects.filter(erasures=0, year__lt=this_year - years).order_by("pk")[:batch])
    for receipt in due:
        forget_name(receipt)
    return len(due)


def forget_name(receipt: Receipt) -> None:
    """Cannot be undone. The number, the amount and the day stay: the series has no gap."""
    content = rfc8785.dumps({**receipt.says, "donor": {}}).decode()
    Receipt.objects.filter(pk=receipt.pk, erasures=receipt.erasures).update(
        content=content, erasures=receipt.erasures + 1
    )


# ── issuing


def _issue(donation: Donation, amount: Money, replaces: str = "") -> Receipt:
    """The next number of the entity and of the year, by the publication's clock, in which the money arrived."""
    settings, house = GivingSettings.ours(), Publication.ours()
    entity = settings.entity_name or house.name
    paid_at = timezone.localtime(donation.paid_at, house.time_zone)
    series, _ = ReceiptSeries.objects.get_or_create(entity=entity, year=paid_at.year)
    series.last_number += 1
    series.save()
    now = clock.now()
    with speaking():
        content = {
            "number": receipt_number(settings.receipt_prefix, paid_at.year, series.last_number),
            "replaces": replaces,
            "issued_on": date_format(timezone.localtime(now, house.time_zone)),
            "language": of_the_edition(),
            "entity": {
                "name": entity,
                "address": settings.entity_address,
                "registration": settings.entity_registration,
            },
            "note": settings.receipt_note,
            **_gift(donation, amount, paid_at),
        }
    return Receipt.objects.create(
        entity=entity,
        year=paid_at.year,
        number=series.last_number,
        donation=donation,
        issued_at=now,
        content=rfc8785.dumps(content).decode(),
    )


def _gift(donation: Donation, amount: Money, paid_at: datetime) -> dict[str, Any]:
    return {
        "donor": {"name": donation.donor.name, "email": donation.donor.email},
        "amount_minor": amount.amount_minor,
        "currency": amount.currency,
        "amount": written(amount),
        "paid_at": donation.paid_at.isoformat(),
        "paid_on": date_format(paid_at),
        "frequency": donation.pledge.frequency if donation.pledge else "once",
        "method": donation.method,
        "is_pretended": donation.provider == PRETENDED,
    }
