"""What a provider was seen to have, written into our rows and the ledger: the one door to both.

Each fact has a key (provider, its object, kind) and is written once. Asked twenty times at once, in any order, an hour late
or after a crash, `post` leaves the same rows. What follows of a gift (receipt, thanks due, entitlement) is in the same
transaction; what leaves the house (mail) is a row that the worker carries out.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving import supporters
from broadsheet.giving.locking import one_at_a_time
from broadsheet.giving.models import (
    Attempt,
    AttemptState,
    Customer,
    Dispute,
    Donation,
    Donor,
    EndReason,
    Movement,
    Pledge,
    PledgeChange,
    PledgeState,
    Transaction,
)
from broadsheet.giving.providers.interface import Giver, Seen, SeenAttempt, SeenDispute, SeenPayment, SeenPledge
from broadsheet.giving.receipts import issue_receipt
from broadsheet.readers.models import User

log = logging.getLogger(__name__)

MONEY = "giving"  # the lock


@dataclass
class Posted:
    """What was new."""

    donations: list[Donation] = field(default_factory=list)
    pledges: list[Pledge] = field(default_factory=list)  # new, or otherwise than before
    transactions: list[Transaction] = field(default_factory=list)
    differing: list[Transaction] = field(default_factory=list)  # posted before, and told otherwise now

    def __bool__(self) -> bool:
        return bool(self.donations or self.pledges or self.transactions)

    def donors(self) -> list[Donor]:
        """Whom it is about."""
        moved = [entry.donation for entry in self.transactions if entry.donation is not None]
        found = {gift.donor.pk: gift.donor for gift in (*self.donations, *moved)}
        return list({**found, **{pledge.donor.pk: pledge.donor for pledge in self.pledges}}.values())


def post(provider: str, seen: Seen, looked_at: datetime) -> Posted:
    """Write down what is new in `seen`, whole or not at all.

    `looked_at`: the moment before the provider was asked. Facts are facts whenever they were seen; the state of a pledge is
    that of the latest look.
    """
    posted = Posted()
    with transaction.atomic(), one_at_a_time(MONEY):
        for pledge in seen.pledges:
            _pledge(provider, pledge, looked_at, posted)
        for payment in seen.payments:
            _payment(provider, payment, posted)
        for attempt in seen.attempts:
            _attempt(provider, attempt)
        for payout in seen.payouts:
            _enter(posted, books.Kind.PAYOUT, provider, payout.ref, payout.amount, payout.at)
        for donor in posted.donors():
            supporters.refresh(donor)
    for entry in posted.differing:
        log.error(
            "%s says otherwise of %s (%s) than it did when it was posted.", provider, entry.object_ref, entry.kind
        )
    return posted


def correct(
    debit: str, credit: str, amount: Money, *, note: str, by: User, donation: Donation | None = None
) -> Transaction:
    """Put right by hand what no provider tells: a movement of its own, with its reason. Nothing is ever rewritten."""
    if not note.strip():
        raise ValueError("a correction says why")
    now = clock.now()
    with transaction.atomic(), one_at_a_time(MONEY):
        number = Transaction.objects.filter(kind=books.Kind.CORRECTION).count() + 1
        entry = Transaction.objects.create(
            provider="manual",
            object_ref=f"correction-{number}",
            kind=books.Kind.CORRECTION,
            at=now,
            posted_at=now,
            donation=donation,
            by_id=by.pk,
            note=note.strip(),
        )
        _move(entry, books.Movement(debit, credit, amount))
    return entry


# ── pledges


def _pledge(provider: str, seen: SeenPledge, looked_at: datetime, posted: Posted) -> None:
    pledge = Pledge.objects.select_related("donor").filter(provider=provider, provider_ref=seen.ref).first()
    if pledge is None:
        attempt = _attempt_named(seen.attempt)
        pledge = Pledge(
            provider=provider,
            provider_ref=seen.ref,
            donor=_donor(provider, seen.giver, attempt, seen.started_at),
            attempt=attempt,
            frequency=seen.frequency,
            started_at=seen.started_at,
        )
    elif looked_at < pledge.seen_at:
        return
    before = _said_of(pledge)
    if pledge.pk and pledge.amount != seen.amount:
        PledgeChange.objects.create(
            pledge=pledge, at=looked_at, before_minor=pledge.amount_minor, after_minor=seen.amount.amount_minor
        )
    pledge.amount_minor, pledge.currency = seen.amount.amount_minor, seen.amount.currency
    pledge.state = PledgeState(seen.state)
    pledge.next_at = seen.next_at
    pledge.failing_since = seen.failing_since
    pledge.failed_tries = seen.failed_tries
    pledge.fault = seen.fault[:200]
    pledge.paused_until = seen.paused_until
    pledge.ended_at = seen.ended_at
    if pledge.state == PledgeState.ENDED and not pledge.end_reason:  # who cancelled here has said so before
        pledge.end_reason = seen.end_reason or EndReason.PROVIDER
    pledge.seen_at = looked_at
    pledge.save()
    if _said_of(pledge) != before:
        posted.pledges.append(pledge)


def _said_of(pledge: Pledge) -> tuple[object, ...]:
    return pledge.pk, pledge.state, pledge.amount_minor, pledge.failed_tries, pledge.paused_until


# ── payments


def _payment(provider: str, seen: SeenPayment, posted: Posted) -> None:
    """A payment of a pledge comes with its pledge; ValueError otherwise."""
    donation = Donation.objects.select_related("donor").filter(provider=provider, provider_ref=seen.ref).first()
    if donation is None:
        donation = _donation(provider, seen)
        posted.donations.append(donation)
    _enter(posted, books.Kind.GIFT, provider, seen.ref, seen.amount, seen.paid_at, donation)
    if seen.fee:
        _enter(posted, books.Kind.FEE, provider, seen.ref, seen.fee, seen.paid_at, donation)
    for refund in seen.refunds:
        _enter(posted, books.Kind.REFUND, provider, refund.ref, refund.amount, refund.at, donation)
        if refund.fee_back:
            _enter(posted, books.Kind.FEE_BACK, provider, refund.ref, refund.fee_back, refund.at, donation)
    for dispute in seen.disputes:
        _dispute(provider, dispute, donation)
        _enter(posted, books.Kind.DISPUTE, provider, dispute.ref, dispute.amount, dispute.at, donation)
        if dispute.fee:
            _enter(posted, books.Kind.DISPUTE_FEE, provider, dispute.ref, dispute.fee, dispute.at, donation)
        if dispute.won_at:
            _enter(posted, books.Kind.DISPUTE_WON, provider, dispute.ref, dispute.amount, dispute.won_at, donation)


def _donation(provider: str, seen: SeenPayment) -> Donation:
    pledge = None
    if seen.pledge:
        pledge = Pledge.objects.select_related("donor").filter(provider=provider, provider_ref=seen.pledge).first()
        if pledge is None:
            raise ValueError(f"{provider} told of the payment {seen.ref} without its pledge {seen.pledge}")
    attempt = _attempt_named(seen.attempt)
    donor = pledge.donor if pledge else _donor(provider, seen.giver, attempt, seen.paid_at)
    donation = Donation.objects.create(
        donor=donor,
        pledge=pledge,
        attempt=attempt,
        provider=provider,
        provider_ref=seen.ref,
        paid_at=seen.paid_at,
        method=seen.method[:60],
        amount_minor=seen.amount.amount_minor,
        currency=seen.amount.currency,
        thanks_due_at=clock.now() if donor.email else None,
    )
    if attempt is not None:
        _settle(attempt, AttemptState.PAID, "", donor)
    issue_receipt(donation)
    return donation


def _dispute(provider: str, seen: SeenDispute, donation: Donation) -> None:
    """For whoever answers it. What was once known stays: an older look knows less, never otherwise."""
    told = {
        "reason": seen.reason[:200],
        "answer_by": seen.answer_by,
        "won_at": seen.won_at,
        "lost_at": seen.lost_at,
    }
    Dispute.objects.update_or_create(
        provider=provider,
        provider_ref=seen.ref,
        defaults={name: value for name, value in told.items() if value},
        create_defaults={
            **told,
            "donation": donation,
            "amount_minor": seen.amount.amount_minor,
            "currency": seen.amount.currency,
            "opened_at": seen.at,
        },
    )


# ── attempts


def _attempt(provider: str, seen: SeenAttempt) -> None:
    attempt = _attempt_named(seen.attempt)
    if attempt is not None and attempt.provider == provider:
        _settle(attempt, AttemptState(seen.state), seen.fault)


def _settle(attempt: Attempt, state: AttemptState, fault: str, donor: Donor | None = None) -> None:
    """What is paid stays paid, whatever is heard of its page later."""
    if donor is not None and attempt.donor_id is None:
        attempt.donor = donor
    if attempt.state != AttemptState.PAID:
        attempt.state, attempt.fault = state, fault[:200]
        if state in (AttemptState.PAID, AttemptState.FAILED, AttemptState.EXPIRED):
            attempt.settled_at = clock.now()
    attempt.save()


def _attempt_named(id_: str) -> Attempt | None:
    return Attempt.objects.select_related("account", "donor").filter(pk=id_).first() if id_ else None


# ── donors


def _donor(provider: str, giver: Giver, attempt: Attempt | None, at: datetime) -> Donor:
    """Whoever gave while signed in is their account, whatever address the provider was told; others are their address."""
    account = attempt.account if attempt else None
    donor = None
    if account is None and giver.ref:
        customer = Customer.objects.select_related("donor").filter(provider=provider, provider_ref=giver.ref).first()
        donor = customer.donor if customer else None
    if donor is None:
        email = account.email if account else (giver.email or (attempt.email if attempt else ""))
        donor = _donor_at(email.strip().lower(), at)
    if account is None and donor.account_id is None and donor.email:
        account = User.objects.filter(email=donor.email).first()
    if account is not None and donor.account_id is None:
        donor.account = account
    if attempt is not None and attempt.is_named:
        donor.is_named = True
        donor.name = attempt.name or donor.name
    donor.name = (donor.name or giver.name or (account.name if account else ""))[:120]
    donor.save()
    if giver.ref:
        Customer.objects.get_or_create(provider=provider, provider_ref=giver.ref, defaults={"donor": donor})
    return donor


def _donor_at(email: str, at: datetime) -> Donor:
    if not email:
        return Donor.objects.create(known_since=at)
    return Donor.objects.get_or_create(email=email, defaults={"known_since": at})[0]


# ── the ledger


def _enter(
    posted: Posted,
    kind: books.Kind,
    provider: str,
    ref: str,
    amount: Money,
    at: datetime,
    donation: Donation | None = None,
) -> None:
    move = books.movement(kind, provider, amount)
    there = Transaction.objects.filter(provider=provider, object_ref=ref, kind=kind).first()
    if there is not None:
        if there.movements.get().amount != amount:
            posted.differing.append(there)
        return
    entry = Transaction.objects.create(
        provider=provider, object_ref=ref, kind=kind, at=at, posted_at=clock.now(), donation=donation
    )
    _move(entry, move)
    posted.transactions.append(entry)


def _move(entry: Transaction, move: books.Movement) -> None:
    Movement.objects.create(
        transaction=entry,
        debit=move.debit,
        credit=move.credit,
        amount_minor=move.amount.amount_minor,
        currency=move.amount.currency,
        at=entry.at,
    )
