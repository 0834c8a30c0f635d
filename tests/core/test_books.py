"""The books by values: what each thing that happens moves, and that all of it adds up to zero."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.core.books import Kind, Movement, balance_of, is_account, movement, sums
from broadsheet.core.money import Money

TEN = Money(1000, "EUR")
MOVED = [kind for kind in Kind if kind is not Kind.CORRECTION]

# The effect on what the provider holds for us, on what was given, on what was lost of it, and on the bank.
EFFECTS = [
    (Kind.GIFT, {"balance:fake": 1000, "gifts": -1000}),
    (Kind.FEE, {"balance:fake": -1000, "fees": 1000}),
    (Kind.REFUND, {"balance:fake": -1000, "refunds": 1000}),
    (Kind.REFUND_BACK, {"balance:fake": 1000, "refunds": -1000}),
    (Kind.FEE_BACK, {"balance:fake": 1000, "fees": -1000}),
    (Kind.DISPUTE, {"balance:fake": -1000, "disputes": 1000}),
    (Kind.DISPUTE_FEE, {"balance:fake": -1000, "fees": 1000}),
    (Kind.DISPUTE_WON, {"balance:fake": 1000, "disputes": -1000}),
    (Kind.PAYOUT, {"balance:fake": -1000, "bank": 1000}),
    (Kind.PAYOUT_BACK, {"balance:fake": 1000, "bank": -1000}),
]


@pytest.mark.parametrize(("kind", "effect"), EFFECTS)
def test_each_thing_that_happens_moves_between_its_two_accounts(kind: Kind, effect: dict[str, int]) -> None:
    assert sums([movement(kind, "fake", TEN)]) == {(account, "EUR"): minor for account, minor in effect.items()}


def test_every_kind_but_a_correction_has_its_two_accounts() -> None:
    assert {kind for kind, _ in EFFECTS} == set(MOVED)
    with pytest.raises(KeyError):
        movement(Kind.CORRECTION, "fake", TEN)


def test_by_hand_money_comes_straight_to_the_bank() -> None:
    assert balance_of("manual") == "bank"
    assert sums([movement(Kind.GIFT, "manual", TEN)]) == {("bank", "EUR"): 1000, ("gifts", "EUR"): -1000}


@pytest.mark.parametrize("minor", [0, -1, -1000])
def test_nothing_moves_by_nothing_or_less(minor: int) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        Movement("bank", "gifts", Money(minor, "EUR"))


def test_nothing_moves_from_an_account_to_itself() -> None:
    with pytest.raises(ValueError, match="to itself"):
        Movement("bank", "bank", TEN)
    with pytest.raises(ValueError, match="to itself"):  # by hand, money is on the bank already: nothing is paid out
        movement(Kind.PAYOUT, "manual", TEN)


@pytest.mark.parametrize("name", ["bank", "gifts", "fees", "refunds", "disputes", "corrections", "balance:stripe"])
def test_the_accounts_of_the_books(name: str) -> None:
    assert is_account(name)


@pytest.mark.parametrize("name", ["", "Bank", "gift", "balance", "balance:", "cash"])
def test_what_is_no_account(name: str) -> None:
    assert not is_account(name)


facts = st.builds(
    movement,
    st.sampled_from(MOVED),
    st.sampled_from(["fake", "stripe"]),
    st.builds(Money, st.integers(1, 10**12), st.sampled_from(["EUR", "USD", "JPY", "KWD"])),
)


@given(st.lists(facts, max_size=60))
def test_whatever_moves_adds_up_to_zero_in_each_currency(moved: list[Movement]) -> None:
    by_currency: dict[str, int] = {}
    for (_, currency), minor in sums(moved).items():
        by_currency[currency] = by_currency.get(currency, 0) + minor
    assert not any(by_currency.values())


@given(st.lists(facts, max_size=30), st.randoms())
def test_the_order_of_what_moves_is_of_no_account(moved: list[Movement], random: Random) -> None:
    shuffled = list(moved)
    random.shuffle(shuffled)
    assert sums(shuffled) == sums(moved)
