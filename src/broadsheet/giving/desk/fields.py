"""Fields of the desk's forms: money as people write it, and the name by which a form is sent once."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from broadsheet.core.money import Fault, Money, NotAnAmount, parse

FAULTS = {
    Fault.NOT_A_NUMBER: _("Write an amount, such as 25 or 25.50."),
    Fault.NEGATIVE: _("Write an amount of more than nothing."),
    Fault.TOO_FINE: _("This currency has no such small parts."),
    Fault.TOO_LARGE: _("That is more than can be entered here."),
    Fault.AMBIGUOUS: _("This could be thousands or decimals. Write it without a point, or with all decimals: 1200.00."),
}


class AmountField(forms.CharField):
    """Money in `currency`, which the form sets before it is read."""

    currency = "EUR"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **kwargs
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            amount = parse(text, self.currency)
        except NotAnAmount as fault:
            raise ValidationError(FAULTS[fault.fault]) from fault
        if amount <= Money(0, self.currency):
            raise ValidationError(FAULTS[Fault.NEGATIVE])
        return amount


class KeyField(forms.RegexField):
    """Drawn when the form is shown: sent twice, what it asks for is done once."""

    def __init__(self) -> None:
        super().__init__(r"\A[-\w]{8,40}\Z", widget=forms.HiddenInput, initial=lambda: secrets.token_urlsafe(12))
