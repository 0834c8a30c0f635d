"""How money lies in a row: whole minor units, and the currency beside them."""

from __future__ import annotations

from typing import Any

from django.db import models

from broadsheet.core.money import Money


class MinorField(models.BigIntegerField[int, int]):
    """Minor units of the currency that the same row names."""


def currency_field(**options: Any) -> models.CharField[str, str]:
    """ISO 4217, three letters."""
    return models.CharField(max_length=3, **options)


class HasAmount(models.Model):
    """A row that is about an amount."""

    amount_minor = MinorField()
    currency = currency_field()

    class Meta:
        abstract = True

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
