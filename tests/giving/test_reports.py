"""What screens show is a sum over the ledger: by the publication's days, net of what went back, in each currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadsheet import clock
from broadsheet.core.books import Movement
from broadsheet.core.money import Money
from broadsheet.giving import reports
from broadsheet.giving.models import Attempt, Frequency, Pledge, PledgeState, Transaction
from broadsheet.giving.posting import correct, post
from broadsheet.giving.providers.interface import (
    Giver,
    Seen,
    SeenDispute,
    SeenPayment,
    SeenPledge,
    SeenRefund,
)
from broadsheet.giving.reports import Brought, Recurring, Source, Span, Turn, Turned
from broadsheet.newsroom.models import Publication
from tests.factories import an_account

pytestmark = pytest.mark.django_db

ANN = Giver("cus_1", "ann@example.org", "Ann")


@pytest.fixture(autouse=True)
def auckland() -> Iterator[None]:
    """Thirteen hours ahead in summer: a day of ours begins when it is still yesterday nearly everywhere."""
    house = Publication.ours()
    house.zone = "Pacific/Auckland"
    house.save()
    yield


def at(day: int, hour: int = 12) -> datetime:
    """In UTC, of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def gift(ref: str, minor: int, when: datetime, currency: str = "EUR", **more: object) -> SeenPayment:
    return SeenPayment(ref, Money(minor, currency), when, ANN, method="card", **more)  # type: ignore[arg-type]


def post_payments(*payments: SeenPayment) -> None:
    post("fake", Seen(payments=payments), clock.now())


def test_a_day_is_the_publications() -> None:
    post_payments(gift("a", 100, at(20, 10)), gift("b", 200, at(20, 11)), gift("c", 400, at(21, 10)))
    days = reports.by_day(date(2026, 11, 20), date(2026, 11, 22))
    assert [(day.day, [sums.gifts for sums in moved]) for day, moved in days] == [
        (20, [euros(100)]),
        (21, [euros(600)]),
        (22, []),
    ]


def test_a_month_and_a_year_begin_at_the_publications_midnight() -> None:
    assert reports.month(date(2026, 12, 24)) == Span(
        datetime.fromisoformat("2026-12-01T00:00+13:00"), datetime.fromisoformat("2027-01-01T00:00+13:00")
    )
    assert reports.year(2026).since == datetime(2025, 12, 31, 11, tzinfo=UTC)
    assert reports.month(date(2026, 9, 5)).since.utcoffset() == timedelta(hours=12)  # before the clock goes forward


def test_sums_are_net_of_what_went_back_and_what_was_kept_for_it() -> None:
    refund = SeenRefund("re", euros(300), at(21))
    dispute = SeenDispute("dp", euros(500), at(22), fee=euros(1500))
    won = SeenDispute("dw", euros(700), at(22), fee=euros(1500), won_at=at(23), fee_back=euros(1500))
    post_payments(
        gift("a", 1000, at(20), fee=euros(40), refunds=(refund,)),
        gift("b", 500, at(20), disputes=(dispute,)),
        gift("c", 700, at(20), disputes=(won,)),
    )
    ((november,),) = reports.sums_in([reports.month(date(2026, 11, 1))])
    assert (november.gifts, november.refunds, november.disputes, november.fees) == (
        euros(2200), euros(300), euros(500), euros(1540),
    )  # fmt: skip
    assert (november.kept, november.net) == (euros(1400), euros(-140))
    (twentieth,), (twenty_first,) = reports.sums_in([reports.day(date(2026, 11, 21)), reports.day(date(2026, 11, 22))])
    assert (twentieth.gifts, twentieth.refunds) == (euros(2200), euros(0))
    assert (twenty_first.gifts, twenty_first.refunds) == (euros(0), euros(300))


def test_currencies_are_never_added_up() -> None:
    post_payments(gift("a", 100, at(20)), gift("b", 5000, at(20), "JPY"))
    ((euro, yen),) = reports.sums_in([reports.month(date(2026, 11, 1))])
    assert (euro.gifts, yen.gifts) == (euros(100), Money(5000, "JPY"))


def test_a_correction_counts_where_it_moves() -> None:
    post_payments(gift("a", 1000, at(20)))
    entry = Transaction.objects.get()
    correct(Movement("gifts", "balance:fake", euros(100)), note="It was nine euros.", by=an_account(), corrects=entry)
    assert reports.of_donations([entry.donation_id or 0])[entry.donation_id or 0].gifts == euros(900)
    assert dict(reports.balances()) == {"balance:fake": euros(900), "gifts": euros(900)}


def test_balances_say_what_is_where() -> None:
    post_payments(gift("a", 1000, at(20), fee=euros(40)), gift("b", 900, at(20), "JPY"))
    post("manual", Seen(payments=(gift("c", 5000, at(20)),)), clock.now())
    assert reports.balances() == [
        ("balance:fake", euros(960)),
        ("balance:fake", Money(900, "JPY")),
        ("bank", euros(5000)),
        ("fees", euros(40)),
        ("gifts", euros(6000)),
        ("gifts", Money(900, "JPY")),
    ]


def promise(ref: str, minor: int, frequency: Frequency, state: PledgeState, looked: int = 0, **more: object) -> None:
    pledge = SeenPledge(ref, euros(minor), frequency, state, at(10), ANN, **more)  # type: ignore[arg-type]
    post("fake", Seen(pledges=(pledge,)), at(25) + timedelta(minutes=looked))


def test_monthly_recurring_is_what_comes_each_month_and_a_twelfth_of_what_comes_each_year() -> None:
    promise("a", 500, Frequency.MONTHLY, PledgeState.ACTIVE)
    promise("b", 700, Frequency.MONTHLY, PledgeState.FAILING, failing_since=at(24), failed_tries=1)
    promise("c", 1003, Frequency.YEARLY, PledgeState.ACTIVE)
    promise("d", 1003, Frequency.YEARLY, PledgeState.ACTIVE)
    promise("e", 900, Frequency.MONTHLY, PledgeState.PAUSED)
    promise("f", 900, Frequency.MONTHLY, PledgeState.ENDED, ended_at=at(24))
    assert reports.monthly_recurring() == [Recurring(4, euros(500 + 700 + 2006 // 12))]


def test_what_became_of_pledges_in_a_span() -> None:
    promise("new", 500, Frequency.MONTHLY, PledgeState.ACTIVE)
    promise("raised", 500, Frequency.MONTHLY, PledgeState.ACTIVE)
    promise("raised", 800, Frequency.MONTHLY, PledgeState.ACTIVE, looked=1)
    promise("lowered", 2400, Frequency.YEARLY, PledgeState.ACTIVE)
    promise("lowered", 1200, Frequency.YEARLY, PledgeState.ACTIVE, looked=1)
    promise("failing", 700, Frequency.MONTHLY, PledgeState.FAILING, failing_since=at(24), failed_tries=1)
    promise("lapsed", 600, Frequency.MONTHLY, PledgeState.ENDED, ended_at=at(24), end_reason="failed")
    promise("ended", 900, Frequency.MONTHLY, PledgeState.ENDED, ended_at=at(24))
    found = {each.turn: each for each in reports.turns_in(reports.month(date(2026, 11, 1)))}
    assert found == {
        Turn.NEW: Turned(Turn.NEW, 6, euros(500 + 500 + 200 + 700 + 600 + 900)),
        Turn.RAISED: Turned(Turn.RAISED, 1, euros(300)),
        Turn.LOWERED: Turned(Turn.LOWERED, 1, euros(100)),
        Turn.FAILING: Turned(Turn.FAILING, 1, euros(700)),
        Turn.LAPSED: Turned(Turn.LAPSED, 1, euros(600)),
        Turn.ENDED: Turned(Turn.ENDED, 1, euros(900)),
    }
    assert reports.turns_in(reports.month(date(2026, 12, 1))) == []


def test_what_brought_a_gift_counts_its_pledge_s_payments_and_takes_off_what_went_back() -> None:
    begun = {"provider": "fake", "currency": "EUR", "amount_minor": 500, "begun_at": at(19)}
    once = Attempt.objects.create(frequency=Frequency.ONCE, article_id=7, place="end", **begun)
    monthly = Attempt.objects.create(frequency=Frequency.MONTHLY, article_id=8, place="end", **begun)
    refund = SeenRefund("re", euros(100), at(21))
    post_payments(gift("a", 1000, at(20), attempt=once.pk, refunds=(refund,)), gift("b", 50, at(20)))
    pledge = SeenPledge("sub", euros(500), Frequency.MONTHLY, PledgeState.ACTIVE, at(10), ANN, attempt=monthly.pk)
    renewals = tuple(gift(ref, 500, at(day), pledge="sub") for ref, day in (("c", 20), ("d", 25)))
    post("fake", Seen(pledges=(pledge,), payments=renewals), clock.now())
    november = reports.month(date(2026, 11, 1))
    assert reports.brought_by(Source.ARTICLE, november) == [
        Brought(8, 2, euros(1000)),
        Brought(7, 1, euros(900)),
        Brought(None, 1, euros(50)),
    ]
    assert reports.brought_by(Source.PLACE, november)[0] == Brought("end", 3, euros(1900))
    assert Pledge.objects.get().attempt == monthly


def test_however_many_days_are_asked_for_the_ledger_is_asked_twice() -> None:
    post_payments(gift("a", 100, at(20)))
    with CaptureQueriesContext(connection) as asked:
        reports.by_day(date(2025, 1, 1), date(2026, 12, 31))
    ledger = [query["sql"] for query in asked if "giving_movement" in query["sql"]]
    assert len(ledger) == 2  # which accounts there are, and what moved on them


def test_a_sum_walks_along_an_index_and_reads_no_row() -> None:
    post_payments(gift("a", 100, at(20)))
    with CaptureQueriesContext(connection) as asked:
        reports.sums_in([reports.month(date(2026, 11, 1))])
        reports.balances()
    accounts, span, all_time = (_plan(query["sql"]) for query in asked if "giving_movement" in query["sql"])
    along = "USING COVERING INDEX movements_by_account (currency=? AND debit=? AND"
    assert f"SEARCH giving_movement {along} credit>?)" in accounts
    assert f"SEARCH moved {along} credit=? AND at>? AND at<?)" in span
    assert "SCAN giving_movement USING COVERING INDEX movements_by_account" in all_time


def _plan(query: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        return "; ".join(row[3] for row in cursor.fetchall())
