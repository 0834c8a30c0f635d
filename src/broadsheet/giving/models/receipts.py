"""Receipts: numbered without a gap for each legal entity and year; never changed, only voided and issued anew."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.giving.models.gifts import Donation
from broadsheet.newsroom.models.called import called


class ReceiptSeries(models.Model):
    """The last number given, of one entity in one year. Locked while the next is taken."""

    entity = models.CharField(max_length=120)  # its name as it stood on the receipts
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "year"], name="one_series_a_year")]


@called(_("receipts"))
class Receipt(models.Model):
    """Append-only (`giving/append_only.py`). `content`: all that stands on it, canonical JSON (RFC 8785).

    `content` changes only by an erasure, which counts itself, once the law no longer wants the name kept.
    """

    entity = models.CharField(max_length=120)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="receipts")
    issued_at = models.DateTimeField()
    content = models.TextField()
    erasures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("receipt")
        constraints = [models.UniqueConstraint(fields=["entity", "year", "number"], name="one_receipt_a_number")]
        indexes = [
            models.Index(fields=["year"], name="receipts_with_names", condition=models.Q(erasures=0)),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.says['number']}"

    @property
    def says(self) -> dict[str, Any]:
        """What stands on it; `donor` is empty once it was erased."""
        said: dict[str, Any] = json.loads(self.content)
        return said


@called(_("voided receipts"))
class ReceiptVoid(models.Model):
    """Append-only. That a receipt no longer holds, why, who says so, and which one took its place."""

    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="void")
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300)
    successor = models.OneToOneField(Receipt, null=True, on_delete=models.PROTECT, related_name="predecessor")

    class Meta:
        verbose_name = _("voided receipt")
