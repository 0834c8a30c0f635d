"""Bank transfer, cheque, cash: a gift is announced here, and staff enter the money when it has arrived."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.core.references import FREE, LETTERS, reference
from broadsheet.giving.models import Attempt, AttemptState, Donation, Pledge
from broadsheet.giving.providers.interface import Abilities, Begun, Declined, Heard, Line, NotBelieved, Provider, Seen
from broadsheet.giving.providers.manual import seen
from broadsheet.giving.providers.manual.letter import post_details


def open_provider() -> Provider:
    return Manual()


class Manual:
    name = "manual"
    abilities = Abilities(
        pledges=False,
        asks_for_address=False,
        refunds=True,
        changes_amount=False,
        pauses=False,
        repairs=False,
        reconciles=False,
    )

    def begin(self, attempt: Attempt, *, thanks_url: str, back_url: str) -> Begun:
        """Our own page says where the money is to go; a letter says it too, once."""
        announced = Attempt.objects.filter(pk=attempt.pk, reference="")
        if announced.update(reference=_new_reference(), state=AttemptState.AWAITED):
            attempt.refresh_from_db()
            if attempt.email:
                post_details(attempt)
        attempt.refresh_from_db()
        return Begun(attempt.reference, f"/donate/transfer/{attempt.pk}/")

    def handle_event(self, body: bytes, headers: Mapping[str, str]) -> Heard:
        raise NotBelieved("nobody tells of money that comes by hand")

    def look(self, ref: str) -> Seen:
        """A refund that `refund` named. Payments are posted where staff enter them: there is nothing else to ask."""
        return seen.refunded(ref)

    def refund(self, donation: Donation, amount: Money, *, key: str) -> str:
        """The money is sent back by whoever can use the bank account; this is the word that it was."""
        return seen.refund_ref(donation, amount, clock.now(), key)

    def cancel(self, pledge: Pledge) -> None:
        raise Declined(_NO_PLEDGES)

    def change_amount(self, pledge: Pledge, amount: Money) -> None:
        raise Declined(_NO_PLEDGES)

    def pause(self, pledge: Pledge, until: datetime | None) -> None:
        raise Declined(_NO_PLEDGES)

    def resume(self, pledge: Pledge) -> None:
        raise Declined(_NO_PLEDGES)

    def portal(self, pledge: Pledge, *, back_url: str) -> str:
        raise Declined(_NO_PLEDGES)

    def reconcile(self, since: datetime, until: datetime) -> Iterator[Line]:
        """Nothing: for money by hand the books are the only record, to be compared with the bank's statement by people."""
        return iter(())


_NO_PLEDGES = "a standing order is between a reader and their bank: nothing of it can be changed from here"


def _new_reference() -> str:
    while True:
        drawn = reference("".join(secrets.choice(LETTERS) for _ in range(FREE)))
        if not Attempt.objects.filter(reference=drawn).exists():
            return drawn
