"""A reader presses *Give*: the attempt is written down, and the provider asked for the page where it is paid."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, AttemptState, Frequency
from broadsheet.giving.providers.interface import Declined, Provider, ProviderFault
from broadsheet.giving.source import Source
from broadsheet.readers.models import User

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gift:
    """What is to be given. `paid` is what is asked for: the gift, and what was added so that the fee is covered."""

    gift: Money
    paid: Money
    frequency: Frequency
    email: str = ""
    name: str = ""
    is_named: bool = False
    message: str = ""
    source: Source = field(default_factory=Source)


class NotBegun(Exception):
    """The provider gave no page. `attempt` is kept all the same; `again`: whether it may do so in a minute."""

    def __init__(self, attempt: Attempt, *, again: bool) -> None:
        super().__init__(f"attempt {attempt.pk} has no page")
        self.attempt = attempt
        self.again = again


def begin_gift(gift: Gift, provider: Provider, account: User | None) -> tuple[Attempt, str]:
    """The attempt, and the address where it is paid. Raises NotBegun. Not inside a transaction: the provider is far away."""
    attempt = _written_down(gift, provider, account)
    thanks, back = f"/donate/thanks/{attempt.pk}/", f"/donate/?again={attempt.pk}"
    base = config().base_url
    try:
        begun = provider.begin(attempt, thanks_url=base + thanks, back_url=base + back)
    except ProviderFault as fault:
        log.warning("%s gave no page for a gift: %s", provider.name, fault)
        is_final = isinstance(fault, Declined)
        _note(attempt, fault=str(fault)[:200], **({"state": AttemptState.FAILED} if is_final else {}))
        raise NotBegun(attempt, again=not is_final) from fault
    _note(attempt, provider_ref=begun.ref)
    return attempt, begun.url


def _written_down(gift: Gift, provider: Provider, account: User | None) -> Attempt:
    return Attempt.objects.create(
        frequency=gift.frequency,
        amount_minor=gift.paid.amount_minor,
        currency=gift.paid.currency,
        cover_minor=(gift.paid - gift.gift).amount_minor,
        email=gift.email,
        name=gift.name,
        is_named=gift.is_named,
        message=gift.message,
        account=account,
        provider=provider.name,
        begun_at=clock.now(),
        place=gift.source.place,
        appeal_id=gift.source.appeal,
        article_id=gift.source.article,
        newsletter=gift.source.newsletter,
    )


def _note(attempt: Attempt, **said: object) -> None:
    """Those fields only: an event of the provider's may have been faster, and said more."""
    Attempt.objects.filter(pk=attempt.pk).update(**said)
    attempt.refresh_from_db()
