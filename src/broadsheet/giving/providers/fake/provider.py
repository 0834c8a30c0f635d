"""The fake provider, as the house asks it. Everything that crosses to it goes over its socket, as to a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

from broadsheet import clock
from broadsheet.config import Config, config
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, Donation, Pledge
from broadsheet.giving.providers.fake import signing
from broadsheet.giving.providers.fake.asking import Asking, NotThere, SaysNo, Silent
from broadsheet.giving.providers.fake.seen import line, seen
from broadsheet.giving.providers.interface import Abilities, Begun, Declined, Heard, Line, NotBelieved, NotReached, Seen


def open_provider() -> FakeProvider:
    return FakeProvider(config())


class FakeProvider:
    name = "fake"
    abilities = Abilities(
        pledges=True, asks_for_address=True, refunds=True, changes_amount=True, pauses=True, repairs=True
    )

    def __init__(self, config: Config) -> None:
        self._config = config
        self._asking = Asking(config)

    def begin(self, attempt: Attempt, *, thanks_url: str, back_url: str) -> Begun:
        page = self._post(
            "/checkouts",
            key=attempt.pk,
            amount=attempt.amount_minor,
            currency=attempt.currency,
            frequency=str(attempt.frequency),
            email=attempt.email,
            thanks_url=thanks_url,
            back_url=back_url,
        )
        return Begun(page["id"], page_url(page["id"]))

    def handle_event(self, body: bytes, headers: Mapping[str, str]) -> Heard:
        try:
            signature = headers.get(signing.HEADER.lower(), "")
            signing.check(body, signature, signing.secret_of(self._config), clock.timestamp())
            told = json.loads(body)
            return Heard(str(told["id"]), str(told["kind"]), str(told["object"]))
        except signing.Forged as forged:
            raise NotBelieved(str(forged)) from forged
        except (ValueError, KeyError, TypeError) as fault:
            raise NotBelieved(f"signed, but no event: {fault!r}") from fault

    def look(self, ref: str) -> Seen:
        with _in_our_words():
            try:
                return seen(self._asking.get(f"/objects/{quote(ref, safe='')}"))
            except NotThere:  # no name of its making
                return Seen()

    def refund(self, donation: Donation, amount: Money, *, key: str) -> str:
        if amount.currency != donation.currency:
            raise Declined(f"{donation.provider_ref} was paid in {donation.currency}, not in {amount.currency}")
        refund = self._post(f"/payments/{donation.provider_ref}/refunds", amount=amount.amount_minor, key=key)
        return str(refund["id"])

    def cancel(self, pledge: Pledge) -> None:
        self._post(f"/pledges/{pledge.provider_ref}/cancel")

    def change_amount(self, pledge: Pledge, amount: Money) -> None:
        if amount.currency != pledge.currency:
            raise Declined(f"{pledge.provider_ref} is in {pledge.currency}, not in {amount.currency}")
        self._post(f"/pledges/{pledge.provider_ref}/amount", amount=amount.amount_minor)

    def pause(self, pledge: Pledge, until: datetime | None) -> None:
        self._post(f"/pledges/{pledge.provider_ref}/pause", until=None if until is None else until.timestamp())

    def resume(self, pledge: Pledge) -> None:
        self._post(f"/pledges/{pledge.provider_ref}/resume")

    def portal(self, pledge: Pledge, *, back_url: str) -> str:
        page = self._post("/portals", pledge=pledge.provider_ref, back_url=back_url)
        return page_url(page["id"])

    def reconcile(self, since: datetime, until: datetime) -> Iterator[Line]:
        after = 0
        while True:
            with _in_our_words():
                lines = self._asking.get("/lines", since=since.timestamp(), until=until.timestamp(), after=after)
            yield from map(line, lines)
            if not lines:
                return
            after = lines[-1]["number"]

    def _post(self, path: str, **given: object) -> Any:
        with _in_our_words():
            return self._asking.post(path, **given)


def page_url(page: str) -> str:
    return f"/pay/fake/{page}/"


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except Silent as fault:
        raise NotReached(str(fault)) from fault
    except (SaysNo, NotThere) as refused:
        raise Declined(str(refused)) from refused
