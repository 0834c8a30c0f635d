"""What a provider was seen to have, written into our rows and the ledger: the one door to both.

Each fact has a key (provider, its object, kind) and is written once. Asked twenty times at once, in any order, an hour late
or after a crash, `post` leaves the same rows. What follows of a gift (receipt, thanks due, entitlement) is in the same
transaction; what leaves the house (mail) is a row that the worker carries out.

Rows that others write too (attempts, pledges, donors) are locked before they are read: on PostgreSQL a reader who is being
erased, or who cancels, would otherwise be written back as they were.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.money import Money
from broadsheet.giving import receipts, supporters
from broadsheet.giving.letters import queue_letters
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
from broadsheet.giving.providers.interface import (
    Giver,
    Seen,
    SeenAttempt,
    SeenDispute,
    SeenPayment,
    SeenPledge,
    SeenRefund,
)
from broadsheet.readers.models import User

log = logging.getLogger(__name__)

MONEY = "giving"  # the lock
THANKED_WITHIN = timedelta(days=31)  # what is found later than that is old history, and a letter would puzzle

_SETTLED = (AttemptState.PAID, AttemptState.FAILED, AttemptState.EXPIRED)
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3


@dataclass
class Posted:
    """What was new."""

    donations: list[Donation] = field(default_factory=list)
    pledges: list[Pledge] = field(default_factory=list)  # new, or otherwise than before
    states_before: dict[int, PledgeState | None] = field(default_factory=dict)  # of those pledges; None: it is new
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
            _attempt(provider, attempt, looked_at)
        for payout in seen.payouts:
            _enter(posted, books.Kind.PAYOUT, provider, payout.ref, payout.amount, payout.at)
            if payout.came_back_at:
                _enter(posted, books.Kind.PAYOUT_BACK, provider, payout.ref, payout.amount, payout.came_back_at)
        for fee in seen.fees:
            _enter(posted, books.Kind.FEE, provider, fee.ref, fee.amount, fee.at)
        for donor in posted.donors():
            supporters.refresh(donor)
        receipts.follow_refunds(posted)
        queue_letters(posted)
    for entry in posted.differing:
        log.error(
            "%s says otherwise of %s (%s) than it did when it was posted.", provider, entry.object_ref, entry.kind
        )
    return posted


def correct(
    move: books.Movement,
    *,
    note: str,
    by: User,
    corrects: Transaction | None = None,
    at_provider: tuple[str, str] | None = None,
) -> Transaction:
    """Put right by hand what no provider tells: a movement of its own, with its reason. Nothing is ever rewritten.

    `corrects`: what was posted and is not, or not by this much, as it should be. `at_provider`: the provider and its name for
    what it moved and cannot tell of in our words, so that reconciling finds it here. ValueError where it makes no sense.
    """
    if not note.strip():
        raise ValueError("a correction says why")
    if strangers := [name for name in (move.debit, move.credit) if not books.is_account(name)]:
        raise ValueError(f"the books have no account {' and no '.join(strangers)}")
    now = clock.now()
    with transaction.atomic(), one_at_a_time(MONEY):
        provider, ref = at_provider or ("manual", _next_correction())
        if Transaction.objects.filter(provider=provider, object_ref=ref, kind=books.Kind.CORRECTION).exists():
            raise ValueError(f"{ref} of {provider} was corrected already")
        entry = Transaction.objects.create(
            provider=provider,
            object_ref=ref,
            kind=books.Kind.CORRECTION,
            at=now,
            posted_at=now,
            donation=corrects.donation if corrects else None,
            corrects=corrects,
            by_id=by.pk,
            note=note.strip()[:500],
        )
        _move(entry, move)
        if entry.donation is not None:
            supporters.refresh(entry.donation.donor)
    return entry


def _next_correction() -> str:
    """Under the lock, and as none is ever deleted, nobody else's."""
    return f"correction-{Transaction.objects.filter(kind=books.Kind.CORRECTION).count() + 1}"


# ── pledges


def _pledge(provider: str, seen: SeenPledge, looked_at: datetime, posted: Posted) -> None:
    pledge = _locked(Pledge.objects.select_related("donor").filter(provider=provider, provider_ref=seen.ref))
    if pledge is None:
        attempt = _attempt_named(seen.attempt)
        pledge = Pledge(
            provider=provider,
            provider_ref=seen.ref,
            donor=_donor(provider, seen.giver, attempt, seen.started_at),
            # One attempt, one pledge: should a provider make two of it, the second stands by itself.
            attempt=None if attempt is None or Pledge.objects.filter(attempt=attempt).exists() else attempt,
            started_at=seen.started_at,
        )
    elif looked_at < pledge.seen_at:
        return
    before, state_before = _said_of(pledge), PledgeState(pledge.state) if pledge.pk else None
    if pledge.pk and pledge.amount != seen.amount:
        PledgeChange.objects.create(
            pledge=pledge, at=looked_at, before_minor=pledge.amount_minor, after_minor=seen.amount.amount_minor
        )
    pledge.amount_minor, pledge.currency = seen.amount.amount_minor, seen.amount.currency
    pledge.frequency = seen.frequency
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
        posted.states_before[pledge.pk] = state_before


def _said_of(pledge: Pledge) -> tuple[object, ...]:
    return pledge.pk, pledge.state, pledge.amount_minor, pledge.failed_tries, pledge.paused_until


# ── payments


def _payment(provider: str, seen: SeenPayment, posted: Posted) -> None:
    """A payment of a pledge comes with its pledge, and what is taken from it is in its currency; ValueError otherwise."""
    if not seen.amount:
        return  # a period that was free: no money, no donation
    taken_of_it: list[SeenRefund | SeenDispute] = [*seen.refunds, *seen.disputes]
    for taken in taken_of_it:
        if taken.amount.currency != seen.amount.currency:
            raise ValueError(
                f"{provider} took {taken.amount} ({taken.ref}) from the payment {seen.ref} of {seen.amount}"
            )
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
        if refund.came_back_at:
            _enter(posted, books.Kind.REFUND_BACK, provider, refund.ref, refund.amount, refund.came_back_at, donation)
    for dispute in seen.disputes:
        _dispute(provider, dispute, donation)
        _enter(posted, books.Kind.DISPUTE, provider, dispute.ref, dispute.amount, dispute.at, donation)
        if dispute.fee:
            _enter(posted, books.Kind.DISPUTE_FEE, provider, dispute.ref, dispute.fee, dispute.at, donation)
        if dispute.won_at:
            _enter(posted, books.Kind.DISPUTE_WON, provider, dispute.ref, dispute.amount, dispute.won_at, donation)
            if dispute.fee_back:
                _enter(posted, books.Kind.FEE_BACK, provider, dispute.ref, dispute.fee_back, dispute.won_at, donation)
        if dispute.won_at and dispute.fee_back:
            _enter(posted, books.Kind.FEE_BACK, provider, dispute.ref, dispute.fee_back, dispute.won_at, donation)


def _donation(provider: str, seen: SeenPayment) -> Donation:
    pledge = None
    if seen.pledge:
        pledge = Pledge.objects.select_related("donor").filter(provider=provider, provider_ref=seen.pledge).first()
        if pledge is None:
            raise ValueError(f"{provider} told of the payment {seen.ref} without its pledge {seen.pledge}")
    now, attempt = clock.now(), _attempt_named(seen.attempt)
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
        thanks_due_at=now if donor.email and seen.paid_at > now - THANKED_WITHIN else None,
    )
    if attempt is not None:
        if attempt.donor_id is None:
            attempt.donor = donor
        _settle(attempt, AttemptState.PAID)
    receipts.issue_receipt(donation)
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


def _attempt(provider: str, seen: SeenAttempt, looked_at: datetime) -> None:
    attempt = _attempt_named(seen.attempt)
    if attempt is None or attempt.provider != provider or (attempt.seen_at is not None and looked_at < attempt.seen_at):
        return
    attempt.seen_at = looked_at
    _settle(attempt, AttemptState(seen.state), seen.fault)


def _settle(attempt: Attempt, state: AttemptState, fault: str = "") -> None:
    """What is paid stays paid, whatever is heard of its page later."""
    if attempt.state != AttemptState.PAID:
        if state != attempt.state:
            attempt.settled_at = clock.now() if state in _SETTLED else None
        attempt.state, attempt.fault = state, fault[:200]
    attempt.save(update_fields=["donor", "state", "fault", "settled_at", "seen_at"])


def _attempt_named(id_: str) -> Attempt | None:
    return _locked(Attempt.objects.select_related("account", "donor").filter(pk=id_)) if id_ else None


# ── donors


def _donor(provider: str, giver: Giver, attempt: Attempt | None, at: datetime) -> Donor:
    """Whoever gave while signed in is their account, whatever address the provider was told; others are their address."""
    account = attempt.account if attempt else None
    known = _customer(provider, giver)
    if known is not None and known.donor.erased_at is not None and at <= known.donor.erased_at:
        return known.donor  # told late of somebody who was forgotten since: they stay a number
    if account is None and known is not None and known.donor.erased_at is None:
        donor = known.donor
    else:
        donor = _donor_at(account.email if account else giver.email or (attempt.email if attempt else ""), at)
    _join_account(donor, account)
    _name(donor, giver, attempt)
    donor.save(update_fields=["account", "name", "is_named"])
    _remember(provider, giver, known, donor)
    return donor


def _customer(provider: str, giver: Giver) -> Customer | None:
    if not giver.ref:
        return None
    known = Customer.objects.filter(provider=provider, provider_ref=giver.ref).first()
    if known is not None:
        known.donor = Donor.objects.select_for_update(of=("self",)).select_related("account").get(pk=known.donor_id)
    return known


def _remember(provider: str, giver: Giver, known: Customer | None, donor: Donor) -> None:
    """Somebody who was forgotten and gave again is no longer who they were."""
    if giver.ref and known is None:
        Customer.objects.create(provider=provider, provider_ref=giver.ref, donor=donor)
    elif known is not None and known.donor.erased_at is not None:
        known.donor = donor
        known.save(update_fields=["donor"])


def _join_account(donor: Donor, account: User | None) -> None:
    if donor.account_id is None:
        donor.account = account or (User.objects.filter(email=donor.email).first() if donor.email else None)


def _name(donor: Donor, giver: Giver, attempt: Attempt | None) -> None:
    """Whoever is not signed in may pay for an account's address, but not say how its reader is called."""
    if donor.account_id is not None and (attempt is None or attempt.account_id != donor.account_id):
        donor.name = donor.name or (donor.account.name if donor.account else "")[:120]
        return
    if attempt is not None and attempt.is_named:
        donor.is_named = True
        donor.name = attempt.name or donor.name
    donor.name = (donor.name or giver.name or (donor.account.name if donor.account else ""))[:120]


def _donor_at(address: str, at: datetime) -> Donor:
    email = address.strip().lower()
    if not email or len(email) > _LONGEST_ADDRESS:
        return Donor.objects.create(known_since=at)
    donor = _locked(Donor.objects.select_related("account").filter(email=email))
    if donor is not None and _has_moved_away(donor):
        donor = None
    return donor or Donor.objects.create(email=email, known_since=at)


def _has_moved_away(donor: Donor) -> bool:
    """An account that has another address now, and whose old one is another account's: what is given from there is not its.

    The donor it was lets go of the address."""
    if donor.account is None or donor.account.email == donor.email:
        return False
    if not User.objects.filter(email=donor.email).exists():
        return False
    is_free = not Donor.objects.filter(email=donor.account.email).exists()
    donor.email = donor.account.email if is_free else ""
    donor.save(update_fields=["email"])
    return True


# ── rows that others write too


Row = TypeVar("Row", Attempt, Donor, Pledge)


def _locked(rows: QuerySet[Row]) -> Row | None:
    return rows.select_for_update(of=("self",)).first()


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
    key = {"transaction__provider": provider, "transaction__object_ref": ref, "transaction__kind": kind}
    there = Movement.objects.select_related("transaction").filter(**key).first()
    if there is not None:
        entry = there.transaction
        if there.amount != amount or entry.donation_id != (donation.pk if donation else None):
            posted.differing.append(entry)
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
