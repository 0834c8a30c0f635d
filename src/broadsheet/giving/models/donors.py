"""Who gives. A donor is known by an e-mail address; an account is not needed, and may be joined later."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.newsroom.models.called import called
from broadsheet.readers.models import User


@called(_("donors"), email=_("e-mail address"), name=_("name"), is_named=_("may be thanked by name"))
class Donor(models.Model):
    """One address, one donor; an account that has changed its address has several.

    Erased, a donor is a number: what they gave stays in the books, and receipts stay as long as the law wants them kept.
    """

    email = models.EmailField(blank=True)  # in small letters; empty: erased, or money that came without one
    name = models.CharField(max_length=120, blank=True)
    is_named = models.BooleanField(default=False)
    account = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="donors")
    known_since = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("donor")
        constraints = [
            models.UniqueConstraint(fields=["email"], condition=~models.Q(email=""), name="one_donor_an_address")
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"{self._meta.verbose_name} {self.pk}"


class Customer(models.Model):
    """How a provider calls a donor."""

    donor = models.ForeignKey(Donor, on_delete=models.CASCADE, related_name="customers")
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="one_donor_a_customer"),
        ]
