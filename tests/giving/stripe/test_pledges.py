"""Promises to give again: how Stripe says they stand, and what readers change of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import Donation, Donor, EndReason, Frequency, Pledge, PledgeState, Transaction
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Declined, Giver, NotReached, Seen, SeenPledge
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe import scenes
from tests.giving.stripe.scenes import AT, MONTH, Promised
from tests.giving.stripe.standin import StandIn


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def told(stripe: Stripe, subscription: str) -> SeenPledge:
    (pledge,) = stripe.look(subscription).pledges
    return pledge


def kept(promised: Promised, frequency: Frequency = Frequency.MONTHLY) -> Pledge:
    """The row that posting would have left of it."""
    return Pledge(
        donor=Donor(email="ann@example.org", known_since=clock.now()),
        provider="stripe",
        provider_ref=promised.subscription,
        frequency=frequency,
        amount_minor=500,
        currency="EUR",
        started_at=clock.now(),
        seen_at=clock.now(),
    )


def test_a_pledge_is_told_with_who_how_much_how_often_and_when_next(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    customer = standin.objects[promised.subscription]["customer"]
    assert told(stripe, promised.subscription) == SeenPledge(
        ref=promised.subscription,
        amount=Money(500, "EUR"),
        frequency=Frequency.MONTHLY,
        state=PledgeState.ACTIVE,
        started_at=at(AT),
        giver=Giver(customer, "ann@example.org", "Ann Example"),
        attempt="attempt-1",
        next_at=at(AT + MONTH),
    )


def test_a_yearly_pledge_is_yearly(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1", amount=5000, interval="year")
    assert told(stripe, promised.subscription).frequency == Frequency.YEARLY


def test_a_pledge_brings_its_latest_payment_along(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    _, second = scenes.renew(standin, promised.subscription)
    assert [payment.ref for payment in stripe.look(promised.subscription).payments] == [second.charge]


def test_before_its_first_payment_nothing_was_promised(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    standin.objects[promised.subscription]["status"] = "incomplete"
    assert stripe.look(promised.subscription) == Seen()
    with pytest.raises(NotReached, match="not begun"):  # the charge was faster than its subscription: tried again
        stripe.look(promised.paid.charge)


def test_subscriptions_to_other_things_are_none_of_ours(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    standin.objects[promised.subscription]["metadata"] = {}
    for name in (promised.subscription, promised.invoice, promised.paid.charge):
        assert stripe.look(name) == Seen()


def test_a_failed_renewal_says_since_when_how_often_why_and_when_it_is_tried_again(
    standin: StandIn, stripe: Stripe
) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    invoice = scenes.fail_renewal(standin, promised.subscription, tries=2)
    for name in (invoice, promised.subscription):
        (pledge,) = stripe.look(name).pledges
        assert pledge.state == PledgeState.FAILING
        assert (pledge.failing_since, pledge.failed_tries) == (at(AT + MONTH + 3600), 2)
        assert pledge.next_at == at(AT + MONTH + 3 * 86_400)
        assert pledge.fault == "Your card has expired."


def test_a_renewal_that_is_repaired_is_active_again_and_paid(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    invoice = scenes.fail_renewal(standin, promised.subscription)
    paid = scenes.repair_renewal(standin, promised.subscription)
    seen = stripe.look(invoice)
    assert seen.pledges[0].state == PledgeState.ACTIVE
    assert (seen.pledges[0].failing_since, seen.pledges[0].failed_tries, seen.pledges[0].fault) == (None, 0, "")
    assert [payment.ref for payment in seen.payments] == [paid.charge]


@pytest.mark.django_db
def test_a_year_of_a_pledge_in_the_books(standin: StandIn, stripe: Stripe) -> None:
    """Begun, failed, repaired, given back in part, cancelled: each told by another event, some of them twice."""
    promised = scenes.pledge(standin, "attempt-1")
    states = []

    def heard_of(*names: str) -> None:
        for name in names:
            post("stripe", stripe.look(name), clock.now())
        states.append(Pledge.objects.get().state)

    heard_of(promised.invoice, promised.session, promised.subscription)
    invoice = scenes.fail_renewal(standin, promised.subscription)
    heard_of(invoice, promised.subscription)
    paid = scenes.repair_renewal(standin, promised.subscription)
    heard_of(paid.intent, invoice, paid.charge)
    heard_of(scenes.refund(standin, paid, 200))
    stripe.cancel(Pledge.objects.get())
    heard_of(promised.subscription)
    assert states == [
        PledgeState.ACTIVE,
        PledgeState.FAILING,
        PledgeState.ACTIVE,
        PledgeState.ACTIVE,
        PledgeState.ENDED,
    ]
    assert Donor.objects.get().email == "ann@example.org"
    assert list(Donation.objects.order_by("pk").values_list("provider_ref", flat=True)) == [
        promised.paid.charge,
        paid.charge,
    ]
    assert sorted(Transaction.objects.values_list("kind", flat=True)) == ["fee", "fee", "gift", "gift", "refund"]


@pytest.mark.parametrize("status", ["canceled", "unpaid"])
def test_a_pledge_that_stripe_gave_up_has_lapsed(standin: StandIn, stripe: Stripe, status: str) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    scenes.fail_renewal(standin, promised.subscription, tries=4, next_try=None)
    subscription = standin.objects[promised.subscription]
    subscription |= {"status": status, "ended_at": AT + 2 * MONTH if status == "canceled" else None}
    subscription["cancellation_details"]["reason"] = "payment_failed" if status == "canceled" else None
    pledge = told(stripe, promised.subscription)
    assert (pledge.state, pledge.end_reason) == (PledgeState.ENDED, EndReason.FAILED)
    assert pledge.ended_at == at(AT + (2 * MONTH if status == "canceled" else MONTH))
    assert pledge.next_at is None


def test_a_pledge_that_ends_with_its_month_is_active_and_has_no_next_payment(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    standin.objects[promised.subscription] |= {"cancel_at_period_end": True, "cancel_at": AT + MONTH}
    pledge = told(stripe, promised.subscription)
    assert (pledge.state, pledge.next_at) == (PledgeState.ACTIVE, None)


def test_a_pledge_is_paused_until_a_day_or_until_it_is_resumed(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    until = at(AT + 2 * MONTH)
    stripe.pause(kept(promised), until)
    pledge = told(stripe, promised.subscription)
    assert (pledge.state, pledge.paused_until, pledge.next_at) == (PledgeState.PAUSED, until, None)
    stripe.pause(kept(promised), None)
    assert told(stripe, promised.subscription).paused_until is None
    stripe.resume(kept(promised))
    pledge = told(stripe, promised.subscription)
    assert (pledge.state, pledge.next_at) == (PledgeState.ACTIVE, at(AT + MONTH))


@pytest.mark.django_db
def test_another_amount_counts_from_the_next_payment_on_and_nothing_is_charged_for_parts_of_months(
    standin: StandIn, stripe: Stripe
) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    stripe.change_amount(kept(promised), Money(1200, "EUR"))
    pledge = told(stripe, promised.subscription)
    assert (pledge.amount, pledge.next_at) == (Money(1200, "EUR"), at(AT + MONTH))
    stripe.change_amount(kept(promised), Money(500, "EUR"))  # and back again, within a day
    assert told(stripe, promised.subscription).amount == Money(500, "EUR")


def test_a_pledge_keeps_its_currency(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    with pytest.raises(Declined, match="EUR cannot go on in USD"):
        stripe.change_amount(kept(promised), Money(1200, "USD"))
    assert not standin.asked


def test_to_cancel_ends_it_at_once_and_twice_is_no_fault(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    stripe.cancel(kept(promised))
    stripe.cancel(kept(promised))
    pledge = told(stripe, promised.subscription)
    assert pledge.state == PledgeState.ENDED
    assert pledge.ended_at is not None
    assert clock.now() - pledge.ended_at < timedelta(minutes=1)
    assert pledge.end_reason == EndReason.PROVIDER  # who asked us is known here, and was said before


def test_what_never_was_cannot_be_cancelled(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-1")
    del standin.objects[promised.subscription]
    with pytest.raises(Declined):
        stripe.cancel(kept(promised))


def test_a_card_replaced_on_stripes_page_is_the_one_that_is_tried_next(standin: StandIn, stripe: Stripe) -> None:
    """Checkout pins the first card to the subscription; the page replaces the customer's."""
    promised = scenes.pledge(standin, "attempt-1")
    url = stripe.portal(kept(promised), back_url="https://herald.example/account/giving/")
    assert url.startswith("https://billing.stripe.com/")
    (opened,) = standin.posts("/v1/billing_portal/sessions")
    assert opened.form["return_url"] == "https://herald.example/account/giving/"
    assert opened.form["flow_data"] == {"type": "payment_method_update"}
    subscription = standin.objects[promised.subscription]
    assert subscription["default_payment_method"] is None
    customer = standin.objects[subscription["customer"]]
    assert customer["invoice_settings"]["default_payment_method"] == "pm_made_up"
