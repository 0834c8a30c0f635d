"""The pass of a browser that gave: one for each gift that stands, ended with it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.core.money import Money
from broadsheet.gate.ledger import NO_ACCOUNT, open_ledger
from broadsheet.gate.passes import pass_id
from broadsheet.giving.models import Attempt, AttemptState, Frequency, PledgeState
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenDispute, SeenPayment, SeenPledge, SeenRefund
from broadsheet.giving.supporters import OF_A_BROWSER, drop_browser_pass, give_browser_pass
from broadsheet.meter.force import publish_snapshot
from broadsheet.meter.models import MeterSettings

pytestmark = pytest.mark.django_db

TEN = Money(1000, "EUR")
GIVER = Giver("", "ann@example.org", "")


def an_attempt(frequency: Frequency = Frequency.ONCE) -> Attempt:
    return Attempt.objects.create(
        frequency=frequency, amount_minor=1000, currency="EUR", provider="fake", begun_at=clock.now()
    )


def arrives(
    attempt: Attempt, at: datetime | None = None, *refunds: SeenRefund, dispute: SeenDispute | None = None
) -> None:
    payment = SeenPayment(
        f"pay-{attempt.pk}",
        TEN,
        at or clock.now(),
        GIVER,
        attempt=attempt.pk,
        refunds=refunds,
        disputes=(dispute,) if dispute else (),
    )
    post("fake", Seen(payments=(payment,)), clock.now())
    attempt.refresh_from_db()


def thanked(attempt: Attempt) -> str | None:
    """The text of the cookie that the page of thanks sets."""
    response = HttpResponse()
    is_given = give_browser_pass(attempt, response)
    assert is_given == ("supporter" in response.cookies)
    return response.cookies["supporter"].value if is_given else None


def stands(text: str | None) -> bool:
    id_ = pass_id(text or "")
    assert id_ is not None
    found = open_ledger().pass_of(id_, clock.timestamp())
    assert found is None or (found.reader, found.account) == (ReaderClass.SUPPORTER, NO_ACCOUNT)
    return found is not None


def test_a_gift_has_one_pass_however_often_its_thanks_are_asked_for() -> None:
    attempt = an_attempt()
    arrives(attempt)
    first = thanked(attempt)
    assert stands(first)
    assert thanked(attempt) == first
    assert thanked(Attempt.objects.get(pk=attempt.pk)) == first
    assert Attempt.objects.get(pk=attempt.pk).pass_text == first


@pytest.mark.django_db(transaction=True)
def test_also_when_they_are_asked_for_in_twelve_tabs_at_once() -> None:
    attempt = an_attempt()
    arrives(attempt)

    def in_a_tab(_: int) -> str | None:
        try:
            return thanked(Attempt.objects.get(pk=attempt.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as tabs:
        texts = set(tabs.map(in_a_tab, range(12)))
    assert texts == {Attempt.objects.get(pk=attempt.pk).pass_text}
    assert stands(*texts)


@pytest.mark.parametrize("state", [state for state in AttemptState if state is not AttemptState.PAID])
def test_where_nothing_arrived_there_is_none(state: AttemptState) -> None:
    attempt = an_attempt()
    Attempt.objects.filter(pk=attempt.pk).update(state=state)
    assert thanked(attempt) is None


def test_it_lasts_35_days_from_the_gift_and_not_from_the_last_look_at_its_thanks() -> None:
    attempt = an_attempt()
    arrives(attempt)
    Attempt.objects.filter(pk=attempt.pk).update(settled_at=clock.now() - timedelta(days=30))
    response = HttpResponse()
    assert give_browser_pass(attempt, response)
    assert response.cookies["supporter"]["max-age"] == pytest.approx(timedelta(days=5).total_seconds(), abs=5)
    Attempt.objects.filter(pk=attempt.pk).update(settled_at=clock.now() - OF_A_BROWSER)
    assert thanked(attempt) is None


def test_it_stays_while_part_of_the_gift_does_and_ends_with_the_last_cent() -> None:
    attempt = an_attempt()
    arrives(attempt)
    text, at = thanked(attempt), clock.now()
    part, rest = SeenRefund("re-1", Money(999, "EUR"), at), SeenRefund("re-2", Money(1, "EUR"), at)
    arrives(attempt, at, part)
    assert stands(text)
    arrives(attempt, at, part, rest)
    assert not stands(text)
    assert thanked(attempt) is None


def test_a_dispute_ends_it_and_one_that_is_won_lets_its_thanks_give_another() -> None:
    attempt = an_attempt()
    arrives(attempt)
    text, at = thanked(attempt), clock.now()
    arrives(attempt, dispute=SeenDispute("dp-1", TEN, at))
    assert not stands(text)
    arrives(attempt, dispute=SeenDispute("dp-1", TEN, at, won_at=at))
    assert stands(thanked(attempt))


def test_one_gift_that_goes_back_leaves_the_pass_of_another() -> None:
    back, kept = an_attempt(), an_attempt()
    arrives(back)
    arrives(kept)
    texts = thanked(back), thanked(kept)
    arrives(back, clock.now(), SeenRefund("re-1", TEN, clock.now()))
    assert [stands(text) for text in texts] == [False, True]


def test_a_pledge_is_a_supporters_by_any_of_its_payments() -> None:
    attempt, at = an_attempt(Frequency.MONTHLY), clock.now()
    pledge = SeenPledge("sub-1", TEN, Frequency.MONTHLY, PledgeState.ACTIVE, at, GIVER, attempt=attempt.pk)
    first = SeenPayment("in-1", TEN, at, GIVER, attempt=attempt.pk, pledge="sub-1")
    second = SeenPayment("in-2", TEN, at, GIVER, pledge="sub-1")
    post("fake", Seen(pledges=(pledge,), payments=(first, second)), clock.now())
    attempt.refresh_from_db()
    text = thanked(attempt)
    gone = (SeenRefund("re-1", TEN, at),)
    post("fake", Seen(payments=(SeenPayment("in-1", TEN, at, GIVER, refunds=gone),)), clock.now())
    assert stands(text)
    gone = (SeenRefund("re-2", TEN, at),)
    post("fake", Seen(payments=(SeenPayment("in-2", TEN, at, GIVER, pledge="sub-1", refunds=gone),)), clock.now())
    assert not stands(text)


def test_ending_it_twice_does_no_harm() -> None:
    attempt = an_attempt()
    arrives(attempt)
    text = thanked(attempt)
    drop_browser_pass(attempt)
    drop_browser_pass(attempt)
    assert not stands(text)


@pytest.fixture
def counting() -> Iterator[None]:
    """Supporters may open thirty articles."""
    before = publish_snapshot()
    meter = MeterSettings.ours()
    meter.registered_allowance, meter.supporter_allowance, meter.subscriber_allowance = 20, 30, 40
    meter.save()
    publish_snapshot()
    yield
    open_ledger().publish_policy(before)


@pytest.mark.usefixtures("counting")
def test_the_page_of_reads_goes_by_what_the_browser_gave() -> None:
    def allowance() -> object:
        return browser.get("/account/reads/").context["reads"].allowance

    browser, attempt = Client(HTTP_HOST="testserver"), an_attempt()
    arrives(attempt)
    assert allowance() == 10
    browser.cookies["supporter"] = thanked(attempt) or ""
    assert allowance() == 30
    drop_browser_pass(attempt)
    assert allowance() == 10
