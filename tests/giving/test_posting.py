"""The one door to the books: facts are written once, whenever and however often they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, connection, transaction

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.core.money import Money
from broadsheet.giving.models import (
    Dispute,
    Donation,
    Donor,
    Frequency,
    Kind,
    Movement,
    Pledge,
    PledgeState,
    Receipt,
    Transaction,
)
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenDispute, SeenPayment, SeenPledge, SeenRefund
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User

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
