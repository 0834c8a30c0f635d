"""What can be given here, and how it can be paid: the publisher's settings, and what the providers in use are able to do."""

from __future__ import annotations

from dataclasses import dataclass

from broadsheet.core.money import Money
from broadsheet.giving.models import Frequency, GivingSettings
from broadsheet.giving.providers import in_use
from broadsheet.giving.providers.interface import Provider


@dataclass(frozen=True)
class Offer:
    """`providers`: those that can take this currency, the one to be offered first at the front."""

    settings: GivingSettings
    providers: list[Provider]

    @property
    def is_open(self) -> bool:
        return self.settings.on and bool(self.providers)

    @property
    def frequencies(self) -> list[Frequency]:
        """In the order they are shown."""
        return [frequency for frequency in Frequency if self.able(frequency)]

    @property
    def first_frequency(self) -> Frequency:
        wanted = Frequency(self.settings.first_frequency)
        return wanted if wanted in self.frequencies else Frequency.ONCE

    def able(self, frequency: Frequency) -> list[Provider]:
        return [provider for provider in self.providers if provider.abilities.pledges or not frequency.repeats]

    def first_amount(self, frequency: Frequency) -> Money:
        """What is chosen at first: the second of those suggested, which is neither the least nor much."""
        suggested = self.settings.suggested(frequency)
        return suggested[min(1, len(suggested) - 1)]

    @property
    def sites(self) -> list[str]:
        """Where a form of ours may lead."""
        return sorted({site for provider in self.providers for site in provider.abilities.sites})


def offered() -> Offer:
    settings = GivingSettings.ours()
    return Offer(settings, [provider for provider in in_use() if _can_take(provider, settings)])


def _can_take(provider: Provider, settings: GivingSettings) -> bool:
    currencies = provider.abilities.currencies
    if currencies is not None and settings.currency not in currencies:
        return False
    # By hand, money needs somewhere to go.
    return provider.name != "manual" or bool(settings.bank_iban.strip() or settings.bank_note.strip())
