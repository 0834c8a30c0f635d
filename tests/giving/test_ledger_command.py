"""`broadsheet ledger` as it is typed, with the fake provider's own process and its own books on the other side."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import Error, connection, transaction

from broadsheet.core.books import Kind
from broadsheet.giving.append_only import lift_from, missing_triggers
from broadsheet.giving.events import look_and_post
from broadsheet.giving.models import Donation, Movement, Reconciliation, Transaction
from broadsheet.giving.reconciling import differing, reconcile_lately
from broadsheet.site.cli import main
from tests.factories import an_account
from tests.payments import DISPUTED, FakePayments, paid, use

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(180)]


@pytest.fixture
def fake(process: FakePayments) -> FakePayments:
    """Its books go on from test to test, ours begin anew: what it has of before is missing here until it is mended."""
    assert main(["ledger", "check", "--mend"]) == 0
    return process


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_payment_whose_event_was_lost_is_found_named_and_mended(
    fake: FakePayments, capsys: pytest.CaptureFixture[str]
) -> None:
    payment = str(paid(fake.asking, "lost", amount=2345)["payment"])
    said(capsys)
    assert main(["ledger", "check"]) == 1
    words = said(capsys)
    assert f"gift {payment}" in words
    assert "23.45 EUR at fake, nothing here" in words
    assert "Differences: 2." in words
    assert not Donation.objects.filter(provider_ref=payment).exists()
    assert main(["ledger", "check", "--mend"]) == 0
    assert "2 had been missed and were posted" in said(capsys)
    assert Donation.objects.get(provider_ref=payment).amount_minor == 2345
    assert main(["ledger", "check"]) == 0
    assert "Differences: none." in said(capsys)


def test_after_refunds_disputes_and_payouts_both_agree_to_the_cent(
    fake: FakePayments, capsys: pytest.CaptureFixture[str]
) -> None:
    payment = str(paid(fake.asking, "part", amount=1000)["payment"])
    fake.asking.post(f"/payments/{payment}/refunds", amount=300, key=f"back-{payment}")
    paid(fake.asking, "disputed", card=DISPUTED)
    pledge = paid(fake.asking, "monthly", frequency="monthly")
    fake.days_pass(70)
    look_and_post("fake", payment)
    look_and_post("fake", str(pledge["pledge"]))
    assert main(["ledger", "check", "--since", "2026-01-01", "--mend"]) == 0
    assert main(["ledger", "check", "--since", "2026-01-01"]) == 0
    kinds = set(Transaction.objects.values_list("kind", flat=True))
    assert {Kind.GIFT, Kind.FEE, Kind.REFUND, Kind.DISPUTE, Kind.PAYOUT} <= kinds
    assert "apart" not in said(capsys)


def test_the_worker_posts_what_was_missed_and_keeps_what_it_found(fake: FakePayments) -> None:
    Reconciliation.objects.all().delete()
    reconcile_lately()
    (kept,) = Reconciliation.objects.all()
    assert (kept.provider, kept.differences, kept.fault) == ("fake", [], "")
    reconcile_lately()  # some hours have not passed: not again
    assert Reconciliation.objects.count() == 1


def test_a_provider_that_is_silent_is_asked_again_soon_and_reported_the_second_time(fake: FakePayments) -> None:
    Reconciliation.objects.all().delete()
    fake.stop()
    reconcile_lately()
    assert Reconciliation.objects.get().fault
    assert differing() == []  # it may just be starting
    reconcile_lately()
    assert [bool(each.fault) for each in differing()] == [True]
    fake.start()
    reconcile_lately()
    assert differing() == []


def test_a_provider_that_is_away_is_no_agreement(fake: FakePayments, capsys: pytest.CaptureFixture[str]) -> None:
    fake.stop()
    said(capsys)
    assert main(["ledger", "check"]) == 1
    assert "Could not be asked: fake." in said(capsys)
    fake.start()
    assert main(["ledger", "check"]) == 0


def test_a_provider_that_only_pretended_is_not_asked_once_it_is_out_of_use(
    fake: FakePayments, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_and_post("fake", str(paid(fake.asking, "tried", amount=500)["payment"]))
    use(monkeypatch, "manual")
    said(capsys)
    assert main(["ledger", "check"]) == 0
    assert "fake" not in said(capsys)


def test_a_correction_by_hand_settles_a_difference(fake: FakePayments, capsys: pytest.CaptureFixture[str]) -> None:
    by = an_account()
    gift = Transaction.objects.filter(kind=Kind.GIFT).first()
    if gift is None:
        look_and_post("fake", str(paid(fake.asking, "first")["payment"]))
        gift = Transaction.objects.filter(kind=Kind.GIFT).first()
    assert gift is not None
    named = f"fake:gift:{gift.object_ref}"
    there = ["--why", "The bank says so.", "--by", by.email, "--of", named]
    assert main(["ledger", "correct", "gifts", "balance:fake", "0.50", "EUR", *there]) == 0
    said(capsys)
    assert main(["ledger", "check"]) == 1
    assert "0.50 EUR apart" in said(capsys).replace("-0.50", "0.50")
    assert main(["ledger", "correct", "balance:fake", "gifts", "0.50", "EUR", *there]) == 0
    assert main(["ledger", "check"]) == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["bank", "gifts", "1,200", "EUR", "--by", "BY"], "thousands or decimals"),
        (["bank", "gifts", "0", "EUR", "--by", "BY"], "more than nothing"),
        (["bank", "bank", "1", "EUR", "--by", "BY"], "to itself"),
        (["cash", "gifts", "1", "EUR", "--by", "BY"], "no account cash"),
        (["bank", "gifts", "1", "XXX", "--by", "BY"], "XXX"),
        (["bank", "gifts", "1", "EUR", "--by", "nobody@example.org"], "Nobody has an account"),
        (["bank", "gifts", "1", "EUR", "--by", "BY", "--of", "fake:gift:none"], "no transaction fake:gift:none"),
        (["bank", "gifts", "1", "EUR", "--by", "BY", "--of", "gift"], "is not a valid Kind"),
        (["bank", "gifts", "1", "EUR", "--by", "BY", "--at", "fake"], "not PROVIDER:OBJECT"),
    ],
)
def test_a_correction_that_is_wrong_is_refused_and_nothing_written(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by = an_account().email
    given = [by if each == "BY" else each for each in arguments]
    assert main(["ledger", "correct", *given, "--why", "Because."]) == 2
    assert why in capsys.readouterr().err
    assert not Transaction.objects.exists()


def test_a_refusal_that_was_taken_away_is_laid_again(fake: FakePayments, capsys: pytest.CaptureFixture[str]) -> None:
    lift_from(connection, "giving_movement")
    said(capsys)
    assert main(["ledger", "check"]) == 1
    assert "giving_movement_no_delete, giving_movement_no_update is not in place" in said(capsys)
    assert main(["ledger", "check", "--mend"]) == 0
    assert missing_triggers(connection) == []
    look_and_post("fake", str(paid(fake.asking, "after the mending")["payment"]))
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        Movement.objects.update(amount_minor=1)


def test_a_day_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "check", "--since", "yesterday"]) == 2
    assert "'yesterday' is no day" in capsys.readouterr().err


def test_a_year_is_exported_by_command(fake: FakePayments, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    look_and_post("fake", str(paid(fake.asking, "exported", email="eve@example.org")["payment"]))
    for what, name in (("donations", "gifts.csv"), ("journal", "books.csv"), ("journal", "books.beancount")):
        file = tmp_path / name
        assert main(["ledger", "export", what, "--year", "2026", str(file)]) == 0
        assert str(file) in said(capsys)
        assert "10.00" in file.read_text(encoding="utf-8")
        assert "eve" not in file.read_text(encoding="utf-8")
