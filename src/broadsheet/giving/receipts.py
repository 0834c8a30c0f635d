"""Receipts: numbered without a gap for each legal entity and year, with all that stands on them kept as it was issued."""

from __future__ import annotations

from typing import Any

import rfc8785
from django.db import transaction
from django.utils import timezone

from broadsheet import clock
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import Donation, GivingSettings, Receipt, ReceiptSeries
from broadsheet.newsroom.models import Publication

RECEIPTS = "receipts"  # the lock


def issue_receipt(donation: Donation) -> Receipt:
    """The next number of the entity and of the year, by the publication's clock, in which the money arrived."""
    settings, house = GivingSettings.ours(), Publication.ours()
    entity = settings.entity_name or house.name
    paid_at = timezone.localtime(donation.paid_at, house.time_zone)
    with transaction.atomic(), one_at_a_time(RECEIPTS):
        series, _ = ReceiptSeries.objects.get_or_create(entity=entity, year=paid_at.year)
        series.last_number += 1
        series.save()
        number = receipt_number(settings.receipt_prefix, paid_at.year, series.last_number)
        return Receipt.objects.create(
            entity=entity,
            year=paid_at.year,
            number=series.last_number,
            donation=donation,
            issued_at=clock.now(),
            content=rfc8785.dumps(_content(donation, settings, entity, number)).decode(),
        )


def receipt_number(prefix: str, year: int, number: int) -> str:
    """
    >>> receipt_number("HERALD", 2026, 42), receipt_number("", 2026, 123456)
    ('HERALD-2026-00042', '2026-123456')
    """
    return "-".join(filter(None, [prefix, str(year), f"{number:05d}"]))


def _content(donation: Donation, settings: GivingSettings, entity: str, number: str) -> dict[str, Any]:
    return {
        "number": number,
        "entity": {
            "name": entity,
            "address": settings.entity_address,
            "registration": settings.entity_registration,
        },
        "donor": {"name": donation.donor.name, "email": donation.donor.email},
        "amount_minor": donation.amount_minor,
        "currency": donation.currency,
        "paid_at": donation.paid_at.isoformat(),
        "frequency": donation.pledge.frequency if donation.pledge else "once",
        "method": donation.method,
        "note": settings.receipt_note,
    }
