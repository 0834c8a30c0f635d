"""What a giver types. Nobody is charged on a guess: what cannot be read is asked for again, and all that was typed is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.core.money import DECIMALS, Fault, Money, NotAnAmount, parse
from broadsheet.giving.amounts import brief
from broadsheet.giving.models import Attempt, Frequency, GivingSettings
from broadsheet.giving.offer import Offer
from broadsheet.giving.providers.interface import Provider
from broadsheet.readers.forms import Plain
from broadsheet.readers.models import User

NAMES_OF_PROVIDERS = {
    "stripe": gettext_lazy("Card, or another way to pay at once"),
    "manual": gettext_lazy("Bank transfer"),
    "fake": gettext_lazy("Trial payment: no money moves"),
}

_FAULTS = {
    Fault.NOT_A_NUMBER: gettext_lazy("We cannot read that as an amount. Write it in digits, such as %(example)s."),
    Fault.NEGATIVE: gettext_lazy("A gift is more than nothing."),
    Fault.TOO_FINE: gettext_lazy("That is finer than the smallest coin: write an amount such as %(example)s."),
    Fault.TOO_LARGE: gettext_lazy("That is more than we can take here. The largest gift is %(most)s."),
    Fault.AMBIGUOUS: gettext_lazy("That may be thousands or a fraction: write it such as %(example)s."),
}


def read_amount(typed: str, settings: GivingSettings) -> Money:
    """Raises ValidationError, in words for who typed it."""
    said = {
        "example": _example(settings.currency),
        "least": brief(settings.least_gift),
        "most": brief(settings.most_gift),
    }
    try:
        amount = parse(typed, settings.currency)
    except NotAnAmount as fault:
        raise ValidationError(str(_FAULTS[fault.fault]) % said) from fault
    if not amount:
        raise ValidationError(str(_FAULTS[Fault.NEGATIVE]) % said)
    if amount < settings.least_gift:
        raise ValidationError(_("The least we can take is %(least)s: below that, fees would eat it.") % said)
    if amount > settings.most_gift:
        raise ValidationError(_("The largest gift here is %(most)s. For more, please write to us.") % said)
    return amount


def _example(currency: str) -> str:
    """25.50, or as the currency has it: 25, 25.500."""
    whole = 10 ** DECIMALS[currency]
    return Money(25 * whole + whole // 2, currency).number if whole > 1 else "25"


@dataclass(frozen=True)
class Suggestion:
    """One amount to choose. `covered`: what is paid where the fee is added."""

    id: str
    amount: Money
    covered: Money
    is_chosen: bool


@dataclass(frozen=True)
class Group:
    """The amounts of one frequency."""

    frequency: Frequency
    field: str
    is_chosen: bool
    suggestions: list[Suggestion]


class DonationForm(Plain):
    frequency = forms.CharField(required=False)
    own = forms.CharField(
        label=gettext_lazy("Another amount"),
        required=False,
        max_length=40,
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "transaction-amount", "placeholder": " ", "dir": "ltr"}
        ),
    )
    currency = forms.CharField(required=False)
    cover = forms.BooleanField(required=False)
    provider = forms.CharField(required=False)
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
        error_messages={"invalid": gettext_lazy("That is not an e-mail address we can write to.")},
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    is_named = forms.BooleanField(label=gettext_lazy("You may thank me by name"), required=False)
    message = forms.CharField(
        label=gettext_lazy("A message to us"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, offer: Offer, giver: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer, self.giver = offer, giver
        self.settings = offer.settings
        for frequency in Frequency:
            self.fields[f"{frequency}_amount"] = forms.CharField(required=False, max_length=40)
        self.fields["email"].required = self._must_say_address
        self.fields["email"].error_messages["required"] = _("Please type your address: the details go there.")

    # ── what was said

    def clean_frequency(self) -> Frequency:
        said = self.cleaned_data["frequency"]
        if said in self.offer.frequencies:
            return Frequency(said)
        raise ValidationError(_("Please choose how often you want to give."))

    def clean_currency(self) -> str:
        said = self.cleaned_data["currency"]
        if said and said != self.settings.currency:
            raise ValidationError(_("Amounts are in %(currency)s here. Please look at yours again.") % self._words)
        return self.settings.currency

    def clean_email(self) -> str:
        return self.giver.email if self.giver else self.cleaned_data["email"].lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        frequency = cleaned.get("frequency")
        if frequency is None:
            return cleaned
        provider = self._provider(cleaned.get("provider", ""))
        if provider not in self.offer.able(frequency):
            self.add_error(
                "provider",
                _("That way, a gift is given once. Choose “once”, or another way to pay for a gift that repeats."),
            )
        cleaned["provider"] = provider
        if cleaned.get("is_named") and not cleaned.get("name") and not (self.giver and self.giver.name):
            self.add_error("name", _("Please type the name we may thank you by."))
        try:
            cleaned["gift"] = read_amount(self._typed(frequency), self.settings)
        except ValidationError as fault:
            self.add_error("own", fault)
        return cleaned

    def _typed(self, frequency: Frequency) -> str:
        """What is typed stands before what was only chosen: the page shows it so."""
        own = self.cleaned_data.get("own", "").strip()
        chosen = self.cleaned_data.get(f"{frequency}_amount", "")
        if not own and not chosen:
            raise ValidationError(_("Please choose an amount, or type your own."))
        return own or chosen

    def _provider(self, said: str) -> Provider:
        return next((provider for provider in self.offer.providers if provider.name == said), self._first_able)

    @property
    def _first_able(self) -> Provider:
        able = self.offer.able(self.chosen_frequency)
        return able[0] if able else self.offer.providers[0]

    @property
    def _must_say_address(self) -> bool:
        """Unless the provider's own page asks for it."""
        said = str(self["provider"].value() or "")
        return self.giver is None and not self._provider(said).abilities.asks_for_address

    # ── what the page shows

    @property
    def chosen_frequency(self) -> Frequency:
        said = self["frequency"].value()
        return Frequency(said) if said in self.offer.frequencies else self.offer.first_frequency

    @cached_property
    def groups(self) -> list[Group]:
        return [self._group(frequency) for frequency in self.offer.frequencies]

    @property
    def can_cover_fees(self) -> bool:
        """Where all is paid by hand, nobody takes a fee."""
        return self.settings.can_cover_fees and any(provider.name != "manual" for provider in self.offer.providers)

    @cached_property
    def providers(self) -> list[dict[str, object]]:
        chosen = self._provider(str(self["provider"].value() or ""))
        return [
            {
                "name": provider.name,
                "label": NAMES_OF_PROVIDERS[provider.name],
                "is_chosen": provider is chosen,
                "repeats": provider.abilities.pledges,
            }
            for provider in self.offer.providers
        ]

    @property
    def marked(self) -> list[tuple[str, str]]:
        """What is wrong, each with the place on the page where it is marked: said once more at the top, which is seen first."""
        places = {"frequency": "often", "provider": "pays", "currency": "id_own"}
        return [
            (places.get(field, f"id_{field}"), str(error))
            for field, errors in self.errors.items()
            if field in self.fields
            for error in errors
        ]

    @property
    def has_more(self) -> bool:
        """Whether something was said where few say anything."""
        return any(self[name].value() or self[name].errors for name in ("name", "is_named", "message"))

    def _group(self, frequency: Frequency) -> Group:
        field = f"{frequency}_amount"
        said = str(self[field].value() or "")
        if not self.is_bound and not said and not (frequency == self.chosen_frequency and self["own"].value()):
            said = self.offer.first_amount(frequency).number
        suggestions = [
            Suggestion(f"{frequency}-{number}", each, self.settings.fee_terms.covering(each), each.number == said)
            for number, each in enumerate(self.settings.suggested(frequency), 1)
        ]
        return Group(frequency, field, frequency == self.chosen_frequency, suggestions)

    @property
    def _words(self) -> dict[str, str]:
        return {"currency": self.settings.currency}


def prefilled(offer: Offer, said: Mapping[str, str]) -> dict[str, Any]:
    """What an appeal's link chose: `?frequency=monthly&amount=10`. What cannot be read is left out."""
    frequency = said.get("frequency", "")
    chosen = Frequency(frequency) if frequency in offer.frequencies else offer.first_frequency
    initial: dict[str, Any] = {"frequency": chosen}
    try:
        initial.update(_amount(offer, chosen, read_amount(said.get("amount", ""), offer.settings)))
    except ValidationError:
        pass
    return initial


def as_before(offer: Offer, attempt: Attempt) -> dict[str, Any]:
    """The form as it was filled in for that attempt."""
    frequency = Frequency(attempt.frequency)
    initial: dict[str, Any] = {
        "frequency": frequency if frequency in offer.frequencies else offer.first_frequency,
        "cover": bool(attempt.cover_minor),
        "provider": attempt.provider,
        "email": attempt.email,
        "name": attempt.name,
        "is_named": attempt.is_named,
        "message": attempt.message,
    }
    if attempt.currency == offer.settings.currency:
        initial.update(_amount(offer, initial["frequency"], attempt.amount - attempt.cover))
    return initial


def _amount(offer: Offer, frequency: Frequency, amount: Money) -> Iterator[tuple[str, str]]:
    is_suggested = amount in offer.settings.suggested(frequency)
    yield (f"{frequency}_amount" if is_suggested else "own"), amount.number
