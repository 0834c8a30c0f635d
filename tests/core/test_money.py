"""Money by values: what people type, how it is parted, what covers a fee."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.core.money import (
    CURRENCIES,
    DECIMALS,
    MOST_MINOR,
    CurrenciesDiffer,
    Fault,
    FeeTerms,
    Money,
    NotAnAmount,
    parse,
    total,
)

currencies = st.sampled_from(CURRENCIES)
amounts = st.integers(0, MOST_MINOR)
any_amounts = st.integers(-MOST_MINOR, MOST_MINOR)

READ = [
    # Both habits, and the spaces of the Swiss, the French and the careless
    ("12", "EUR", 1200),
    ("12.5", "EUR", 1250),
    ("12,50", "EUR", 1250),
    ("1,200.50", "USD", 120050),
    ("1.200,50", "EUR", 120050),
    ("1'200.50", "CHF", 120050),
    ("1’200.50", "CHF", 120050),
    ("1 200,50", "EUR", 120050),
    ("1\N{NO-BREAK SPACE}200,50", "EUR", 120050),
    ("1\N{NARROW NO-BREAK SPACE}200,50", "EUR", 120050),
    ("1,234,567", "USD", 123456700),
    ("  7  ", "EUR", 700),
    ("0", "EUR", 0),
    ("0.01", "EUR", 1),
    ("007", "EUR", 700),
    ("5.00", "JPY", 5),  # no part of a yen: zeros say nothing
    ("12.5000", "EUR", 1250),
    # Where the currency leaves no doubt
    ("1,200", "JPY", 1200),
    ("1.200", "JPY", 1200),
    ("1.200", "KWD", 1200),
    ("12.500", "TND", 12500),
    ("0.005", "KWD", 5),
    ("1,234.567", "KWD", 1234567),
    # Digits of other scripts, and their marks
    ("١٢", "EGP", 1200),
    ("١٬٢٠٠٫٥٠", "EGP", 120050),
    ("١٢٫٥٠٠", "KWD", 12500),
    ("१२.५", "INR", 1250),
    ("１２", "JPY", 12),
    # The most
    ("10000000000.00", "EUR", MOST_MINOR),
]

REFUSED = [
    ("-5", "EUR", Fault.NEGATIVE),
    ("\N{MINUS SIGN}5", "EUR", Fault.NEGATIVE),
    ("-0", "EUR", Fault.NEGATIVE),
    ("- 5", "EUR", Fault.NEGATIVE),
    ("12.345", "USD", Fault.AMBIGUOUS),
    ("1,200", "EUR", Fault.AMBIGUOUS),
    ("1,200", "KWD", Fault.AMBIGUOUS),
    ("١.٢٠٠", "EGP", Fault.AMBIGUOUS),
    ("0.5", "JPY", Fault.TOO_FINE),
    ("1,200.5", "JPY", Fault.TOO_FINE),
    ("0.001", "EUR", Fault.TOO_FINE),
    ("12.3456", "EUR", Fault.TOO_FINE),
    ("0.0001", "KWD", Fault.TOO_FINE),
    ("10000000000.01", "EUR", Fault.TOO_LARGE),
    ("9" * 39, "EUR", Fault.TOO_LARGE),
    ("9" * 41, "EUR", Fault.NOT_A_NUMBER),
    ("5" + " " * 60 + "000", "EUR", Fault.NOT_A_NUMBER),
    ("", "EUR", Fault.NOT_A_NUMBER),
    ("  ", "EUR", Fault.NOT_A_NUMBER),
    (".", "EUR", Fault.NOT_A_NUMBER),
    (".5", "EUR", Fault.NOT_A_NUMBER),
    ("5.", "EUR", Fault.NOT_A_NUMBER),
    ("+5", "EUR", Fault.NOT_A_NUMBER),
    ("1e3", "EUR", Fault.NOT_A_NUMBER),
    ("1E3", "EUR", Fault.NOT_A_NUMBER),
    ("0x10", "EUR", Fault.NOT_A_NUMBER),
    ("1_000", "EUR", Fault.NOT_A_NUMBER),
    ("NaN", "EUR", Fault.NOT_A_NUMBER),
    ("inf", "EUR", Fault.NOT_A_NUMBER),
    ("Infinity", "EUR", Fault.NOT_A_NUMBER),
    ("five", "EUR", Fault.NOT_A_NUMBER),
    ("½", "EUR", Fault.NOT_A_NUMBER),
    ("²", "EUR", Fault.NOT_A_NUMBER),
    ("Ⅻ", "EUR", Fault.NOT_A_NUMBER),
    ("五", "JPY", Fault.NOT_A_NUMBER),
    ("1,2,3", "EUR", Fault.NOT_A_NUMBER),
    ("1,200,50", "EUR", Fault.NOT_A_NUMBER),
    ("1.200.50", "EUR", Fault.NOT_A_NUMBER),
    ("12 34", "EUR", Fault.NOT_A_NUMBER),
    ("1.2.3", "EUR", Fault.NOT_A_NUMBER),
    ("5; DROP TABLE", "EUR", Fault.NOT_A_NUMBER),
    ("5\x00", "EUR", Fault.NOT_A_NUMBER),
    ("5\n6", "EUR", Fault.NOT_A_NUMBER),
]


@pytest.mark.parametrize(("text", "currency", "minor"), READ)
def test_what_people_type_is_read(text: str, currency: str, minor: int) -> None:
    assert parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(("text", "currency", "fault"), REFUSED)
def test_what_is_no_amount_is_refused_and_why_is_said(text: str, currency: str, fault: Fault) -> None:
    with pytest.raises(NotAnAmount) as refused:
        parse(text, currency)
    assert refused.value.fault is fault


@given(amounts, currencies)
def test_a_number_as_machines_write_it_reads_as_the_same_amount(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse(money.number, currency) == money


@given(st.integers(0, 10**6), st.sampled_from(CURRENCIES), st.sampled_from([",.", ".,", " .", " ,", "'."]))
def test_a_number_with_groups_reads_as_the_same_amount_or_is_refused_as_ambiguous(
    minor: int, currency: str, marks: str
) -> None:
    money = Money(minor, currency)
    whole, point, part = money.number.partition(".")
    written = f"{int(whole):,}".replace(",", marks[0]) + (marks[1] + part if point else "")
    try:
        assert parse(written, currency) == money
    except NotAnAmount as refused:
        assert refused.fault is Fault.AMBIGUOUS  # never another amount than the one meant


@given(st.text(max_size=60), currencies)
def test_no_text_is_anything_but_an_amount_or_refused(text: str, currency: str) -> None:
    try:
        money = parse(text, currency)
    except NotAnAmount:
        return
    assert 0 <= money.amount_minor <= MOST_MINOR


@given(any_amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any), currencies)
def test_parting_loses_nothing_and_is_fair_to_the_last_unit(minor: int, weights: list[int], currency: str) -> None:
    money = Money(minor, currency)
    parts = money.allocate(weights)
    assert total(parts, currency) == money
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.amount_minor * sum(weights) - minor * weight) < sum(weights)  # within one unit of its share
        assert weight or not part


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_nothing_is_parted_by_weights_that_are_none(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot be parted"):
        Money(100, "EUR").allocate(weights)


@given(st.integers(0, 50_000), st.integers(0, 9_000), st.integers(0, 500), currencies)
@example(0, 0, 2, "EUR")  # a fee is never more than what was paid: nothing covers nothing
@example(1, 9_000, 0, "JPY")
def test_what_covers_a_fee_is_the_least_that_does(minor: int, basis_points: int, fixed: int, currency: str) -> None:
    terms, gift = FeeTerms(basis_points, fixed), Money(minor, currency)
    paid = terms.covering(gift)
    assert paid - terms.fee(paid) >= gift
    if paid:
        less = paid - Money(1, currency)
        assert less - terms.fee(less) < gift


@given(amounts, st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_fee_is_never_more_than_what_was_paid(minor: int, basis_points: int, fixed: int) -> None:
    paid = Money(minor, "EUR")
    assert Money(0, "EUR") <= FeeTerms(basis_points, fixed).fee(paid) <= paid


def test_a_fee_of_everything_or_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be covered"):
        FeeTerms(10_000, 0).covering(Money(100, "EUR"))
    with pytest.raises(ValueError, match="not less than nothing"):
        FeeTerms(-1, 0)
    with pytest.raises(ValueError, match="not less than nothing"):
        FeeTerms(0, -1)


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_an_amount_is_a_whole_number(amount: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "BTC", "DEM"])
def test_a_currency_is_one_of_the_list(currency: str) -> None:
    with pytest.raises(ValueError, match="no currency we know"):
        Money(1, currency)


def test_two_currencies_have_no_sum_and_no_order() -> None:
    euros, dollars = Money(1, "EUR"), Money(1, "USD")
    for act in (lambda: euros + dollars, lambda: euros - dollars, lambda: euros < dollars, lambda: euros >= dollars):
        with pytest.raises(CurrenciesDiffer):
            act()
    with pytest.raises(CurrenciesDiffer):
        total([euros, dollars], "EUR")
    assert euros != dollars


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert {code: DECIMALS[code] for code in ("EUR", "JPY", "ISK", "KWD", "TND", "HUF", "MGA")} == {
        "EUR": 2, "JPY": 0, "ISK": 0, "KWD": 3, "TND": 3, "HUF": 2, "MGA": 2,
    }  # fmt: skip
    assert not {"BGN", "HRK", "ANG", "ZWL"} & set(CURRENCIES)  # given up
