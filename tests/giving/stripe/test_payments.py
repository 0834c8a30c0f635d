"""What became of a gift: read anew from Stripe, the same whichever event told of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.models import AttemptState, Donation, Frequency, Kind, Movement, Receipt, Transaction
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenAttempt, SeenPayment, SeenRefund
from broadsheet.giving.providers.stripe.provider import Stripe
from tests.giving.stripe import scenes
from tests.giving.stripe.scenes import AT, MONTH
from tests.giving.stripe.standin import StandIn

ANN = Giver("", "ann@example.org", "Ann Example")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def balance(account: str, currency: str = "EUR") -> int:
    rows = Movement.objects.filter(currency=currency)
    debits = sum(rows.filter(debit=account).values_list("amount_minor", flat=True))
    return debits - sum(rows.filter(credit=account).values_list("amount_minor", flat=True))


def test_a_gift_is_one_payment_whichever_of_its_objects_is_looked_at(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    gift = SeenPayment(
        paid.charge, Money(1000, "EUR"), at(AT), ANN, attempt="attempt-1", fee=Money(40, "EUR"), method="card"
    )
    assert stripe.look(paid.charge) == Seen(payments=(gift,))
    assert stripe.look(paid.intent) == Seen(payments=(gift,))
    page = SeenAttempt("attempt-1", paid.session, AttemptState.PAID)
    assert stripe.look(paid.session) == Seen(attempts=(page,), payments=(gift,))


def test_what_is_not_ours_or_not_there_is_nothing(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    for name in (paid.session, paid.intent):
        standin.objects[name]["metadata"] = {"order": "a mug"}
    for name in (paid.session, paid.intent, paid.charge, "ch_never_was", "po_never_was", "mandate_1", ""):
        assert stripe.look(name) == Seen()


def test_a_fee_that_is_not_known_yet_is_left_open(standin: StandIn, stripe: Stripe) -> None:
    """With asynchronous capture a charge has no line on the account for some seconds; `charge.updated` says when it has."""
    paid = scenes.give_once(standin, "attempt-1")
    standin.objects[paid.charge]["balance_transaction"] = None
    (gift,) = stripe.look(paid.charge).payments
    assert gift.fee is None


def test_an_address_the_charge_does_not_know_is_the_pages(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    standin.objects[paid.charge]["billing_details"] |= {"email": None, "name": None}
    (gift,) = stripe.look(paid.charge).payments
    assert gift.giver == ANN


def test_a_declined_card_leaves_the_attempt_open_with_the_banks_reason(standin: StandIn, stripe: Stripe) -> None:
    tried = scenes.decline_once(standin, "attempt-1")
    page = SeenAttempt("attempt-1", tried.session, AttemptState.BEGUN, "Your card has insufficient funds.")
    for name in (tried.session, tried.intent, tried.charge):
        assert stripe.look(name) == Seen(attempts=(page,))


def test_a_page_left_alone_is_given_up(standin: StandIn, stripe: Stripe) -> None:
    tried = scenes.decline_once(standin, "attempt-1")
    standin.objects[tried.session] |= {"status": "expired", "url": None}
    standin.objects[tried.intent]["status"] = "canceled"
    (page,) = stripe.look(tried.session).attempts
    assert page.state == AttemptState.EXPIRED


def test_a_debit_that_bounces_days_later_is_a_failure(standin: StandIn, stripe: Stripe) -> None:
    tried = scenes.decline_once(standin, "attempt-1")
    standin.objects[tried.session] |= {"status": "complete", "url": None}
    for name in (tried.session, tried.intent):
        (page,) = stripe.look(name).attempts
        assert page.state == AttemptState.FAILED


def test_a_debit_under_way_is_no_payment_yet(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    standin.objects[paid.charge] |= {"status": "pending", "paid": False}
    standin.objects[paid.intent]["status"] = "processing"
    standin.objects[paid.session]["payment_status"] = "unpaid"
    for name in (paid.session, paid.intent, paid.charge):
        seen = stripe.look(name)
        assert [page.state for page in seen.attempts] == [AttemptState.BEGUN]
        assert not seen.payments


def test_a_payment_is_dated_as_stripes_account_dates_it(standin: StandIn, stripe: Stripe) -> None:
    """A debit is begun some days before it arrives: a comparison of the last days looks for it where Stripe booked it."""
    paid = scenes.give_once(standin, "attempt-1")
    standin.objects[paid.line]["created"] = AT + 5 * 86_400
    (gift,) = stripe.look(paid.charge).payments
    assert gift.paid_at == at(AT + 5 * 86_400)


def test_a_refund_comes_with_its_payment(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    refund = scenes.refund(standin, paid, 300, fee=-10)
    back = SeenRefund(refund, Money(300, "EUR"), at(AT + 3600), fee_back=Money(10, "EUR"))
    for name in (refund, paid.charge, paid.session):
        (gift,) = stripe.look(name).payments
        assert (gift.ref, gift.refunds) == (paid.charge, (back,))


def test_more_refunds_than_a_charge_shows_are_all_found(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    given_back = {scenes.refund(standin, paid, 10) for _ in range(13)}
    (gift,) = stripe.look(paid.charge).payments
    assert {refund.ref for refund in gift.refunds} == given_back


@pytest.mark.django_db
def test_a_refund_that_cannot_be_delivered_comes_back(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    refund = scenes.refund(standin, paid, 300)
    post("stripe", stripe.look(refund), clock.now())
    assert balance("refunds") == 300
    scenes.fail_refund(standin, refund)
    post("stripe", stripe.look(refund), clock.now())
    assert balance("refunds") == 0
    assert balance("balance:stripe") == 960


def test_a_bank_that_only_asks_has_taken_nothing(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    inquiry = scenes.dispute(standin, paid)
    standin.objects[inquiry] |= {"status": "warning_needs_response", "balance_transactions": []}
    (gift,) = stripe.look(inquiry).payments
    assert gift.disputes == ()


@pytest.mark.django_db
def test_a_dispute_takes_the_gift_and_a_fee_and_won_brings_back_what_stripe_returns(
    standin: StandIn, stripe: Stripe
) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    dispute = scenes.dispute(standin, paid, fee=2000)
    seen = stripe.look(dispute)
    (told,) = seen.payments[0].disputes
    assert (told.reason, told.answer_by, told.won_at) == ("fraudulent", at(AT + 700_000), None)
    post("stripe", seen, clock.now())
    assert balance("balance:stripe") == 960 - 1000 - 2000
    scenes.win_dispute(standin, dispute, fee_back=2000)
    post("stripe", stripe.look(paid.charge), clock.now())
    assert balance("balance:stripe") == 960
    assert (balance("disputes"), balance("fees")) == (0, 40)


def test_a_dispute_that_is_lost_says_so(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    dispute = scenes.dispute(standin, paid)
    standin.objects[dispute]["status"] = "lost"
    (told,) = stripe.look(dispute).payments[0].disputes
    assert told.lost_at is not None
    assert told.answer_by is None


@pytest.mark.django_db
def test_a_debit_called_back_after_it_had_arrived_is_given_back(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    line = standin.name("txn")
    standin.add({**standin.objects[paid.line], "id": line, "type": "payment_failure_refund", "amount": -1000, "fee": 0,
                 "net": -1000, "created": AT + 86_400})  # fmt: skip
    standin.objects[paid.charge] |= {"status": "failed", "paid": False, "failure_balance_transaction": line}
    post("stripe", stripe.look(paid.charge), clock.now())
    assert list(Transaction.objects.filter(kind=Kind.REFUND).values_list("object_ref", flat=True)) == [line]
    assert balance("balance:stripe") == -40


@pytest.mark.django_db
def test_events_of_one_gift_in_any_order_leave_one_donation(standin: StandIn, stripe: Stripe) -> None:
    paid = scenes.give_once(standin, "attempt-1")
    refund = scenes.refund(standin, paid, 300)
    for name in (refund, paid.charge, paid.session, paid.intent, paid.charge, refund):
        post("stripe", stripe.look(name), clock.now())
    assert Donation.objects.get().donor.email == "ann@example.org"
    assert Receipt.objects.filter(donation__provider_ref=paid.charge).exists()
    assert sorted(Transaction.objects.values_list("kind", flat=True)) == [Kind.FEE, Kind.GIFT, Kind.REFUND]
    assert balance("balance:stripe") == 1000 - 40 - 300


@pytest.mark.django_db
def test_the_first_and_the_next_payment_of_a_pledge_are_two_donations_of_it(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-2")
    invoice, second = scenes.renew(standin, promised.subscription)
    for name in (second.charge, promised.invoice, invoice, promised.session, promised.paid.charge, second.intent):
        post("stripe", stripe.look(name), clock.now())
    donations = Donation.objects.order_by("paid_at")
    assert [donation.provider_ref for donation in donations] == [promised.paid.charge, second.charge]
    assert [donation.paid_at for donation in donations] == [at(AT), at(AT + MONTH)]
    assert {donation.pledge.provider_ref for donation in donations if donation.pledge} == {promised.subscription}
    assert donations[0].pledge is not None
    assert donations[0].pledge.frequency == Frequency.MONTHLY
    assert balance("balance:stripe") == 2 * (500 - 30)


def test_only_the_first_payment_of_a_pledge_answers_the_attempt(standin: StandIn, stripe: Stripe) -> None:
    promised = scenes.pledge(standin, "attempt-2")
    _, second = scenes.renew(standin, promised.subscription)
    (first_seen,) = stripe.look(promised.paid.charge).payments
    (second_seen,) = stripe.look(second.charge).payments
    assert (first_seen.attempt, second_seen.attempt) == ("attempt-2", "")
    assert first_seen.pledge == second_seen.pledge == promised.subscription


@pytest.mark.django_db
def test_a_payout_moves_to_the_bank_and_comes_back_if_the_bank_refuses(standin: StandIn, stripe: Stripe) -> None:
    payout = scenes.pay_out(standin, 5000)
    post("stripe", stripe.look(payout), clock.now())
    assert balance("bank") == 5000
    line = standin.name("txn")
    standin.add({**standin.objects[standin.objects[payout]["balance_transaction"]], "id": line, "type": "payout_failure",
                 "amount": 5000, "net": 5000, "created": AT + 3 * 86_400})  # fmt: skip
    standin.objects[payout] |= {"status": "failed", "failure_balance_transaction": line}
    post("stripe", stripe.look(payout), clock.now())
    assert balance("bank") == 0


@pytest.mark.django_db
def test_a_fee_of_the_account_is_posted_by_the_name_of_its_line(standin: StandIn, stripe: Stripe) -> None:
    line = standin.name("txn")
    standin.add(
        scenes.shape("balance_transaction", id=line, type="stripe_fee", amount=-350, fee=0, net=-350, source=None)
    )
    post("stripe", stripe.look(line), clock.now())
    post("stripe", stripe.look(line), clock.now())
    assert balance("fees") == 350


@pytest.mark.django_db
def test_a_gift_settled_in_another_currency_is_kept_in_its_own_and_its_fee_in_stripes(
    standin: StandIn, stripe: Stripe
) -> None:
    paid = scenes.give_once(standin, "attempt-1", amount=2000, currency="usd", fee=70)
    standin.objects[paid.line] |= {"currency": "eur", "amount": 1850, "net": 1780, "exchange_rate": 0.925}
    post("stripe", stripe.look(paid.charge), clock.now())
    assert balance("gifts", "USD") == -2000
    assert balance("fees", "EUR") == 70
