"""Stripe, asked for what `interface.py` says. Readers pay on its pages; what became of it is read anew (`looking.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import stripe
from django.utils.translation import gettext as _

from broadsheet.config import config
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, Donation, Frequency, Pledge
from broadsheet.giving.providers.interface import Abilities, Begun, Declined, Heard, Line, Provider, Seen
from broadsheet.giving.providers.stripe import amounts, told
from broadsheet.giving.providers.stripe.asking import Missing, asking, new_client
from broadsheet.giving.providers.stripe.lines import lines
from broadsheet.giving.providers.stripe.looking import look
from broadsheet.giving.providers.stripe.seen import MARK, name_of
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Publication

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

PRODUCT = "broadsheet-gift"  # one at Stripe for all gifts; prices are made with each, as readers choose the amount

_INTERVALS = {Frequency.MONTHLY: "month", Frequency.YEARLY: "year"}

# The languages of Checkout; others are left to what the browser asks for.
_LOCALES = frozenset(
    "bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv"
    " th tr vi zh zh-HK zh-TW".split()
)


def open_provider() -> Provider:
    return _opened(config().stripe_key, config().stripe_hook_secret)


@cache
def _opened(key: str, hook_secret: str) -> Stripe:
    """One in a process, so that connections to Stripe are used again."""
    return Stripe(key, hook_secret)


class Stripe:
    name = "stripe"
    abilities = Abilities(
        pledges=True,
        asks_for_address=True,
        refunds=True,
        changes_amount=True,
        pauses=True,
        repairs=True,
        currencies=amounts.CURRENCIES,
        sites=("https://checkout.stripe.com", "https://billing.stripe.com"),
    )

    def __init__(self, key: str, hook_secret: str, api_base: str | None = None) -> None:
        """`api_base`: another address of the API than Stripe's own, for tests."""
        self._client = new_client(key, api_base)
        self._hook_secret = hook_secret
        self._has_product = False

    # ── a gift

    def begin(self, attempt: Attempt, *, thanks_url: str, back_url: str) -> Begun:
        number = amounts.chargeable(attempt.amount)
        if attempt.provider_ref:
            with asking(f"read {attempt.provider_ref}"):
                session = self._client.v1.checkout.sessions.retrieve(attempt.provider_ref)
        else:
            self._make_product()
            asked = _page(attempt, number, thanks_url, back_url)
            with asking("prepare a page"):
                session = self._client.v1.checkout.sessions.create(asked, {"idempotency_key": f"begin-{attempt.pk}"})
        if not session.url:
            raise Declined(f"The page {session.id} was paid, or has expired.")
        return Begun(session.id, self._allowed(session.url))

    def _make_product(self) -> None:
        """Once an account; asked once a process. Its name, which readers see, may be changed at Stripe."""
        if self._has_product:
            return
        try:
            with asking("find what is paid for"):
                self._client.v1.products.retrieve(PRODUCT)
        except Missing:
            with asking("say what is paid for"), speaking():
                name = _("Support for %(publication)s") % {"publication": Publication.ours().name}
                self._client.v1.products.create({"id": PRODUCT, "name": name})
        self._has_product = True

    # ── what happened

    def handle_event(self, body: bytes, headers: Mapping[str, str]) -> Heard:
        return told.believe(body, headers.get("stripe-signature", ""), self._hook_secret)

    def look(self, ref: str) -> Seen:
        return look(self._client, ref)

    def reconcile(self, since: datetime, until: datetime) -> Iterator[Line]:
        return lines(self._client, since, until)

    # ── afterwards

    def refund(self, donation: Donation, amount: Money, *, key: str) -> str:
        number = amounts.to_stripe(amount)
        with asking(f"refund {donation.provider_ref}"):
            refund = self._client.v1.refunds.create(
                {"charge": donation.provider_ref, "amount": number},
                {"idempotency_key": f"refund-{key}"},
            )
        return refund.id

    # What follows says how the pledge is to stand, not what to add to it: asked twice, it stands as asked. No keys needed.

    def cancel(self, pledge: Pledge) -> None:
        """At once, without giving back a part. Done already is done."""
        ref = pledge.provider_ref
        try:
            with asking(f"cancel {ref}"):
                self._client.v1.subscriptions.cancel(ref, {"invoice_now": False, "prorate": False})
        except Missing:
            if self._subscription(ref).status != "canceled":
                raise

    def change_amount(self, pledge: Pledge, amount: Money) -> None:
        if amount.currency != pledge.currency:
            raise Declined(f"A pledge in {pledge.currency} cannot go on in {amount.currency}.")
        number = amounts.chargeable(amount)
        self._make_product()
        item = self._subscription(pledge.provider_ref).items.data[0]
        with asking(f"change the amount of {pledge.provider_ref}"):
            self._client.v1.subscriptions.update(
                pledge.provider_ref,
                {
                    "items": [
                        {
                            "id": item.id,
                            "price_data": {
                                "currency": amount.currency.lower(),
                                "product": PRODUCT,
                                "recurring": {"interval": _INTERVALS[Frequency(pledge.frequency)]},
                                "unit_amount": number,
                            },
                        }
                    ],
                    "proration_behavior": "none",
                },
            )

    def pause(self, pledge: Pledge, until: datetime | None) -> None:
        """Payments due meanwhile are not asked for later either."""
        with asking(f"pause {pledge.provider_ref}"):
            if until is None:
                self._client.v1.subscriptions.update(pledge.provider_ref, {"pause_collection": {"behavior": "void"}})
            else:
                self._client.v1.subscriptions.update(
                    pledge.provider_ref,
                    {"pause_collection": {"behavior": "void", "resumes_at": int(until.timestamp())}},
                )

    def resume(self, pledge: Pledge) -> None:
        with asking(f"resume {pledge.provider_ref}"):
            self._client.v1.subscriptions.update(pledge.provider_ref, {"pause_collection": ""})

    def portal(self, pledge: Pledge, *, back_url: str) -> str:
        subscription = self._subscription(pledge.provider_ref)
        customer = name_of(subscription.customer)
        card = name_of(subscription.default_payment_method)
        if card:
            self._leave_to_customer(subscription.id, customer, card)
        with asking("open the page where a card is replaced"):
            session = self._client.v1.billing_portal.sessions.create(
                {"customer": customer, "return_url": back_url, "flow_data": {"type": "payment_method_update"}}
            )
        return self._allowed(session.url)

    def _allowed(self, url: str) -> str:
        """Browsers let our forms lead to these sites and no others, and would stop without a word."""
        if not url.startswith(tuple(f"{site}/" for site in self.abilities.sites)):
            raise Declined(
                "Stripe leads to a domain of your own. Switch it off for Checkout and the portal: docs/payments.md."
            )
        return url

    def _leave_to_customer(self, subscription: str, customer: str, card: str) -> None:
        """Checkout ties a subscription to the card it was begun with; the Portal replaces the customer's. Unless the
        subscription is told to follow its customer, a new card would be kept and the old one tried again.
        """
        with asking(f"let {subscription} follow its customer's card"):
            self._client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
            self._client.v1.subscriptions.update(subscription, {"default_payment_method": ""})

    def _subscription(self, ref: str) -> stripe.Subscription:
        with asking(f"read {ref}"):
            return self._client.v1.subscriptions.retrieve(ref)


def _page(attempt: Attempt, number: int, thanks_url: str, back_url: str) -> SessionCreateParams:
    """Ours is told by `metadata`, wherever Stripe copies it to. The reader pays what was chosen, in the currency chosen."""
    ours = {MARK: attempt.pk}
    page: SessionCreateParams = {
        "mode": "payment",
        "line_items": [_item(attempt, number)],
        "submit_type": "donate",
        "client_reference_id": attempt.pk,
        "metadata": ours,
        "success_url": thanks_url,
        "cancel_url": back_url,
        "locale": _locale(Publication.ours().language),
        "adaptive_pricing": {"enabled": False},
    }
    if attempt.email:
        page["customer_email"] = attempt.email
    if Frequency(attempt.frequency).repeats:
        page["mode"] = "subscription"
        page["subscription_data"] = {"metadata": ours}
    else:
        page["payment_intent_data"] = {"metadata": ours}
    return page


def _item(attempt: Attempt, number: int) -> SessionCreateParamsLineItem:
    item: SessionCreateParamsLineItem = {
        "quantity": 1,
        "price_data": {"currency": attempt.currency.lower(), "product": PRODUCT, "unit_amount": number},
    }
    if Frequency(attempt.frequency).repeats:
        item["price_data"]["recurring"] = {"interval": _INTERVALS[Frequency(attempt.frequency)]}
    return item


def _locale(language: str) -> str:
    """
    >>> _locale("pt-BR"), _locale("de-AT"), _locale("he")
    ('pt-BR', 'de', 'auto')
    """
    return next((each for each in (language, language.partition("-")[0]) if each in _LOCALES), "auto")
