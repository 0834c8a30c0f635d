"""What donors are told by letter: rows written in the transaction of what they tell of, carried out by `mailroom`.

The thanks for a gift are no such row: `Donation.thanks_due_at` says that they are due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from broadsheet import clock
from broadsheet.giving.models import (
    Donation,
    Donor,
    EndReason,
    GivingLetter,
    Kind,
    LetterKind,
    Pledge,
    PledgeState,
    Receipt,
    Transaction,
)

if TYPE_CHECKING:
    from broadsheet.giving.posting import Posted

REMINDED_AT = 3  # failed tries: a second letter, as the provider gives up after four or so
TOLD_WITHIN = timedelta(days=31)  # what is found later is old history, and a letter would puzzle


def queue_letters(posted: Posted) -> None:
    """Inside the transaction of the posting."""
    for pledge in posted.pledges:
        before = posted.states_before[pledge.pk]
        if before is not None:  # the thanks tell of a new one
            for kind, key, told in _of_pledge(pledge, before):
                _queue(kind, f"{kind}:{pledge.pk}:{key}", pledge.donor, told, pledge=pledge)
    for entry in posted.transactions:
        if entry.kind == Kind.REFUND and entry.donation is not None and _is_news(entry.at):
            _queue_refund(entry, entry.donation)


def queue_reissue(receipt: Receipt, successor: Receipt) -> None:
    """Inside the transaction that issued it."""
    told = {"number_before": receipt.says["number"]}
    _queue(LetterKind.REISSUED, f"reissued:{successor.pk}", receipt.donation.donor, told, donation=receipt.donation)


def _of_pledge(pledge: Pledge, before: PledgeState) -> Iterator[tuple[LetterKind, str, dict[str, Any]]]:
    """Kind, what makes it one of its own, and what it tells."""
    told = {"amount_minor": pledge.amount_minor, "next_at": _iso(pledge.next_at)}
    moment = pledge.seen_at.isoformat()
    if pledge.state == PledgeState.FAILING:
        # Once when it begins, and once more: not for each event, nor for each try of the provider's.
        reminds = pledge.failed_tries >= REMINDED_AT
        since = _iso(pledge.failing_since)
        yield LetterKind.FAILED, f"{since}:{'again' if reminds else 'first'}", {**told, "reminds": reminds}
    elif pledge.state == PledgeState.ENDED and before != PledgeState.ENDED and _is_news(pledge.ended_at):
        lapsed = pledge.end_reason == EndReason.FAILED
        yield (LetterKind.LAPSED if lapsed else LetterKind.ENDED), "", {**told, "reason": pledge.end_reason}
    elif pledge.state == PledgeState.PAUSED and before != PledgeState.PAUSED:
        yield LetterKind.PAUSED, moment, {**told, "until": _iso(pledge.paused_until)}
    elif pledge.state == PledgeState.ACTIVE and before == PledgeState.PAUSED:
        yield LetterKind.RESUMED, moment, told
    for change in pledge.changes.filter(at=pledge.seen_at):
        yield LetterKind.CHANGED, str(change.pk), {**told, "before_minor": change.before_minor}


def _queue_refund(entry: Transaction, donation: Donation) -> None:
    told = {"returned_minor": entry.movements.get().amount_minor}
    _queue(LetterKind.RETURNED, f"returned:{entry.pk}", donation.donor, told, donation=donation)


def _queue(
    kind: LetterKind,
    key: str,
    donor: Donor,
    told: dict[str, Any],
    *,
    pledge: Pledge | None = None,
    donation: Donation | None = None,
) -> None:
    if not donor.email:
        return
    now = clock.now()
    GivingLetter.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "donor": donor,
            "pledge": pledge,
            "donation": donation,
            "told": told,
            "written_at": now,
            "due_at": now,
        },
    )


def _is_news(moment: datetime | None) -> bool:
    return moment is None or moment > clock.now() - TOLD_WITHIN


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
