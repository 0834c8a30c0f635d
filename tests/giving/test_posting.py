"""The one door to the books: facts are written once, whenever and however often they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import Error, connection, transaction

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.core.money import Money
from broadsheet.giving import events
from broadsheet.giving.models import (
    Attempt,
    AttemptState,
    Dispute,
    Donation,
    Donor,
    Frequency,
    Kind,
    Movement,
    Pledge,
    PledgeState,
    ProviderEvent,
    Receipt,
    Transaction,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import (
    Giver,
    Heard,
    Seen,
    SeenAttempt,
    SeenDispute,
    SeenPayment,
    SeenPledge,
    SeenRefund,
)
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User
from tests.giving.paper import Paper

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANN = Giver("cus_1", "Ann@Example.org", "Ann")
GIFT = SeenPayment("pay_1", Money(1000, "EUR"), AT, ANN, fee=Money(40, "EUR"), method="card")


def balance(account: str) -> int:
    debits = sum(Movement.objects.filter(debit=account).values_list("amount_minor", flat=True))
    return debits - sum(Movement.objects.filter(credit=account).values_list("amount_minor", flat=True))


def test_a_gift_told_three_times_is_one_donation_one_receipt_and_two_transactions() -> None:
    for _ in range(3):
        post("fake", Seen(payments=(GIFT,)), clock.now())
    donation = Donation.objects.get()
    assert donation.donor.email == "ann@example.org"
    assert [receipt.number for receipt in Receipt.objects.all()] == [1]
    assert sorted(Transaction.objects.values_list("kind", flat=True)) == [Kind.FEE, Kind.GIFT]
    assert (balance("balance:fake"), balance("gifts"), balance("fees")) == (960, -1000, 40)


def test_a_refund_told_before_its_payment_is_posted_with_it() -> None:
    refunded = replace(GIFT, refunds=(SeenRefund("re_1", Money(300, "EUR"), AT + timedelta(hours=1)),))
    post("fake", Seen(payments=(refunded,)), clock.now())
    post("fake", Seen(payments=(GIFT,)), clock.now())  # the payment's own event, an hour late
    assert balance("balance:fake") == 660
    assert balance("refunds") == 300


def test_a_dispute_that_is_won_brings_the_money_back() -> None:
    dispute = SeenDispute("dp_1", Money(1000, "EUR"), AT + timedelta(days=2), fee=Money(1500, "EUR"))
    post("fake", Seen(payments=(replace(GIFT, disputes=(dispute,)),)), clock.now())
    assert balance("balance:fake") == 960 - 1000 - 1500
    won = replace(dispute, won_at=AT + timedelta(days=30))
    post("fake", Seen(payments=(replace(GIFT, disputes=(won,)),)), clock.now())
    post("fake", Seen(payments=(replace(GIFT, disputes=(dispute,)),)), clock.now())  # an older look
    assert Dispute.objects.get().won_at == won.won_at
    assert balance("balance:fake") == 960 - 1500
    assert balance("disputes") == 0


def test_an_account_is_a_supporter_by_its_address_and_no_longer_once_all_is_given_back() -> None:
    ann = User.objects.create_user("ann@example.org")
    post("fake", Seen(payments=(replace(GIFT, paid_at=clock.now()),)), clock.now())
    assert Donor.objects.get().account == ann
    assert reader_class(ann) is ReaderClass.SUPPORTER
    back = SeenRefund("re_1", Money(1000, "EUR"), clock.now())
    post("fake", Seen(payments=(replace(GIFT, refunds=(back,)),)), clock.now())
    assert reader_class(ann) is ReaderClass.REGISTERED


def test_a_pledge_is_as_it_was_last_seen_not_as_it_was_last_told() -> None:
    pledge = SeenPledge("sub_1", Money(500, "EUR"), Frequency.MONTHLY, PledgeState.ACTIVE, AT, ANN)
    later, sooner = clock.now(), clock.now() - timedelta(seconds=30)
    post("fake", Seen(pledges=(replace(pledge, state=PledgeState.ENDED, ended_at=AT),)), later)
    post("fake", Seen(pledges=(pledge,)), sooner)
    assert Pledge.objects.get().state == PledgeState.ENDED


@pytest.mark.parametrize("table", ["giving_transaction", "giving_movement", "giving_receipt"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_to_rewrite_the_books(table: str, change: str) -> None:
    post("fake", Seen(payments=(GIFT,)), clock.now())
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


# ── late, twice, and by others


def test_a_late_look_does_not_open_an_attempt_again() -> None:
    attempt = Attempt.objects.create(provider="fake", amount_minor=1000, currency="EUR", frequency="once", begun_at=AT)
    seen = SeenAttempt(attempt.pk, "page_1", AttemptState.EXPIRED)
    post("fake", Seen(attempts=(seen,)), AT + timedelta(minutes=2))
    post("fake", Seen(attempts=(replace(seen, state=AttemptState.BEGUN),)), AT + timedelta(minutes=1))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.settled_at is None) == (AttemptState.EXPIRED, False)
    post("fake", Seen(attempts=(replace(seen, state=AttemptState.BEGUN),)), AT + timedelta(minutes=3))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.settled_at) == (
        AttemptState.BEGUN,
        None,
    )  # a card was declined, and the page is open


def test_what_is_paid_stays_paid_whatever_is_heard_of_its_page() -> None:
    attempt = Attempt.objects.create(provider="fake", amount_minor=1000, currency="EUR", frequency="once", begun_at=AT)
    post("fake", Seen(payments=(replace(GIFT, attempt=attempt.pk),)), AT)
    post("fake", Seen(attempts=(SeenAttempt(attempt.pk, "page_1", AttemptState.EXPIRED),)), AT + timedelta(hours=1))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.donor) == (AttemptState.PAID, Donor.objects.get())


def test_a_fee_that_is_known_later_is_posted_then() -> None:
    post("fake", Seen(payments=(replace(GIFT, fee=None),)), clock.now())
    assert balance("fees") == 0
    post("fake", Seen(payments=(GIFT,)), clock.now())
    assert (balance("fees"), Donation.objects.count()) == (40, 1)


def test_another_amount_than_was_posted_is_not_written_over_it(caplog: pytest.LogCaptureFixture) -> None:
    post("fake", Seen(payments=(GIFT,)), clock.now())
    posted = post("fake", Seen(payments=(replace(GIFT, amount=Money(1200, "EUR")),)), clock.now())
    assert [entry.object_ref for entry in posted.differing] == ["pay_1"]
    assert balance("gifts") == -1000
    assert "says otherwise of pay_1" in caplog.text


def test_a_payment_of_nothing_is_no_donation() -> None:
    post("fake", Seen(payments=(replace(GIFT, amount=Money(0, "EUR"), fee=None),)), clock.now())
    assert not Donation.objects.exists()


@pytest.mark.parametrize(
    "taken",
    [
        {"refunds": (SeenRefund("re_1", Money(100, "USD"), AT),)},
        {"disputes": (SeenDispute("dp_1", Money(100, "USD"), AT),)},
        {"refunds": (SeenRefund("re_1", Money(-100, "EUR"), AT),)},
        {"refunds": (SeenRefund("re_1", Money(0, "EUR"), AT),)},
        {"pledge": "sub_unknown"},
        {"amount": Money(-1000, "EUR")},
    ],
)
def test_what_makes_no_sense_is_refused_whole(taken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"from the payment|more than nothing|without its pledge"):
        post("fake", Seen(payments=(replace(GIFT, **taken),)), clock.now())
    assert not (Donation.objects.exists() or Transaction.objects.exists() or Receipt.objects.exists())


def test_a_refund_that_comes_back_is_money_kept_again() -> None:
    ann = User.objects.create_user("ann@example.org")
    back = SeenRefund("re_1", Money(1000, "EUR"), clock.now())
    paid = replace(GIFT, paid_at=clock.now(), refunds=(back,))
    post("fake", Seen(payments=(paid,)), clock.now())
    assert reader_class(ann) is ReaderClass.REGISTERED
    returned = replace(back, came_back_at=clock.now())
    post("fake", Seen(payments=(replace(paid, refunds=(returned,)),)), clock.now())
    assert (balance("refunds"), balance("balance:fake")) == (0, 960)
    assert reader_class(ann) is ReaderClass.SUPPORTER


def test_a_gift_found_long_after_is_not_thanked_for_by_letter() -> None:
    post("fake", Seen(payments=(replace(GIFT, paid_at=clock.now() - timedelta(days=40)),)), clock.now())
    post("fake", Seen(payments=(replace(GIFT, ref="pay_2", paid_at=clock.now()),)), clock.now())
    assert [gift.thanks_due_at is None for gift in Donation.objects.order_by("provider_ref")] == [True, False]


# ── whose it is


def test_who_was_forgotten_stays_a_number_and_who_gives_again_is_somebody_new() -> None:
    post("fake", Seen(payments=(GIFT,)), clock.now())
    forgotten = Donor.objects.get()
    Donor.objects.update(email="", name="", erased_at=AT + timedelta(days=1))
    late = replace(GIFT, ref="pay_2", paid_at=AT + timedelta(hours=1))  # paid before, told after
    post("fake", Seen(payments=(late,)), clock.now())
    forgotten.refresh_from_db()
    assert (forgotten.donations.count(), forgotten.email, forgotten.name) == (2, "", "")
    again = replace(GIFT, ref="pay_3", paid_at=AT + timedelta(days=2))
    post("fake", Seen(payments=(again,)), clock.now())
    assert Donation.objects.get(provider_ref="pay_3").donor != forgotten
    assert Donor.objects.exclude(pk=forgotten.pk).get().email == "ann@example.org"


def test_an_address_that_another_account_has_now_takes_its_gifts_along() -> None:
    before = User.objects.create_user("ann@example.org")
    post("fake", Seen(payments=(GIFT,)), clock.now())
    before.email = "moved@example.org"
    before.save()
    after = User.objects.create_user("ann@example.org")
    post("fake", Seen(payments=(replace(GIFT, ref="pay_2", giver=Giver(email="ann@example.org")),)), clock.now())
    assert Donation.objects.get(provider_ref="pay_2").donor.account == after
    assert Donation.objects.get(provider_ref="pay_1").donor.account == before
    assert Donor.objects.get(account=before).email == "moved@example.org"


def test_whoever_pays_for_an_address_cannot_say_how_its_account_is_called() -> None:
    User.objects.create_user("ann@example.org", name="Ann")
    stranger = Attempt.objects.create(
        provider="fake", amount_minor=1000, currency="EUR", frequency="once", begun_at=AT, is_named=True, name="Nobody"
    )
    post("fake", Seen(payments=(replace(GIFT, attempt=stranger.pk),)), clock.now())
    donor = Donor.objects.get()
    assert (donor.name, donor.is_named) == ("Ann", False)


# ── events on their way


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    """In place of the provider whose events come."""
    paper = Paper()
    monkeypatch.setattr(events, "provider_named", lambda name: paper)
    return paper


def hear(number: int, ref: str) -> None:
    events.keep("fake", Heard(f"evt_{number}", "payment.changed", ref))


def test_one_look_answers_twenty_events_of_an_object(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paper.pay(1000)
    looked: list[str] = []
    monkeypatch.setattr(paper, "look", lambda ref, look=paper.look: (looked.append(ref), look(ref))[1])
    for number in (*range(20), *range(20)):  # each is told twice
        hear(number, payment)
    events.post_due()
    assert looked == [payment]
    assert ProviderEvent.objects.filter(posted_at__isnull=False, due_at=None).count() == 20
    assert Donation.objects.count() == 1


def test_an_object_the_provider_cannot_read_yet_is_asked_for_again(paper: Paper) -> None:
    hear(1, "pay_1")
    events.post_due()
    waiting = ProviderEvent.objects.get()
    assert (waiting.posted_at, waiting.tries) == (None, 1)
    assert waiting.due_at is not None
    assert paper.pay(1000) == "pay_1"
    ProviderEvent.objects.update(due_at=clock.now())
    events.post_due()
    assert Donation.objects.count() == 1


def test_what_stays_unknown_there_is_let_go_after_some_tries(paper: Paper) -> None:
    hear(1, "none_of_ours")
    for _ in range(events.TRIES_OF_THE_UNKNOWN):
        ProviderEvent.objects.update(due_at=clock.now())
        events.post_due()
    event = ProviderEvent.objects.get()
    assert (event.posted_at is None, event.due_at, event.fault) == (False, None, "")


def test_a_provider_that_is_down_is_asked_once_a_round(paper: Paper) -> None:
    paper.is_down = True
    for number in range(5):
        hear(number, f"pay_{number}")
    assert events.post_due() is False
    assert sorted(ProviderEvent.objects.values_list("tries", flat=True)) == [0, 0, 0, 0, 1]
    paper.is_down = False
    payments = [paper.pay(100) for _ in range(4)]
    assert payments == [f"pay_{number}" for number in range(1, 5)]
    ProviderEvent.objects.update(due_at=clock.now())
    events.post_due()
    assert Donation.objects.count() == 4


def test_an_event_that_cannot_be_posted_stops_no_other(paper: Paper) -> None:
    broken, sound = paper.pay(1000, pledge="sub_unknown"), paper.pay(1000)
    hear(1, broken)
    hear(2, sound)
    events.post_due()
    assert [gift.provider_ref for gift in Donation.objects.all()] == [sound]
    event = ProviderEvent.objects.get(event_ref="evt_1")
    assert "without its pledge sub_unknown" in event.fault
    assert event.due_at is not None
