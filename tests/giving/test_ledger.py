"""The books looked at from outside: whole in themselves, and compared with a provider to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.books import Kind, Movement
from broadsheet.core.money import Money
from broadsheet.giving import checking, reconciling
from broadsheet.giving.append_only import TABLES, lift_from
from broadsheet.giving.models import Donation, ProviderEvent, Transaction
from broadsheet.giving.posting import correct, post
from broadsheet.giving.reconciling import Comparison, Difference, What, compare
from broadsheet.readers.models import User
from broadsheet.site import doctor
from tests.factories import an_account
from tests.giving.paper import OPENED, Paper

pytestmark = pytest.mark.django_db

UNTIL = OPENED + timedelta(days=1)


def post_all(paper: Paper) -> None:
    for ref in paper.everything():
        post("fake", paper.look(ref), clock.now())


def compared(paper: Paper, *, mend: bool = False) -> Comparison:
    return compare(paper, OPENED, UNTIL, mend=mend)


@pytest.fixture
def paper() -> Paper:
    """One of everything."""
    paper = Paper()
    first, second, third = (paper.pay(1000, fee=40) for _ in range(3))
    paper.refund(first, 300)
    paper.refund_comes_back(second, paper.refund(second, 1000))
    paper.win(third, paper.dispute(third))
    paper.renew(paper.promise(500))
    paper.payout_comes_back(paper.pay_out(900))
    paper.charge(200)
    paper.pay(1200, "JPY")
    return paper


# ── compared with the provider


def test_where_all_was_posted_the_two_sides_agree(paper: Paper) -> None:
    post_all(paper)
    found = compared(paper)
    assert found.agrees
    assert found.lines == len(paper.lines)
    assert {key: (sides.here, sides.there) for key, sides in found.sums.items()}[Kind.GIFT, "EUR"] == (3500, 3500)


def test_what_was_never_heard_of_is_named_and_with_mend_it_is_posted(paper: Paper) -> None:
    post_all(paper)
    lost = paper.pay(700, fee=30, giver="bob")
    found = compared(paper)
    assert {(each.what, each.kind, each.object_ref, each.there) for each in found.differences} == {
        (What.MISSING_HERE, Kind.GIFT, lost, Money(700, "EUR")),
        (What.MISSING_HERE, Kind.FEE, lost, Money(30, "EUR")),
    }
    assert "7.00 EUR at fake, nothing here" in str(found.differences[0])
    assert (found.sums[Kind.GIFT, "EUR"].there - found.sums[Kind.GIFT, "EUR"].here) == 700
    mended = compared(paper, mend=True)
    assert (mended.agrees, mended.mended) == (True, 2)
    assert Donation.objects.get(provider_ref=lost).donor.email == "bob@example.org"
    assert compared(paper).agrees


def test_a_refund_at_the_provider_that_nobody_told_us_of_is_found(paper: Paper) -> None:
    post_all(paper)
    refund = paper.refund(next(iter(paper.payments)), 100)
    (difference,) = compared(paper).differences
    assert (difference.kind, difference.object_ref) == (Kind.REFUND, refund)
    assert compared(paper, mend=True).agrees


def test_what_stands_here_and_not_there_is_named(paper: Paper) -> None:
    post_all(paper)
    payment = paper.pay(800)
    post("fake", paper.look(payment), clock.now())
    paper.lines.pop()
    del paper.payments[payment]
    (difference,) = compared(paper, mend=True).differences
    assert (difference.what, difference.object_ref) == (What.UNKNOWN_THERE, payment)
    assert (difference.here, difference.there) == (Money(800, "EUR"), None)


def test_an_amount_that_differs_is_named_until_it_is_corrected(paper: Paper) -> None:
    post_all(paper)
    gift = _grown_at_the_provider(paper, by=50)
    (difference,) = compared(paper, mend=True).differences
    assert (difference.what, difference.here, difference.there) == (
        What.AMOUNTS_DIFFER,
        Money(1000, "EUR"),
        Money(1050, "EUR"),
    )
    more = Movement("balance:fake", "gifts", Money(50, "EUR"))
    correct(more, note="Captured later, says the provider.", by=an_account(), corrects=gift)
    assert compared(paper).agrees
    assert not list(checking.faults())


def test_what_is_unknown_there_is_settled_by_taking_it_back(paper: Paper) -> None:
    post_all(paper)
    payment = paper.pay(800)
    post("fake", paper.look(payment), clock.now())
    paper.lines.pop()
    gift = Transaction.objects.get(object_ref=payment, kind=Kind.GIFT)
    correct(Movement("gifts", "balance:fake", Money(800, "EUR")), note="It never was.", by=an_account(), corrects=gift)
    assert compared(paper).agrees


def test_a_line_that_our_words_have_no_name_for_is_entered_by_hand(paper: Paper) -> None:
    post_all(paper)
    paper.adjust(75)
    (difference,) = compared(paper, mend=True).differences
    entered = Movement("balance:fake", "corrections", Money(75, "EUR"))
    correct(entered, note="A goodwill credit.", by=an_account(), at_provider=("fake", difference.object_ref))
    assert compared(paper).agrees


def test_a_provider_that_does_not_answer_is_a_finding_and_no_agreement(paper: Paper) -> None:
    post_all(paper)
    paper.is_down = True
    found = compared(paper)
    assert not found.agrees
    assert found.fault == "nobody is at the counter"


def test_what_happened_before_the_span_is_not_asked_about(paper: Paper) -> None:
    post_all(paper)
    later = compare(paper, UNTIL, UNTIL + timedelta(days=1), mend=False)
    assert (later.agrees, later.lines) == (True, 0)


def test_what_is_found_is_kept_and_read_again_as_it_was(paper: Paper) -> None:
    post_all(paper)
    paper.pay(700)
    _grown_at_the_provider(paper, by=1)
    found = compared(paper)
    reconciling.keep(found, began_at=clock.now())
    (kept,) = reconciling.last_findings()
    assert reconciling.differences_of(kept) == found.differences
    assert reconciling.differing() == [kept]
    reconciling.keep(compared(Paper()), began_at=clock.now())  # a newer one takes its place
    assert [each.pk for each in reconciling.last_findings()] != [kept.pk]


def test_differences_are_said_in_a_sentence() -> None:
    one = Difference(What.UNKNOWN_THERE, "stripe", Kind.REFUND, "re_1", Money(5, "KWD"), None, OPENED)
    assert str(one) == "refund re_1, 2026-11-01 12:00 UTC: 0.005 KWD here, nothing at stripe"


def _grown_at_the_provider(paper: Paper, *, by: int) -> Transaction:
    line = paper.lines[0]
    paper.lines[0] = replace(line, amount=line.amount + Money(by, "EUR"))
    return Transaction.objects.get(object_ref=line.object_ref, kind=line.kind)


# ── corrections


@pytest.mark.parametrize(
    ("move", "note", "why"),
    [
        (Movement("bank", "gifts", Money(1, "EUR")), "  ", "says why"),
        (Movement("bnak", "gifts", Money(1, "EUR")), "A slip.", "no account bnak"),
        (Movement("balance:", "cash", Money(1, "EUR")), "A slip.", "no account balance: and no cash"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(move: Movement, note: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        correct(move, note=note, by=an_account())
    assert not Transaction.objects.exists()


def test_a_line_is_entered_by_hand_once() -> None:
    by, move = an_account(), Movement("balance:fake", "corrections", Money(75, "EUR"))
    correct(move, note="Credit.", by=by, at_provider=("fake", "adj_1"))
    with pytest.raises(ValueError, match="corrected already"):
        correct(move, note="Credit.", by=by, at_provider=("fake", "adj_1"))


def test_corrections_are_numbered_and_name_who_answers_for_them() -> None:
    by: User = an_account()
    made = [correct(Movement("bank", "corrections", Money(1, "EUR")), note="Found.", by=by) for _ in range(2)]
    assert [entry.object_ref for entry in made] == ["correction-1", "correction-2"]
    assert {entry.by_id for entry in made} == {by.pk}


# ── the books themselves


def test_books_that_were_only_ever_posted_to_are_whole(paper: Paper) -> None:
    post_all(paper)
    assert list(checking.faults()) == []


@pytest.mark.parametrize("table", TABLES)
def test_a_refusal_that_was_taken_away_is_named(table: str) -> None:
    lift_from(connection, table)
    (fault,) = checking.faults()
    assert f"{table}_no_delete" in fault
    assert f"{table}_no_update" in fault


@contextmanager
def tampering() -> Iterator[None]:
    """As somebody with a database tool and bad luck; undone at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            lift_from(connection, table)
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        yield
        transaction.set_rollback(True)


TAMPERED = [
    (
        "UPDATE giving_movement SET amount_minor = 999 WHERE id = (SELECT MIN(id) FROM giving_movement)",
        "another amount",
    ),
    ("UPDATE giving_movement SET debit = 'bank' WHERE credit = 'gifts'", "go from gifts to bank"),
    ("UPDATE giving_movement SET currency = 'XXX'", "no currency"),
    ("UPDATE giving_movement SET at = '2020-01-01 00:00:00'", "is dated 2020"),
    ("DELETE FROM giving_movement", "0 movements"),
    ("DELETE FROM giving_receipt", "never got a receipt"),
    ("UPDATE giving_receiptseries SET last_number = last_number + 1", "the series stands at"),
    ("DELETE FROM giving_receipt WHERE number = 2", "the last is number"),
    ("UPDATE giving_transaction SET donation_id = NULL", "has no gift in the ledger"),
    ("UPDATE giving_donation SET amount_minor = 1", "another amount"),
]


@pytest.mark.parametrize(("statement", "said"), TAMPERED)
def test_what_somebody_changed_past_us_is_named(paper: Paper, statement: str, said: str) -> None:
    post_all(paper)
    with tampering(), connection.cursor() as cursor:
        cursor.execute(statement)
        found = list(checking.faults())
        assert any(said in fault for fault in found), found


def test_an_event_that_was_given_up_is_named() -> None:
    about = {"provider": "fake", "kind": "payment.made", "object_ref": "pay_1", "received_at": clock.now()}
    ProviderEvent.objects.create(event_ref="evt_1", fault="It makes no sense.", **about)
    ProviderEvent.objects.create(event_ref="evt_2", posted_at=clock.now(), **about)
    (fault,) = checking.faults()
    assert fault == "event evt_1 of fake (payment.made pay_1) was given up: It makes no sense."


def test_the_doctor_names_books_that_are_not_whole_and_providers_that_differ(paper: Paper) -> None:
    post_all(paper)
    assert not _doctor_on_money()
    paper.pay(700)
    reconciling.keep(compared(paper), began_at=clock.now())
    lift_from(connection, "giving_movement")
    said = " ".join(_doctor_on_money())
    assert "would let the books be rewritten: giving_movement_no_delete" in said
    assert "The books and fake differ in 1 line." in said


def _doctor_on_money() -> list[str]:
    return [finding.wrong for finding in doctor.database(config()) if "books" in finding.wrong]
