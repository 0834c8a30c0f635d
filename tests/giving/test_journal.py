"""What the accountant is given: tables a spreadsheet opens and does not run, a journal that Beancount reads and agrees with."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import clock
from broadsheet.core.books import Movement
from broadsheet.core.money import Money
from broadsheet.core.spreadsheets import harmless
from broadsheet.giving.journal import donations_csv, journal_beancount, journal_csv
from broadsheet.giving.models import Donor, Transaction
from broadsheet.giving.posting import correct, post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment
from broadsheet.newsroom.models import Publication
from broadsheet.site.ledger import export
from tests.factories import an_account
from tests.giving.paper import OPENED, Paper

pytestmark = pytest.mark.django_db

BEAN_CHECK = Path(sys.executable).with_name("bean-check")


def table(lines: Iterable[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(lines).removeprefix("\ufeff"))))


@pytest.fixture
def paper() -> Paper:
    paper = Paper()
    first, second, third = (paper.pay(1000, fee=40) for _ in range(3))
    paper.refund(first, 300)
    paper.win(second, paper.dispute(second))
    paper.dispute(third)
    paper.renew(paper.promise(500, "bob"))
    paper.pay_out(900)
    paper.charge(200)
    paper.pay(1200, "JPY")
    paper.pay(12500, "KWD")
    for ref in paper.everything():
        post("fake", paper.look(ref), clock.now())
    return paper


def paid(ref: str, at: datetime, **more: str) -> None:
    giver = Giver(more.pop("giver", "cus"), more.pop("email", "x@example.org"), more.pop("name", ""))
    payment = SeenPayment(ref, Money(1000, "EUR"), at, giver, **more)
    post("fake", Seen(payments=(payment,)), at)


def test_a_line_a_donation_with_what_is_left_of_it(paper: Paper) -> None:
    rows = table(donations_csv(2026, names=False))
    assert [(row["Gift"], row["Fee"], row["Returned"], row["Net"], row["Currency"]) for row in rows] == [
        ("10.00", "0.40", "3.00", "6.60", "EUR"),
        ("10.00", "15.40", "0.00", "-5.40", "EUR"),
        ("10.00", "15.40", "10.00", "-15.40", "EUR"),
        ("5.00", "0.30", "0.00", "4.70", "EUR"),
        ("1200", "0", "0", "1200", "JPY"),
        ("12.500", "0.000", "0.000", "12.500", "KWD"),
    ]
    assert [row["Receipt"][:5] for row in rows] == ["2026-"] * 6
    assert len({row["Receipt"] for row in rows}) == 6
    assert [row["Frequency"] for row in rows] == ["once", "once", "once", "monthly", "once", "once"]


def test_donors_are_numbers_unless_names_are_asked_for(paper: Paper) -> None:
    ann, bob = (Donor.objects.get(email=f"{name}@example.org") for name in ("ann", "bob"))
    assert {row["Donor"] for row in table(donations_csv(2026, names=False))} == {f"donor {ann.pk}", f"donor {bob.pk}"}
    assert {row["Donor"] for row in table(donations_csv(2026, names=True))} == {"Ann", "Bob"}
    Donor.objects.filter(pk=ann.pk).update(name="", email="", erased_at=clock.now())
    assert {row["Donor"] for row in table(donations_csv(2026, names=True))} == {f"donor {ann.pk}", "Bob"}


def test_a_year_is_the_publications() -> None:
    Publication.ours()
    house = Publication.ours()
    house.zone = "America/New_York"
    house.save()
    paid("old year there", datetime(2027, 1, 1, 4, 59, tzinfo=UTC))
    paid("new year there", datetime(2027, 1, 1, 5, tzinfo=UTC))
    assert [row["Reference"] for row in table(donations_csv(2026, names=False))] == ["old year there"]
    assert [row["Date"] for row in table(donations_csv(2027, names=False))] == ["2027-01-01"]


def test_a_spreadsheet_runs_nothing_of_what_strangers_wrote() -> None:
    paid("=1+1", OPENED, name='=HYPERLINK("https://example.org")', method="@card")
    (row,) = table(donations_csv(2026, names=True))
    assert (row["Reference"], row["Method"]) == ("'=1+1", "'@card")
    assert row["Donor"].startswith("'=HYPERLINK")
    (debit, credit) = table(journal_csv(2026))
    assert debit["Transaction"] == "fake:gift:=1+1"  # begins with a word of ours
    assert credit["Memo"].startswith("donation ")


@given(st.text(max_size=12))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    written = harmless(text)
    assert written in (text, f"'{text}")
    assert not written.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_the_journal_has_two_sides_that_add_up_in_each_currency(paper: Paper) -> None:
    rows = table(journal_csv(2026))
    assert len(rows) == 2 * Transaction.objects.count()
    for currency in ("EUR", "JPY", "KWD"):
        of = [row for row in rows if row["Currency"] == currency]
        assert sum(float(row["Debit"] or 0) for row in of) == pytest.approx(
            sum(float(row["Credit"] or 0) for row in of)
        )
    gift = [row for row in rows if row["Transaction"] == "fake:gift:pay_1"]
    assert [(row["Account"], row["Debit"], row["Credit"]) for row in gift] == [
        ("balance:fake", "10.00", ""),
        ("gifts", "", "10.00"),
    ]


@pytest.mark.skipif(not BEAN_CHECK.exists(), reason="beancount is not installed; script/test installs it")
def test_beancount_reads_the_journal_and_agrees_with_what_is_on_the_accounts(paper: Paper, tmp_path: Path) -> None:
    house = Publication.ours()
    house.name = 'The "Herald" \\ Sons'
    house.save()
    note = 'He said "no" \\ and\nleft; {strange} #tag ^link'
    correct(Movement("bank", "corrections", Money(75, "EUR")), note=note, by=an_account())
    paid("next year's", datetime(2027, 3, 1, 12, tzinfo=UTC))
    for year in (2026, 2027):
        file = tmp_path / f"{year}.beancount"
        assert export("journal", year, file, names=False, force=False) == 0
        checked = subprocess.run([BEAN_CHECK, file], capture_output=True, text=True, timeout=60)
        assert (checked.returncode, checked.stderr) == (0, "")
    # That it would say so: a cent is taken from the last year's opening.
    bent = (
        (tmp_path / "2027.beancount")
        .read_text()
        .replace("Assets:Bank  9.75 EUR\n  Equity", "Assets:Bank  9.74 EUR\n  Equity")
    )
    (tmp_path / "bent.beancount").write_text(bent)
    assert subprocess.run([BEAN_CHECK, tmp_path / "bent.beancount"], capture_output=True, timeout=60).returncode == 1


def test_a_year_in_which_nothing_happened_is_an_empty_table() -> None:
    assert table(donations_csv(2031, names=True)) == []
    assert table(journal_csv(2031)) == []
    assert " open Equity:Opening-Balances" in "".join(journal_beancount(2031))


def test_an_export_replaces_no_file_unless_told_to(paper: Paper, tmp_path: Path) -> None:
    file = tmp_path / "donations.csv"
    file.write_text("mine")
    assert export("donations", 2026, file, names=False, force=False) == 2
    assert file.read_text() == "mine"
    assert export("donations", 2026, file, names=False, force=True) == 0
    assert len(table([file.read_text(encoding="utf-8")])) == 6
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["donations.csv"]


def test_an_export_into_nowhere_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export("journal", 2026, tmp_path / "none" / "journal.csv", names=False, force=False) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert export("journal", 20260, tmp_path / "journal.csv", names=False, force=False) == 2
