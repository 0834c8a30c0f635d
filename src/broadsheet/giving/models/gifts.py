"""What readers set out to give, what they promised to give again, and what arrived."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.core.money import Money
from broadsheet.giving.models.donors import Donor
from broadsheet.giving.models.money_fields import HasAmount, MinorField
from broadsheet.newsroom.models.called import called
from broadsheet.readers.models import User

REF = 120  # the longest name a provider gives its objects


class Frequency(models.TextChoices):
    ONCE = "once", _("Once")
    MONTHLY = "monthly", _("Monthly")
    YEARLY = "yearly", _("Yearly")

    @property
    def repeats(self) -> bool:
        return self is not Frequency.ONCE


class AttemptState(models.TextChoices):
    BEGUN = "begun", _("begun")  # the reader is at the provider's page, or left it
    AWAITED = "awaited", _("awaited")  # a bank transfer was announced
    PAID = "paid", _("paid")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("given up")


def new_attempt_id() -> str:
    return secrets.token_urlsafe(16)


@called(_("attempts"))
class Attempt(HasAmount):
    """A reader pressed *Give*. Kept also where nothing came of it: whether the way is broken shows here first."""

    id = models.CharField(primary_key=True, max_length=22, default=new_attempt_id, editable=False)
    frequency = models.CharField(max_length=8, choices=Frequency)
    cover_minor = MinorField(default=0)  # of the amount: added so that the fee is covered
    email = models.EmailField(blank=True)  # empty: the provider asks for it
    name = models.CharField(max_length=120, blank=True)
    is_named = models.BooleanField(default=False)
    message = models.TextField(max_length=500, blank=True)
    account = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    donor = models.ForeignKey(Donor, null=True, on_delete=models.SET_NULL, related_name="attempts")

    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=REF, blank=True, db_index=True)  # of its page; empty: it never answered
    reference = models.CharField(max_length=20, blank=True, db_index=True)  # what a bank transfer is to say

    state = models.CharField(max_length=8, choices=AttemptState, default=AttemptState.BEGUN)
    fault = models.CharField(max_length=200, blank=True)  # the provider's reason, in its own words
    begun_at = models.DateTimeField(db_index=True)
    settled_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # when the provider was last asked; null: not since it was begun

    # Where the reader came from; first-party, and never which reader read what.
    place = models.CharField(max_length=12, blank=True)
    appeal = models.ForeignKey("giving.Appeal", null=True, on_delete=models.SET_NULL, related_name="attempts")
    article_id = models.BigIntegerField(null=True)  # not a foreign key: the record outlives the article
    newsletter = models.CharField(max_length=60, blank=True)

    pass_text = models.CharField(max_length=22, blank=True)  # of the supporter's cookie given to the browser that gave

    class Meta:
        verbose_name = _("attempt")
        indexes = [models.Index(fields=["state", "begun_at"], name="attempts_by_state")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def cover(self) -> Money:
        return Money(self.cover_minor, self.currency)


class PledgeState(models.TextChoices):
    ACTIVE = "active", _("active")
    FAILING = "failing", _("payment failed")  # the provider tries again
    PAUSED = "paused", _("paused")
    ENDED = "ended", _("ended")


class EndReason(models.TextChoices):
    READER = "reader", _("cancelled by the reader")
    STAFF = "staff", _("cancelled by us")
    FAILED = "failed", _("lapsed: the payment kept failing")
    PROVIDER = "provider", _("ended at the payment provider")


@called(_("pledges"))
class Pledge(HasAmount):
    """A promise to give again, monthly or yearly, as the provider last told of it."""

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="pledges")
    attempt = models.OneToOneField(Attempt, null=True, on_delete=models.SET_NULL, related_name="pledge")
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=REF)
    frequency = models.CharField(max_length=8, choices=Frequency)
    state = models.CharField(max_length=8, choices=PledgeState, default=PledgeState.ACTIVE)
    started_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)  # the next payment, or the next try of one that failed
    failing_since = models.DateTimeField(null=True)
    failed_tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=200, blank=True)
    paused_until = models.DateTimeField(null=True)  # null while paused: until the reader resumes it
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=8, choices=EndReason, blank=True)
    seen_at = models.DateTimeField()  # when the provider was last asked

    class Meta:
        verbose_name = _("pledge")
        constraints = [models.UniqueConstraint(fields=["provider", "provider_ref"], name="one_pledge_a_reference")]
        indexes = [models.Index(fields=["state", "next_at"], name="pledges_by_state")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def supports(self) -> bool:
        """Whether who made it is a supporter: also while a failed payment is being repaired."""
        return self.state in (PledgeState.ACTIVE, PledgeState.FAILING)


class PledgeChange(models.Model):
    """Another amount than before: what was raised, and by whom (none: the provider said so)."""

    pledge = models.ForeignKey(Pledge, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(db_index=True)
    before_minor = MinorField()
    after_minor = MinorField()
    by_id = models.BigIntegerField(null=True)


@called(_("donations"))
class Donation(HasAmount):
    """Money received, once: each payment of a pledge is one. What of it was given back stands in the ledger."""

    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="donations")
    pledge = models.ForeignKey(Pledge, null=True, on_delete=models.PROTECT, related_name="donations")
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.SET_NULL, related_name="donations")
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=REF)
    paid_at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=60, blank=True)  # as the provider says it: card, sepa_debit, bank transfer
    # The letter of thanks: due until it was handed over. A row and not a task, so that a crash forgets none.
    thanked_at = models.DateTimeField(null=True)
    thanks_due_at = models.DateTimeField(null=True, db_index=True)  # null: sent, or there is nobody to write to
    thanks_tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("donation")
        constraints = [models.UniqueConstraint(fields=["provider", "provider_ref"], name="one_donation_a_payment")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
