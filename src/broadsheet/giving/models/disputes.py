"""Disputes: a giver's bank took money back, and asks us until when we have something to say."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.giving.models.gifts import REF, Donation
from broadsheet.giving.models.money_fields import HasAmount
from broadsheet.newsroom.models.called import called


@called(_("disputes"))
class Dispute(HasAmount):
    """What moved stands in the ledger; this is what people need to know to answer. Open while neither won nor lost."""

    donation = models.ForeignKey(Donation, on_delete=models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=REF)
    reason = models.CharField(max_length=200, blank=True)  # the bank's, in the provider's words
    opened_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("dispute")
        constraints = [models.UniqueConstraint(fields=["provider", "provider_ref"], name="one_dispute_a_reference")]

    @property
    def is_open(self) -> bool:
        return self.won_at is None and self.lost_at is None
