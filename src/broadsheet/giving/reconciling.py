"""The books compared with each provider's own account, line by line and to the cent.

`compare` says what differs, and with `mend` posts what we missed: an event that was lost is found here. The worker does so for
the last days every few hours and keeps what came of it; `last_findings` is what the money desk and the first screen show.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Max, Q

from broadsheet import clock
from broadsheet.core import books
from broadsheet.core.books import Kind
from broadsheet.core.money import Money
from broadsheet.giving.models import Reconciliation, Transaction
from broadsheet.giving.posting import post
from broadsheet.giving.providers import PRETENDED, in_use, provider_named, uses
from broadsheet.giving.providers.interface import Line, Provider, ProviderFault

log = logging.getLogger(__name__)

LATELY = timedelta(days=4)  # a long weekend on which nothing was heard
EVERY = timedelta(hours=4)
AGAIN = timedelta(minutes=10)  # where a provider did not answer
ON_ITS_WAY = timedelta(minutes=10)  # what is younger may just not have been posted yet
KEPT = timedelta(days=90)
MOST_DIFFERENCES = 200  # kept of one comparison; there are either few, or something is wrong with all of them

# Providers date a line when they book it, we a fact when it happened: at the edges of a span they are on different sides.
MARGIN = timedelta(days=3)
_AT_ONCE = 400

Key = tuple[Kind, str]
Progress = Callable[[str, int], None]


class What(StrEnum):
    MISSING_HERE = "missing here"
    UNKNOWN_THERE = "unknown there"
    AMOUNTS_DIFFER = "amounts differ"


@dataclass(frozen=True)
class Difference:
    """`here`, `there`: None where it is not. `at`: as the provider dates it, or we where it does not know it."""

    what: What
    provider: str
    kind: Kind
    object_ref: str
    here: Money | None
    there: Money | None
    at: datetime

    def __str__(self) -> str:
        sides = {
            What.MISSING_HERE: f"{self.there} at {self.provider}, nothing here",
            What.UNKNOWN_THERE: f"{self.here} here, nothing at {self.provider}",
            What.AMOUNTS_DIFFER: f"{self.here} here, {self.there} at {self.provider}",
        }
        return f"{self.kind} {self.object_ref}, {self.at:%Y-%m-%d %H:%M} UTC: {sides[self.what]}"


@dataclass
class Sides:
    """The same lines added up, here and there, in minor units."""

    here: int = 0
    there: int = 0


@dataclass
class Comparison:
    """`fault`: why the provider could not be asked, or not to the end; then nothing is said of what it may still hold."""

    provider: str
    since: datetime
    until: datetime
    lines: int = 0
    mended: int = 0
    differences: list[Difference] = field(default_factory=list)
    sums: dict[tuple[Kind, str], Sides] = field(default_factory=dict)
    fault: str = ""

    @property
    def agrees(self) -> bool:
        return not self.differences and not self.fault


def compare(
    provider: Provider, since: datetime, until: datetime, *, mend: bool, progress: Progress = lambda *_: None
) -> Comparison:
    """All of `since <= at < until`. May be broken off anywhere, and asked again."""
    found = Comparison(provider.name, since, until)
    try:
        there = _lines(provider, since - MARGIN, until, progress)
        for batch in _batches([line for line in there.values() if line.at >= since]):
            _compare_lines(found, provider, batch, mend)
            progress("compared", found.lines)
        _find_unknown(found, there)
    except ProviderFault as fault:
        found.fault = str(fault) or type(fault).__name__
    return found


def _lines(provider: Provider, since: datetime, until: datetime, progress: Progress) -> dict[Key, Line]:
    """By the ledger's key; what a provider parted into several lines is one."""
    found: dict[Key, Line] = {}
    for line in provider.reconcile(since, until):
        key = (line.kind, line.object_ref)
        before = found.get(key)
        found[key] = line if before is None else replace(before, amount=before.amount + line.amount)
        if len(found) % _AT_ONCE == 0:
            progress("read", len(found))
    return found


def _batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    for start in range(0, len(lines), _AT_ONCE):
        yield lines[start : start + _AT_ONCE]


def _compare_lines(found: Comparison, provider: Provider, lines: Sequence[Line], mend: bool) -> None:
    here = _here(found.provider, lines)
    missed = [line for line in lines if (line.kind, line.object_ref) not in here]
    if mend and missed:
        for ref in dict.fromkeys(line.look_at for line in missed if line.look_at):
            _mend(provider, ref)
        here = _here(found.provider, lines)
        found.mended += sum((line.kind, line.object_ref) in here for line in missed)
    for line in lines:
        _compare_line(found, line, here.get((line.kind, line.object_ref)))


def _mend(provider: Provider, ref: str) -> None:
    """What cannot be posted stays missing, and is named; the others are posted. A provider that falls silent ends it all."""
    looked_at = clock.now()
    try:
        post(provider.name, provider.look(ref), looked_at)
    except ProviderFault:
        raise
    except Exception:
        log.exception("What %s has as %s is missing here, and could not be posted.", provider.name, ref)


def _compare_line(found: Comparison, line: Line, here: Money | None) -> None:
    found.lines += 1
    sides = found.sums.setdefault((line.kind, line.amount.currency), Sides())
    sides.there += line.amount.amount_minor
    if here is not None and here.currency == line.amount.currency:
        sides.here += here.amount_minor
    elif here is not None:
        found.sums.setdefault((line.kind, here.currency), Sides()).here += here.amount_minor
    if here != line.amount:
        what = What.MISSING_HERE if here is None else What.AMOUNTS_DIFFER
        found.differences.append(
            Difference(what, found.provider, line.kind, line.object_ref, here, line.amount, line.at)
        )


def _find_unknown(found: Comparison, there: dict[Key, Line]) -> None:
    ours = Transaction.objects.filter(provider=found.provider, at__gte=found.since, at__lt=found.until)
    for entry in _with_movements(ours).order_by("at", "pk").iterator(_AT_ONCE):
        key = (Kind(entry.kind), entry.object_ref)
        if key in there:
            continue
        stands = _stands(entry)
        if not stands:
            continue  # corrected to nothing
        found.sums.setdefault((key[0], stands.currency), Sides()).here += stands.amount_minor
        found.differences.append(
            Difference(What.UNKNOWN_THERE, found.provider, key[0], entry.object_ref, stands, None, entry.at)
        )


def _here(provider: str, lines: Sequence[Line]) -> dict[Key, Money]:
    refs = {line.object_ref for line in lines}
    entries = _with_movements(Transaction.objects.filter(provider=provider, object_ref__in=refs))
    return {(Kind(entry.kind), entry.object_ref): _stands(entry) for entry in entries}


def _with_movements(entries: Any) -> Any:
    return entries.prefetch_related("movements", "corrections__movements")


def _stands(entry: Transaction) -> Money:
    """What was posted, and what was put right of it since, as the provider's account would show it."""
    (posted,) = entry.movements.all()
    held = books.balance_of(entry.provider)
    came = posted.debit == held
    amount = posted.amount
    for correction in entry.corrections.all():
        for moved in correction.movements.all():
            if moved.currency == amount.currency and held in (moved.debit, moved.credit):
                amount += moved.amount if (moved.debit == held) == came else -moved.amount
    return amount


# ── the worker's comparison, kept for the money desk


def reconcile_lately() -> None:
    """Each provider in use that was not asked for some hours, or did not answer then; what was missed is posted."""
    now = clock.now()
    Reconciliation.objects.filter(began_at__lt=now - KEPT).delete()
    for provider in in_use():
        lately = Reconciliation.objects.filter(provider=provider.name, began_at__gt=now - EVERY, fault="")
        if provider.abilities.reconciles and not lately.exists():
            keep(compare(provider, now - LATELY, now - ON_ITS_WAY, mend=True), began_at=now)


def keep(comparison: Comparison, *, began_at: datetime) -> Reconciliation:
    return Reconciliation.objects.create(
        provider=comparison.provider,
        since=comparison.since,
        until=comparison.until,
        began_at=began_at,
        ended_at=clock.now(),
        lines=comparison.lines,
        mended=comparison.mended,
        differences=[_as_json(each) for each in comparison.differences[:MOST_DIFFERENCES]],
        fault=comparison.fault[:300],
    )


def last_findings() -> list[Reconciliation]:
    """The newest comparison of each provider that was ever compared and is in use; `differences_of` reads what it found."""
    newest = Reconciliation.objects.filter(provider__in=[provider.name for provider in in_use()])
    ids = newest.values("provider").annotate(newest=Max("pk")).values_list("newest", flat=True)
    return list(Reconciliation.objects.filter(pk__in=list(ids)).order_by("provider"))


def differing() -> list[Reconciliation]:
    """Those of the last findings that somebody should look at. A provider that was silent once may just be starting."""
    return [each for each in last_findings() if each.differences or (each.fault and _was_silent_before(each))]


def _was_silent_before(kept: Reconciliation) -> bool:
    before = Reconciliation.objects.filter(provider=kept.provider, pk__lt=kept.pk).order_by("-pk").first()
    return before is not None and before.fault != ""


def differences_of(kept: Reconciliation) -> list[Difference]:
    return [_from_json(kept.provider, said) for said in kept.differences]


def providers_to_compare() -> list[Provider]:
    """In use now, and those that took money before: what they took stays on the books.

    But for the one that only pretends: it runs while it is in use, and what it took was no money.
    """
    names = {provider.name for provider in in_use()} | set(
        Transaction.objects.filter(~Q(kind=Kind.CORRECTION)).values_list("provider", flat=True).distinct()
    )
    if not uses(PRETENDED):
        names.discard(PRETENDED)
    return [provider for provider in map(provider_named, sorted(names)) if provider.abilities.reconciles]


def _as_json(difference: Difference) -> dict[str, object]:
    return {
        "what": str(difference.what),
        "kind": str(difference.kind),
        "object_ref": difference.object_ref,
        "here": _amount(difference.here),
        "there": _amount(difference.there),
        "at": difference.at.isoformat(),
    }


def _amount(money: Money | None) -> list[object] | None:
    return None if money is None else [money.amount_minor, money.currency]


def _from_json(provider: str, said: dict[str, Any]) -> Difference:
    here, there = (None if said[side] is None else Money(*said[side]) for side in ("here", "there"))
    at = datetime.fromisoformat(said["at"])
    return Difference(What(said["what"]), provider, Kind(said["kind"]), said["object_ref"], here, there, at)
