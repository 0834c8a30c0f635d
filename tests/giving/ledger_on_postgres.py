"""The ledger on whatever database this process was started with. Run by `test_ledger_on_postgres.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import Error, connection, connections, transaction

from broadsheet import clock
from broadsheet.core.books import Movement
from broadsheet.core.money import Money
from broadsheet.giving import checking, events, reports
from broadsheet.giving.locking import for_good
from broadsheet.giving.models import Donation, Donor, ProviderEvent, Receipt, Transaction
from broadsheet.giving.posting import correct, post
from broadsheet.giving.providers.interface import Giver, Heard, Seen, SeenPayment, SeenRefund
from broadsheet.giving.reconciling import compare
from tests.factories import an_account
from tests.giving.paper import OPENED, Paper

REWRITES = [
    "UPDATE giving_movement SET amount_minor = 1",
    "UPDATE giving_transaction SET note = 'x'",
    "DELETE FROM giving_movement",
    "TRUNCATE giving_movement",
    "TRUNCATE giving_transaction CASCADE",
]


def main() -> None:
    assert connection.vendor == "postgresql"
    paper = Paper()
    the_same_fact_twenty_times(paper)
    different_facts_at_once(paper)
    one_event_heard_twenty_times()
    corrections_at_once()
    whoever_is_forgotten_meanwhile()
    never_rewritten()
    written_for_good()
    the_reports(paper)
    assert compare(paper, OPENED, OPENED + timedelta(days=1), mend=False).agrees
    assert list(checking.faults()) == []
    print("the books are whole")


def at_once(acts: Sequence[Callable[[], object]]) -> None:
    """Each in a thread and a connection of its own, let go at the same moment; what one raises is raised."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], object]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            barrier.wait()
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(one, act) for act in acts]:
            done.result()


def the_same_fact_twenty_times(paper: Paper) -> None:
    payment = paper.pay(1000, fee=40)
    seen = paper.look(payment)
    at_once([lambda: post("fake", seen, clock.now())] * 20)
    assert Donation.objects.count() == Receipt.objects.count() == Donor.objects.count() == 1
    assert Transaction.objects.count() == 2


def different_facts_at_once(paper: Paper) -> None:
    """Also of one donor who is new, and of one payment whose refunds are told by different looks."""
    first = next(iter(paper.payments))
    looks = []
    for number in range(10):
        looks.append(paper.look(paper.pay(100 + number, fee=1, giver=f"new{number % 2}")))
        paper.refund(first, 10)
        looks.append(paper.look(first))
    at_once([lambda seen=seen: post("fake", seen, clock.now()) for seen in looks])  # type: ignore[misc]
    assert Donation.objects.count() == 11
    assert Donor.objects.count() == 3
    assert Transaction.objects.filter(kind="refund").count() == 10
    assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, Receipt.objects.count() + 1))


def one_event_heard_twenty_times() -> None:
    at_once([lambda: events.keep("fake", Heard("evt_1", "payment.made", "pay_1"))] * 20)
    assert ProviderEvent.objects.count() == 1
    ProviderEvent.objects.all().delete()


def corrections_at_once() -> None:
    by = an_account()
    move = Movement("bank", "corrections", Money(5, "EUR"))
    at_once([lambda: correct(move, note="Found in a drawer.", by=by)] * 10)
    refs = set(Transaction.objects.filter(kind="correction").values_list("object_ref", flat=True))
    assert refs == {f"correction-{number}" for number in range(1, 11)}


def whoever_is_forgotten_meanwhile() -> None:
    """A posting waits for the erasure that came first, and writes nothing of the donor back."""
    giver, began = Giver("cus_gone", "gone@example.org", "Gone"), clock.now()
    payment = SeenPayment("manual 1", Money(100, "EUR"), began - timedelta(days=1), giver)
    post("manual", Seen(payments=(payment,)), began)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Donor.objects.filter(email="gone@example.org").update(email="", name="", erased_at=clock.now())
            late = SeenPayment("manual 2", Money(100, "EUR"), began, giver)
            waiting = pool.submit(_post_and_close, Seen(payments=(late,)))
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
        waiting.result(timeout=30)
    gone = Donation.objects.get(provider_ref="manual 2").donor
    assert (gone.email, gone.name, gone.donations.count()) == ("", "", 2)


def _post_and_close(seen: Seen) -> None:
    try:
        post("manual", seen, clock.now())
    finally:
        connections.close_all()


def never_rewritten() -> None:
    for statement in REWRITES:
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def written_for_good() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        with transaction.atomic():
            for_good()
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("off",)
        cursor.execute("SET synchronous_commit = on")


def the_reports(paper: Paper) -> None:
    (euro,) = reports.sums_in([reports.month(OPENED.date())])[0][:1]
    manual = Money(200, "EUR")
    assert euro.gifts == Money(sum(paid.amount.amount_minor for paid in paper.payments.values()), "EUR") + manual
    assert dict(reports.balances())["balance:fake"] == Money(paper.held("EUR"), "EUR")
    back = [refund for paid in paper.payments.values() for refund in paid.refunds if isinstance(refund, SeenRefund)]
    assert euro.refunds == Money(10 * len(back), "EUR")
    assert len(reports.by_day(OPENED.date(), OPENED.date() + timedelta(days=400))) == 401
    assert reports.brought_by(reports.Source.PLACE, reports.month(OPENED.date()))
    assert reports.monthly_recurring() == reports.turns_in(reports.month(OPENED.date())) == []
