"""Enter a payment that no provider tells of: a bank transfer, a cheque, cash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, Customer, Donation, Donor
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment
from broadsheet.readers.models import User
from broadsheet.staff.trail import record

PROVIDER = "manual"


@dataclass(frozen=True)
class Entry:
    """What somebody typed. `key`: of the form it was typed into, so that sending that twice enters it once.

    Whose it is: that of the `attempt` that announced it; a `donor` we know; or an address and a name, both may be empty.
    """

    key: str
    amount: Money
    paid_at: datetime
    method: str
    attempt: Attempt | None = None
    donor: Donor | None = None
    email: str = ""
    name: str = ""


class EnteredAlready(ValueError):
    """This very form was sent before; `donation` is what came of it."""

    def __init__(self, donation: Donation) -> None:
        super().__init__(f"entered already: {donation}")
        self.donation = donation


def enter_payment(entry: Entry, *, by: User) -> Donation:
    """A donation with its receipt and letter of thanks, as from any provider. Raises EnteredAlready."""
    ref = f"entered {entry.key}"
    posted = post(PROVIDER, Seen(payments=(_seen(entry, ref),)), clock.now())
    donation = Donation.objects.select_related("donor").get(provider=PROVIDER, provider_ref=ref)
    if not posted.donations:
        raise EnteredAlready(donation)
    record("giving.payment_entered", donation, by=by, amount=str(donation.amount), donor=donation.donor_id)
    return donation


def _seen(entry: Entry, ref: str) -> SeenPayment:
    attempt = entry.attempt.pk if entry.attempt else ""
    return SeenPayment(ref, entry.amount, entry.paid_at, _giver(entry), attempt=attempt, method=entry.method)


def _giver(entry: Entry) -> Giver:
    if entry.donor is None:
        return Giver(email=entry.email, name=entry.name)
    ref = f"donor {entry.donor.pk}"  # also where there is no address to know them by
    Customer.objects.get_or_create(provider=PROVIDER, provider_ref=ref, defaults={"donor": entry.donor})
    return Giver(ref, entry.donor.email, entry.donor.name)
