"""Letters to donors that wait to be sent: one row each, written in the transaction of what they tell of."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.giving.models.donors import Donor
from broadsheet.giving.models.gifts import Donation, Pledge
from broadsheet.newsroom.models.called import called


class LetterKind(models.TextChoices):
    """Thanks are no row of these: they are due as long as `Donation.thanks_due_at` says so."""

    FAILED = "failed", _("payment failed")
    LAPSED = "lapsed", _("pledge lapsed")
    ENDED = "ended", _("pledge cancelled")
    CHANGED = "changed", _("pledge changed")
    PAUSED = "paused", _("pledge paused")
    RESUMED = "resumed", _("pledge resumed")
    RETURNED = "returned", _("money given back")
    REISSUED = "reissued", _("receipt issued anew")


@called(_("letters to donors"))
class GivingLetter(models.Model):
    """`key` names what it tells of, so that it is told once, however often that is heard. `told`: amounts and moments as they
    stood then, in what JSON can hold; names and addresses are read when it is sent."""

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=8, choices=LetterKind)
    donor = models.ForeignKey(Donor, on_delete=models.PROTECT, related_name="letters")
    pledge = models.ForeignKey(Pledge, null=True, on_delete=models.PROTECT, related_name="letters")
    donation = models.ForeignKey(Donation, null=True, on_delete=models.PROTECT, related_name="letters")
    told = models.JSONField(default=dict)
    written_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)  # null: sent, or given up
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("letter to a donor")
        indexes = [models.Index(fields=["due_at"], name="letters_due", condition=models.Q(due_at__isnull=False))]
