"""Receipts on whatever database this process was started with. Run by `test_receipts_on_postgres.py`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import Error, close_old_connections, connection, connections, transaction

from broadsheet import clock
from broadsheet.core.money import Money
from broadsheet.giving.acts.reissue_receipt import reissue_receipt
from broadsheet.giving.letters import GivingLetter
from broadsheet.giving.mailroom import post_due_letters
from broadsheet.giving.models import Donation, Receipt, ReceiptSeries, ReceiptVoid
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment
from broadsheet.giving.receipts import forget_names
from tests.factories import a_publisher

REWRITES = [
    "UPDATE giving_receipt SET content = '{}'",
    "UPDATE giving_receipt SET number = 7, erasures = erasures + 1",
    "UPDATE giving_receipt SET erasures = erasures + 2",
    "UPDATE giving_receiptvoid SET reason = ''",
    "DELETE FROM giving_receipt",
    "TRUNCATE giving_receipt CASCADE",
]
OLD = datetime(2001, 6, 1, 12, tzinfo=UTC)


def main() -> None:
    assert connection.vendor == "postgresql"
    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(give, range(20)))
    assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, 21))
    assert ReceiptSeries.objects.get().last_number == 20
    void_at_once()
    never_rewritten()
    sent_once()
    print("no gap")


def give(number: int, paid_at: datetime | None = None) -> None:
    close_old_connections()
    giver = Giver(f"cus_{number}", f"reader{number}@example.org", f"Reader {number}")
    payment = SeenPayment(f"pay_{number}", Money(1000, "EUR"), paid_at or clock.now(), giver, method="card")
    try:
        post("fake", Seen(payments=(payment,)), clock.now())
    finally:
        connections.close_all()


def void_at_once() -> None:
    """Ten who press the same button: one receipt takes its place."""
    receipt, publisher = Receipt.objects.get(number=1), a_publisher()

    def press(_: int) -> bool:
        close_old_connections()
        try:
            reissue_receipt(Receipt.objects.get(pk=receipt.pk), by=publisher, reason="Misspelled")
        except Exception as refused:  # HasSuccessor
            return type(refused).__name__ != "HasSuccessor"
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as at_once:
        assert sum(at_once.map(press, range(10))) == 1
    assert ReceiptVoid.objects.get().successor == Receipt.objects.get(number=21)


def never_rewritten() -> None:
    for statement in REWRITES:
        with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    give(99, OLD)
    assert forget_names() == 1
    assert Receipt.objects.get(year=2001).says["donor"] == {}


def sent_once() -> None:
    """Two workers on two machines: each letter is one's."""

    def work(_: int) -> None:
        close_old_connections()
        post_due_letters()
        connections.close_all()

    with ThreadPoolExecutor(4) as at_once:
        list(at_once.map(work, range(4)))
    # A receipt of 2001 is thanked for by nobody.
    assert Donation.objects.filter(thanked_at__isnull=False).count() == 20
    assert set(Donation.objects.filter(thanked_at__isnull=False).values_list("thanks_tries", flat=True)) == {1}
    assert GivingLetter.objects.get().tries == 1
