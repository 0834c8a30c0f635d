"""Stripe's own account, against the ledger: what was posted is found under the same names, by the same amounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Kind, Transaction
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Line, NotReached
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe import scenes
from tests.giving.stripe.scenes import AT, MONTH
from tests.giving.stripe.standin import StandIn, shape

SINCE, UNTIL = datetime.fromtimestamp(AT, UTC), datetime.fromtimestamp(AT + 2 * MONTH, UTC)


def lines(stripe: Stripe) -> list[Line]:
    return list(stripe.reconcile(SINCE, UNTIL))


def a_busy_month(standin: StandIn) -> None:
    """Gifts, pledges, refunds of both ends, disputes of both ends, payouts, a fee of the account."""
    scenes.give_once(standin, "1")
    scenes.refund(standin, scenes.give_once(standin, "2", amount=2500, fee=63), 1000, fee=-5)
    scenes.fail_refund(standin, scenes.refund(standin, scenes.give_once(standin, "3"), 400))
    scenes.dispute(standin, scenes.give_once(standin, "4"))
    scenes.win_dispute(standin, scenes.dispute(standin, scenes.give_once(standin, "5")), fee_back=2000)
    scenes.give_once(standin, "6", amount=150_000, currency="isk", fee=4500)
    scenes.renew(standin, scenes.pledge(standin, "7").subscription)
    scenes.pay_out(standin, 5000)
    standin.add(shape("balance_transaction", id=standin.name("txn"), type="stripe_fee", amount=-70, fee=0, net=-70,
                      source=None))  # fmt: skip


@pytest.mark.django_db
def test_looking_at_every_line_posts_exactly_what_the_lines_say(standin: StandIn, stripe: Stripe) -> None:
    a_busy_month(standin)
    found = lines(stripe)
    for name in {line.look_at for line in found}:
        post("stripe", stripe.look(name), clock.now())
    posted = {(entry.kind, entry.object_ref): entry.movements.get().amount for entry in Transaction.objects.all()}
    assert posted == {(str(line.kind), line.object_ref): line.amount for line in found}
    assert len(posted) == len(found)
    assert {line.kind for line in found} == set(Kind.values) - {Kind.PAYOUT_BACK, Kind.CORRECTION}


def test_what_is_left_on_stripes_account_is_what_its_lines_say(standin: StandIn, stripe: Stripe) -> None:
    a_busy_month(standin)
    adds = {Kind.GIFT, Kind.FEE_BACK, Kind.DISPUTE_WON, Kind.REFUND_BACK, Kind.PAYOUT_BACK}
    found = [line for line in lines(stripe) if line.amount.currency == "EUR"]
    said = sum(line.amount.amount_minor * (1 if line.kind in adds else -1) for line in found)
    there = [each for each in standin.objects.values() if each["object"] == "balance_transaction"]
    assert said == sum(each["net"] for each in there if each["currency"] == "eur")


def test_a_long_account_is_read_to_its_end(standin: StandIn, stripe: Stripe) -> None:
    gifts = {scenes.give_once(standin, str(number)).charge for number in range(130)}
    assert {line.object_ref for line in lines(stripe) if line.kind == Kind.GIFT} == gifts
    assert len([asked for asked in standin.asked if asked.path == "/v1/balance_transactions"]) == 2


def test_the_first_moment_is_in_and_the_last_is_not(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "1")
    second = timedelta(seconds=1)
    for since, until, is_in in (
        (SINCE, SINCE + second, True),
        (SINCE - second, SINCE, False),
        (SINCE + second / 2, SINCE + second, False),
        (SINCE - second, SINCE + second / 2, True),
    ):
        assert [line.object_ref for line in stripe.reconcile(since, until) if line.kind == Kind.GIFT] == [
            paid.charge
        ] * is_in


def test_a_debit_that_has_not_arrived_is_not_missed_in_the_books(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "1")
    standin.objects[paid.line]["type"] = "payment"
    standin.objects[paid.charge]["status"] = "pending"
    assert lines(stripe) == []
    standin.objects[paid.charge]["status"] = "succeeded"
    assert [line.kind for line in lines(stripe)] == [Kind.GIFT, Kind.FEE]


def test_what_the_books_have_no_word_for_is_said_and_left_to_people(
    standin: StandIn, stripe: Stripe, caplog: pytest.LogCaptureFixture
) -> None:
    name = standin.name("txn")
    standin.add(shape("balance_transaction", id=name, type="topup", amount=9900, fee=0, net=9900, source=None))
    (line,) = lines(stripe)
    assert (line.kind, line.object_ref, line.amount) == (Kind.CORRECTION, name, Money(9900, "EUR"))
    assert "topup" in caplog.text


def test_a_payout_that_came_back_is_two_lines_under_one_name(standin: StandIn, stripe: Stripe) -> None:
    payout = scenes.pay_out(standin, 5000)
    standin.add(shape("balance_transaction", id=standin.name("txn"), type="payout_failure", amount=5000, fee=0, net=5000,
                      source=payout, created=AT + 3 * 86_400))  # fmt: skip
    assert [(line.kind, line.object_ref) for line in lines(stripe)] == [
        (Kind.PAYOUT_BACK, payout),
        (Kind.PAYOUT, payout),
    ]


def test_a_gift_in_another_currency_is_told_as_it_was_given(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "1", amount=2000, currency="usd", fee=70)
    standin.objects[paid.line] |= {"currency": "eur", "amount": 1850, "net": 1780, "exchange_rate": 0.925}
    assert [(line.kind, line.amount) for line in lines(stripe)] == [
        (Kind.GIFT, Money(2000, "USD")),
        (Kind.FEE, Money(70, "EUR")),
    ]


def test_an_account_that_cannot_be_read_to_its_end_says_so(standin: StandIn, stripe: Stripe) -> None:
    for number in range(130):
        scenes.give_once(standin, str(number))
    found = stripe.reconcile(SINCE, UNTIL)
    next(found)
    standin.answers_next = [(503, {"error": {"type": "api_error", "message": "later"}})] * 2
    with pytest.raises(NotReached):
        list(found)
