"""What came of comparing the books with a provider's own account."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.newsroom.models.called import called


@called(_("reconciliations"))
class Reconciliation(models.Model):
    """One comparison of one provider. The newest of each is what the money desk shows; older ones are its history."""

    provider = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    lines = models.PositiveIntegerField(default=0)  # of the provider's account that were compared
    mended = models.PositiveIntegerField(default=0)  # of them, what had been missed and was posted
    differences = models.JSONField(default=list)  # `reconciling.Difference`, in words of JSON
    fault = models.CharField(max_length=300, blank=True)  # why the provider could not be asked, or not to the end

    class Meta:
        verbose_name = _("reconciliation")
        indexes = [models.Index(fields=["provider", "-began_at"], name="newest_reconciliation")]

    def __str__(self) -> str:
        return f"{self.provider} {self.since:%Y-%m-%d} – {self.until:%Y-%m-%d}"
