"""What providers call to tell us: kept before it is answered, posted afterwards, each once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.giving.models.gifts import REF
from broadsheet.newsroom.models.called import called


@called(_("events"))
class ProviderEvent(models.Model):
    """That something happened to an object. What happened is not taken from it: the object is read again at the provider."""

    provider = models.CharField(max_length=20)
    event_ref = models.CharField(max_length=REF)
    kind = models.CharField(max_length=80)
    object_ref = models.CharField(max_length=REF)
    received_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # to be posted; null: done, or given up and shown on the money desk
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("event")
        constraints = [models.UniqueConstraint(fields=["provider", "event_ref"], name="heard_once")]
        indexes = [
            models.Index(fields=["due_at"], name="events_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["received_at"],
                name="events_given_up",
                condition=models.Q(due_at__isnull=True, posted_at__isnull=True),
            ),
        ]
