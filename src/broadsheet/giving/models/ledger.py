"""The ledger: what moved, in double entry. Append-only, by triggers of the database (`giving/append_only.py`).

A row of `Movement` debits one account and credits another, so that every transaction adds up to zero however it came about.
Accounts and rules: `core.books`. It is written by `giving/posting.py` and nowhere else.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving.models.gifts import REF, Donation
from broadsheet.giving.models.money_fields import MinorField, currency_field
from broadsheet.newsroom.models.called import called


class Kind(models.TextChoices):
    GIFT = books.Kind.GIFT.value, _("gift")
    FEE = books.Kind.FEE.value, _("fee")
    REFUND = books.Kind.REFUND.value, _("refund")
    REFUND_BACK = books.Kind.REFUND_BACK.value, _("refund that came back")
    FEE_BACK = books.Kind.FEE_BACK.value, _("fee returned")
    DISPUTE = books.Kind.DISPUTE.value, _("dispute")
    DISPUTE_FEE = books.Kind.DISPUTE_FEE.value, _("fee of a dispute")
    DISPUTE_WON = books.Kind.DISPUTE_WON.value, _("dispute won")
    PAYOUT = books.Kind.PAYOUT.value, _("payout")
    PAYOUT_BACK = books.Kind.PAYOUT_BACK.value, _("payout that came back")
    CORRECTION = books.Kind.CORRECTION.value, _("correction")


@called(_("transactions"))
class Transaction(models.Model):
    """Something that happened to money, posted once: the key is the provider, its object's name and the kind."""

    provider = models.CharField(max_length=20)
    object_ref = models.CharField(max_length=REF)
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()  # when it happened, as the provider dates it
    posted_at = models.DateTimeField()
    donation = models.ForeignKey(Donation, null=True, on_delete=models.PROTECT, related_name="transactions")
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    by_id = models.BigIntegerField(null=True)  # the account; None: the provider's word
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("transaction")
        constraints = [models.UniqueConstraint(fields=["provider", "object_ref", "kind"], name="posted_once")]
        indexes = [models.Index(fields=["at"], name="transactions_by_time")]


@called(_("movements"))
class Movement(models.Model):
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="movements")
    debit = models.CharField(max_length=40)
    credit = models.CharField(max_length=40)
    amount_minor = MinorField()
    currency = currency_field()
    at = models.DateTimeField()  # of the transaction: reports sum by it without reading that

    class Meta:
        verbose_name = _("movement")
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="more_than_nothing_moves"),
            models.CheckConstraint(condition=~models.Q(debit=models.F("credit")), name="between_two_accounts"),
        ]
        indexes = [
            # All that a sum needs, so that no row is read: of two accounts, a span of time is one walk (`giving/reports.py`).
            models.Index(fields=["currency", "debit", "credit", "at", "amount_minor"], name="movements_by_account"),
            models.Index(fields=["at"], name="movements_by_time"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
