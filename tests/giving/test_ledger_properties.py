"""Whatever happens at a provider, and in whatever order it is told: the books add up to zero, and in the end to the cent.

A machine makes up payments, refunds, disputes, fees and payouts, and looks at what it made: at once, late, twice, and posts
what it saw in any order. Real SQLite, with its triggers; nothing of ours is replaced.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from broadsheet import clock
from broadsheet.giving.models import Donation, Movement, Pledge, Receipt, ReceiptVoid, Transaction
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Seen
from tests.giving.paper import Paper

pytestmark = pytest.mark.django_db

CURRENCIES = ("EUR", "JPY", "KWD")
QUICK = (Phase.explicit, Phase.generate)  # shrinking with a database takes minutes
minors = st.integers(1, 5_000)


def balances() -> dict[tuple[str, str], int]:
    """By account and currency, added up in Python: not by the code that reports use."""
    found: dict[tuple[str, str], int] = {}
    for debit, credit, minor, currency in Movement.objects.values_list("debit", "credit", "amount_minor", "currency"):
        found[debit, currency] = found.get((debit, currency), 0) + minor
        found[credit, currency] = found.get((credit, currency), 0) - minor
    return {key: minor for key, minor in found.items() if minor}


class Till(RuleBasedStateMachine):
    """Everything one example writes is rolled back at its end."""

    payments, refunds, disputes = Bundle("payments"), Bundle("refunds"), Bundle("disputes")
    payouts, looks = Bundle("payouts"), Bundle("looks")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.paper = Paper()
        self.moment = clock.now()

    # ── what happens at the provider

    @rule(target=payments, minor=minors, currency=st.sampled_from(CURRENCIES), fee=st.none() | st.integers(1, 90))
    def pay(self, minor: int, currency: str, fee: int | None) -> str:
        return self.paper.pay(minor, currency, fee=fee)

    @rule(target=payments, minor=minors)
    def promise_and_pay(self, minor: int) -> str:
        return self.paper.renew(self.paper.promise(minor))

    @rule(payment=payments, fee=st.integers(1, 90))
    def learn_the_fee(self, payment: str, fee: int) -> None:
        if self.paper.payments[payment].fee is None:
            self.paper.learn_fee(payment, fee)

    @rule(target=refunds, payment=payments, share=st.integers(1, 100))
    def refund(self, payment: str, share: int) -> tuple[str, str]:
        whole = self.paper.payments[payment].amount.amount_minor
        return payment, self.paper.refund(payment, max(1, whole * share // 100))

    @rule(refund=consumes(refunds))
    def refund_comes_back(self, refund: tuple[str, str]) -> None:
        self.paper.refund_comes_back(*refund)

    @rule(target=disputes, payment=payments)
    def dispute(self, payment: str) -> tuple[str, str]:
        return payment, self.paper.dispute(payment)

    @rule(dispute=consumes(disputes))
    def win(self, dispute: tuple[str, str]) -> None:
        self.paper.win(*dispute)

    @rule(target=payouts, minor=minors)
    def pay_out(self, minor: int) -> str:
        return self.paper.pay_out(minor)

    @rule(payout=consumes(payouts))
    def payout_comes_back(self, payout: str) -> None:
        self.paper.payout_comes_back(payout)

    @rule(minor=minors)
    def charge(self, minor: int) -> None:
        self.paper.charge(minor)

    # ── what we see of it, and when it reaches the books

    @rule(target=looks, which=st.integers(0, 10**6))
    def look(self, which: int) -> tuple[Seen, Any]:
        there = self.paper.everything()
        seen = self.paper.look(there[which % len(there)]) if there else Seen()
        self.moment += timedelta(seconds=1)
        return seen, self.moment

    @rule(look=looks)
    def post_it_maybe_again_maybe_late(self, look: tuple[Seen, Any]) -> None:
        post("fake", *look)

    # ── what holds

    @invariant()
    def the_books_add_up_to_zero_in_each_currency(self) -> None:
        for currency in CURRENCIES:
            assert sum(minor for (_, of), minor in balances().items() if of == currency) == 0

    @invariant()
    def each_gift_is_one_donation_with_one_receipt_that_holds_or_none_if_nothing_is_kept(self) -> None:
        assert Donation.objects.count() == Transaction.objects.filter(kind="gift").count()
        assert Receipt.objects.count() - ReceiptVoid.objects.count() <= Donation.objects.count()
        assert Receipt.objects.values("donation").distinct().count() == Donation.objects.count()

    def teardown(self) -> None:
        try:
            self.moment += timedelta(seconds=1)
            for ref in self.paper.everything():
                post("fake", self.paper.look(ref), self.moment)
            for currency in CURRENCIES:
                assert balances().get(("balance:fake", currency), 0) == self.paper.held(currency)
            assert Transaction.objects.count() == len(self.paper.lines)
            assert Donation.objects.count() == len(self.paper.payments)
            assert Pledge.objects.count() == len(self.paper.pledges)
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)


def test_whatever_happens_the_books_add_up_and_in_the_end_agree_with_the_provider() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Till, settings=settings(max_examples=15, stateful_step_count=20, deadline=None, phases=QUICK)
    )


@pytest.fixture
def eventful() -> Paper:
    paper = Paper()
    paid = [paper.pay(1000 + number, fee=number or None, giver=giver) for number, giver in enumerate("abcdef")]
    pledge = paper.promise(500, "g")
    paid += [paper.renew(pledge), paper.renew(pledge)]
    paper.refund(paid[0], 300)
    paper.refund(paid[0], 200)
    paper.refund_comes_back(paid[1], paper.refund(paid[1], 1001))
    paper.win(paid[2], paper.dispute(paid[2]))
    paper.dispute(paid[3])
    paper.payout_comes_back(paper.pay_out(900))
    paper.pay_out(700)
    paper.charge(250)
    return paper


@given(random=st.randoms(use_true_random=False), doubled=st.integers(0, 20))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_facts_in_any_order_and_any_number_leave_the_same_books(
    eventful: Paper, random: Random, doubled: int
) -> None:
    refs = eventful.everything()
    told = refs + [random.choice(refs) for _ in range(doubled)]
    random.shuffle(told)
    with transaction.atomic():
        for ref in told:
            post("fake", eventful.look(ref), clock.now())
        left = _left()
        transaction.set_rollback(True)
    with transaction.atomic():
        for ref in refs:
            post("fake", eventful.look(ref), clock.now())
        assert _left() == left
        transaction.set_rollback(True)


def _left() -> tuple[object, ...]:
    """All that stands in the books and with the donors, but for what follows the order of posting: row and receipt numbers."""
    entries = Transaction.objects.order_by("object_ref", "kind")
    gifts = Donation.objects.order_by("provider_ref")
    return (
        list(entries.values_list("object_ref", "kind", "at", "movements__amount_minor", "movements__debit")),
        list(gifts.values_list("provider_ref", "amount_minor", "donor__email", "donor__name", "pledge__provider_ref")),
        sorted(Receipt.objects.filter(void=None).values_list("donation__provider_ref", flat=True)),
        balances(),
    )
