"""What staff do at a provider from the money desk: give back, end a pledge. Against the fake provider's own process."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.acts.enter_payment import Entry, enter_payment
from broadsheet.giving.acts.refund import NotRefundable, left_of, refund
from broadsheet.giving.events import look_and_post
from broadsheet.giving.models import Attempt, Donation, EndReason, Frequency, Kind, Pledge, PledgeState, Transaction
from broadsheet.giving.providers.fake.provider import open_provider
from broadsheet.readers.models import User
from tests.factories import a_publisher
from tests.payments import PAYS, FakePayments
from tests.staff.conftest import at_the_admin, trail

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher() -> User:
    return a_publisher()


@pytest.fixture
def desk(publisher: User) -> Client:
    return at_the_admin(publisher)


def given(fake: FakePayments, frequency: Frequency = Frequency.ONCE, minor: int = 2500) -> Donation:
    """Begun by the house, paid on the provider's page, and posted."""
    attempt = Attempt.objects.create(
        frequency=frequency,
        amount_minor=minor,
        currency="EUR",
        email="ann@example.org",
        provider="fake",
        begun_at=clock.now(),
    )
    page = open_provider().begin(attempt, thanks_url="/thanks/", back_url="/donate/")
    fake.asking.post(f"/pages/{page.ref}/pay", card=PAYS, email="")
    look_and_post("fake", page.ref)
    return Donation.objects.get(attempt=attempt)


def pledged(fake: FakePayments) -> Pledge:
    pledge = given(fake, Frequency.MONTHLY).pledge
    assert pledge is not None
    return pledge


def content_of(answer: Any) -> str:
    return str(answer.content.decode())


def said(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(content_of(answer)))


def hidden(answer: Any) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', content_of(answer))
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def asked_for(desk: Client, gift: Donation, amount: str, reason: str = "They asked") -> Any:
    """The page that says what will happen."""
    page = f"/admin/giving/donations/{gift.pk}/refund/"
    return desk.post(page, {**hidden(desk.get(page)), "amount": amount, "reason": reason})


def pressed(desk: Client, gift: Donation, shown: Any) -> Any:
    """The button on it."""
    return desk.post(f"/admin/giving/donations/{gift.pk}/refund/", hidden(shown), follow=True)


# ── giving back


def test_a_part_is_given_back_after_saying_what_will_happen(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    shown = asked_for(desk, gift, "7,50")
    assert "sends €7.50 of €25.00 to ann@example.org" in said(shown)
    assert "another one is issued for what is kept" in said(shown)
    assert left_of(gift) == Money(2500, "EUR")  # nothing is done by looking
    assert "€7.50 given back. It is in the books." in said(pressed(desk, gift, shown))
    assert left_of(gift) == Money(1750, "EUR")
    assert [receipt.says["amount_minor"] for receipt in gift.receipts.filter(void__isnull=True)] == [1750]
    (entry,) = trail("giving.refunded")
    assert (entry.data["amount"], entry.data["donor"], entry.data["reason"]) == (
        "7.50 EUR",
        gift.donor_id,
        "They asked",
    )


def test_all_of_it_is_given_back_and_there_is_no_more_to_give(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    page = desk.get(f"/admin/giving/donations/{gift.pk}/refund/")
    assert 'value="25.00"' in page.content.decode()
    shown = asked_for(desk, gift, "25")
    assert "The receipt is void; nothing takes its place." in said(shown)
    pressed(desk, gift, shown)
    assert left_of(gift) == Money(0, "EUR")
    again = desk.get(f"/admin/giving/donations/{gift.pk}/refund/", follow=True)
    assert "Nothing is left of this gift" in said(again)
    assert "Give it back …" not in said(desk.get(f"/admin/giving/donations/{gift.pk}/"))


def test_pressed_twice_it_is_given_back_once(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    shown = asked_for(desk, gift, "10")
    for _ in range(2):
        assert "€10.00 given back" in said(pressed(desk, gift, shown))
    assert left_of(gift) == Money(1500, "EUR")
    assert Transaction.objects.filter(donation=gift, kind=Kind.REFUND).count() == 1
    assert len(trail("giving.refunded")) == 1


def test_all_of_it_pressed_twice_is_still_given_back_once(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    shown = asked_for(desk, gift, "25")
    for _ in range(2):
        assert "€25.00 given back" in said(pressed(desk, gift, shown))
    assert Transaction.objects.filter(donation=gift, kind=Kind.REFUND).count() == 1


def test_a_provider_that_is_down_is_named_and_nothing_is_half_done(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    shown = asked_for(desk, gift, "10")
    fake.kill()
    answer = pressed(desk, gift, shown)
    assert "could not be reached, and nothing was written into the books" in said(answer)
    assert not trail("giving.refunded") and left_of(gift) == Money(2500, "EUR")
    fake.start()
    assert "€10.00 given back" in said(pressed(desk, gift, answer))  # the same page, the same key
    assert left_of(gift) == Money(1500, "EUR")
    assert len(trail("giving.refunded")) == 1


def test_what_the_provider_refuses_is_said_in_its_words(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    shown = asked_for(desk, gift, "20")
    open_provider().refund(gift, Money(2000, "EUR"), key="in-the-providers-own-pages")  # not posted here yet
    answer = pressed(desk, gift, shown)
    assert "refuses:" in said(answer) and "Nothing was given back." in said(answer)
    assert not trail("giving.refunded")


def test_more_than_is_left_is_refused_before_anybody_is_asked(fake: FakePayments, desk: Client) -> None:
    gift = given(fake)
    assert "Of this gift €25.00 is left." in said(asked_for(desk, gift, "25.01"))
    for nothing in ("0", "-1", "x", ""):
        assert "See what will happen" in said(asked_for(desk, gift, nothing))
    assert "This field is required." in said(asked_for(desk, gift, "5", reason=""))
    forged = {"amount": "30.00", "confirmed": "30.00", "key": "forged-key-1", "reason": "x"}
    desk.post(f"/admin/giving/donations/{gift.pk}/refund/", forged)
    assert left_of(gift) == Money(2500, "EUR")


def test_a_browser_left_open_gives_nothing_back(fake: FakePayments, publisher: User) -> None:
    gift = given(fake)
    left_open = at_the_admin(publisher, proved=False)
    answer = left_open.post(f"/admin/giving/donations/{gift.pk}/refund/", {"amount": "1.00", "confirmed": "1.00"})
    assert answer["Location"].startswith("/account/confirm/")
    assert left_of(gift) == Money(2500, "EUR")


# ── by hand


@pytest.fixture
def by_hand(publisher: User) -> Donation:
    entry = Entry("entry-key-1", Money(5000, "EUR"), clock.now(), "bank transfer", email="bo@example.org", name="Bo")
    return enter_payment(entry, by=publisher)


def test_a_wrong_entry_is_put_right_by_giving_back_what_was_too_much(by_hand: Donation, desk: Client) -> None:
    shown = asked_for(desk, by_hand, "45", "Five were entered as fifty")
    assert "You send €45.00 of €50.00 to Bo yourself" in said(shown)
    pressed(desk, by_hand, shown)
    assert left_of(by_hand) == Money(500, "EUR")
    assert by_hand.amount == Money(5000, "EUR")  # what was written stays written
    assert [receipt.says["amount_minor"] for receipt in by_hand.receipts.order_by("pk")] == [5000, 500]


@pytest.mark.django_db(transaction=True)
def test_two_at_the_desk_cannot_give_back_the_same_money_by_hand(by_hand: Donation, publisher: User) -> None:
    def give_back(number: int) -> bool:
        try:
            refund(by_hand, Money(5000, "EUR"), key=f"race-key-{number}", by=publisher, reason="Both were asked")
        except NotRefundable:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(give_back, range(8))) == 1
    assert left_of(by_hand) == Money(0, "EUR")


# ── pledges


def test_a_pledge_is_ended_for_somebody_and_says_by_whom(fake: FakePayments, desk: Client) -> None:
    pledge = pledged(fake)
    page = f"/admin/giving/pledges/{pledge.pk}/end/"
    assert "1 payment was made." in said(desk.get(page)) and "takes no further payment" in said(desk.get(page))
    answer = desk.post(page, {"reason": "Asked by letter"}, follow=True)
    assert "The pledge has ended." in said(answer)
    pledge.refresh_from_db()
    assert (pledge.state, pledge.end_reason) == (PledgeState.ENDED, EndReason.STAFF)
    fake.days_pass(62)
    look_and_post("fake", pledge.provider_ref)
    assert pledge.donations.count() == 1
    (entry,) = trail("giving.pledge_ended")
    assert (entry.data["donor"], entry.data["reason"]) == (pledge.donor_id, "Asked by letter")
    assert "has ended already" in said(desk.get(page, follow=True))


def test_a_pledge_goes_on_while_its_provider_is_down(fake: FakePayments, desk: Client) -> None:
    pledge = pledged(fake)
    fake.kill()
    page = f"/admin/giving/pledges/{pledge.pk}/end/"
    answer = desk.post(page, {"reason": "Asked by letter"})
    assert "could not be reached" in said(answer) and "Asked by letter" in said(answer)
    pledge.refresh_from_db()
    assert (pledge.state, pledge.end_reason) == (PledgeState.ACTIVE, "")
    assert not trail("giving.pledge_ended")
    fake.start()
    assert "The pledge has ended." in said(desk.post(page, {"reason": "Asked by letter"}, follow=True))
