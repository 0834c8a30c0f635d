"""The page where a reader pays: what is asked of Stripe, and that it is asked once."""

from __future__ import annotations

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt, Donation, Frequency
from broadsheet.giving.providers.interface import Begun, Declined, NotReached
from broadsheet.giving.providers.stripe.provider import Stripe
from broadsheet.newsroom.models import Publication
from tests.giving.stripe import scenes
from tests.giving.stripe.standin import StandIn

pytestmark = pytest.mark.django_db

THANKS, BACK = "https://herald.example/donate/thanks/", "https://herald.example/donate/"


def attempt(
    frequency: Frequency = Frequency.ONCE, minor: int = 1500, currency: str = "EUR", **given: object
) -> Attempt:
    return Attempt.objects.create(
        frequency=frequency, amount_minor=minor, currency=currency, provider="stripe", begun_at=clock.now(), **given
    )


def begin(stripe: Stripe, of: Attempt) -> Begun:
    return stripe.begin(of, thanks_url=THANKS, back_url=BACK)


def test_a_single_gift_is_a_page_to_donate_once(standin: StandIn, stripe: Stripe) -> None:
    ann = attempt(email="ann@example.org")
    begun = begin(stripe, ann)
    assert begun.url == f"https://checkout.stripe.com/c/pay/{begun.ref}"
    (asked,) = standin.posts("/v1/checkout/sessions")
    assert asked.form == {
        "mode": "payment",
        "submit_type": "donate",
        "line_items": [
            {
                "quantity": "1",
                "price_data": {"currency": "eur", "product": "broadsheet-gift", "unit_amount": "1500"},
            }
        ],
        "client_reference_id": ann.pk,
        "metadata": {"attempt": ann.pk},
        "payment_intent_data": {"metadata": {"attempt": ann.pk}},
        "customer_email": "ann@example.org",
        "success_url": THANKS,
        "cancel_url": BACK,
        "locale": "en",
        "adaptive_pricing": {"enabled": "false"},
    }


@pytest.mark.parametrize(("frequency", "interval"), [(Frequency.MONTHLY, "month"), (Frequency.YEARLY, "year")])
def test_a_pledge_is_a_page_to_subscribe(standin: StandIn, stripe: Stripe, frequency: Frequency, interval: str) -> None:
    ann = attempt(frequency)
    begin(stripe, ann)
    (asked,) = standin.posts("/v1/checkout/sessions")
    assert asked.form["mode"] == "subscription"
    assert asked.form["line_items"][0]["price_data"]["recurring"] == {"interval": interval}
    assert asked.form["subscription_data"] == {"metadata": {"attempt": ann.pk}}
    assert "payment_intent_data" not in asked.form
    assert "customer_email" not in asked.form  # not known: the page asks for it


def test_the_page_speaks_the_editions_language_where_stripe_does(standin: StandIn, stripe: Stripe) -> None:
    for language, locale in (("pt-BR", "pt-BR"), ("de-AT", "de"), ("he", "auto")):
        house = Publication.ours()
        house.language = language
        house.save()
        begin(stripe, attempt())
        assert standin.posts("/v1/checkout/sessions")[-1].form["locale"] == locale


def test_asked_again_for_the_same_attempt_it_is_the_same_page(standin: StandIn, stripe: Stripe) -> None:
    ann = attempt()
    begun = begin(stripe, ann)
    assert begin(stripe, ann) == begun  # our first answer never arrived: Stripe knows the key
    ann.provider_ref = begun.ref
    assert begin(stripe, ann) == begun
    assert len([each for each in standin.objects.values() if each["object"] == "checkout.session"]) == 1


def test_a_page_made_while_the_line_broke_is_not_made_twice(standin: StandIn, stripe: Stripe) -> None:
    begin(stripe, attempt())
    standin.answers_next = ["do it and hang up"]  # and asked again at once, under the same key
    begun = begin(stripe, attempt())
    assert begun.ref in standin.objects
    assert len([each for each in standin.objects.values() if each["object"] == "checkout.session"]) == 2


def test_a_page_that_was_paid_or_has_expired_is_not_offered_again(standin: StandIn, stripe: Stripe) -> None:
    ann = attempt()
    ann.provider_ref = begin(stripe, ann).ref
    standin.objects[ann.provider_ref] |= {"status": "complete", "url": None}
    with pytest.raises(Declined, match="was paid, or has expired"):
        begin(stripe, ann)


@pytest.mark.parametrize("pages", ["https://pay.herald.example", "https://checkout.stripe.com.evil.example"])
def test_a_page_where_no_form_of_ours_may_lead_is_refused_in_words(
    standin: StandIn, stripe: Stripe, pages: str
) -> None:
    """The browser would stop at the form's policy, and say nothing."""
    standin.pages = pages
    with pytest.raises(Declined, match="a domain of your own"):
        begin(stripe, attempt())


def test_what_is_paid_for_is_made_at_stripe_once(standin: StandIn, stripe: Stripe) -> None:
    for _ in range(3):
        begin(stripe, attempt())
    (made,) = standin.posts("/v1/products")
    assert made.form["id"] == "broadsheet-gift"
    assert Publication.ours().name in made.form["name"]
    another = Stripe("sk_test_made_up_for_the_stand_in", "whsec_x", api_base=standin.url)  # the next process
    begin(another, attempt())
    assert len(standin.posts("/v1/products")) == 1


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (49, "EUR", "0.49 EUR is too little: the least Stripe takes is 0.50 EUR"),
        (49, "JPY", "49 JPY is too little: the least Stripe takes is 50 JPY"),
        (17499, "HUF", "the least Stripe takes is 175.00 HUF"),
        (5123, "KWD", "5.123 KWD cannot be paid with Stripe: its last digit must be zero"),
        (150, "MGA", "only in whole units"),
        (5000, "KPW", "no payments in KPW"),
    ],
)
def test_what_stripe_would_not_take_is_refused_before_it_is_asked(
    standin: StandIn, stripe: Stripe, minor: int, currency: str, words: str
) -> None:
    with pytest.raises(Declined, match=words):
        begin(stripe, attempt(minor=minor, currency=currency))
    assert not standin.asked


@pytest.mark.parametrize(
    ("minor", "currency", "asked"),
    [
        (50, "EUR", "50"),
        (1500, "JPY", "1500"),
        (1500, "ISK", "150000"),  # no decimals, and Stripe keeps two
        (20000, "UGX", "2000000"),
        (250000, "MGA", "2500"),  # two by ISO 4217, none at Stripe
        (5120, "KWD", "5120"),
        (20050, "HUF", "20050"),
        (10050, "TWD", "10050"),
    ],
)
def test_amounts_are_asked_for_in_stripes_units_and_read_back_in_ours(
    standin: StandIn, stripe: Stripe, minor: int, currency: str, asked: str
) -> None:
    begin(stripe, attempt(minor=minor, currency=currency))
    (page,) = standin.posts("/v1/checkout/sessions")
    assert page.form["line_items"][0]["price_data"]["unit_amount"] == asked
    paid = scenes.give_once(standin, "attempt-1", amount=int(asked), currency=currency.lower())
    (gift,) = stripe.look(paid.charge).payments
    assert gift.amount == Money(minor, currency)


def donation(charge: str, currency: str = "EUR") -> Donation:
    return Donation(provider="stripe", provider_ref=charge, amount_minor=1000, currency=currency, paid_at=clock.now())


def test_a_refund_asked_for_twice_under_one_key_is_done_once(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    first = stripe.refund(donation(paid.charge), Money(300, "EUR"), key="refund-7")
    assert stripe.refund(donation(paid.charge), Money(300, "EUR"), key="refund-7") == first
    (gift,) = stripe.look(first).payments
    assert [(refund.ref, refund.amount) for refund in gift.refunds] == [(first, Money(300, "EUR"))]


def test_one_key_for_two_amounts_is_a_mistake_and_gives_back_nothing_more(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    stripe.refund(donation(paid.charge), Money(300, "EUR"), key="refund-7")
    with pytest.raises(Declined):
        stripe.refund(donation(paid.charge), Money(400, "EUR"), key="refund-7")
    assert standin.objects[paid.charge]["amount_refunded"] == 300


def test_no_more_is_given_back_than_was_given(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    stripe.refund(donation(paid.charge), Money(900, "EUR"), key="1")
    with pytest.raises(Declined, match="charge_already_refunded"):
        stripe.refund(donation(paid.charge), Money(200, "EUR"), key="2")


def test_a_refund_done_while_the_line_broke_is_found_under_its_key(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    standin.answers_next = ["do it and hang up", "hang up"]
    with pytest.raises(NotReached, match="may have been done"):
        stripe.refund(donation(paid.charge), Money(300, "EUR"), key="refund-7")
    stripe.refund(donation(paid.charge), Money(300, "EUR"), key="refund-7")
    assert standin.objects[paid.charge]["amount_refunded"] == 300
