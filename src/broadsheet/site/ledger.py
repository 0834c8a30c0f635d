"""`broadsheet ledger`: the books on the command line. What is said here is for a terminal, and in English."""

from __future__ import annotations

import os
import sys
from datetime import datetime, time, timedelta
from pathlib import Path

from django.db import connection

from broadsheet import clock
from broadsheet.core.books import Kind, Movement
from broadsheet.core.money import Money, parse
from broadsheet.giving import checking
from broadsheet.giving.append_only import lay_missing_triggers
from broadsheet.giving.journal import donations_csv, journal_beancount, journal_csv
from broadsheet.giving.models import Transaction
from broadsheet.giving.posting import correct
from broadsheet.giving.providers.interface import Provider
from broadsheet.giving.reconciling import Comparison, compare, keep, providers_to_compare
from broadsheet.newsroom.models import Publication
from broadsheet.readers.models import User

UNLESS_SAID = timedelta(days=35)
FIRST_YEAR, LAST_YEAR = 1970, 2200
_A_MOMENT = timedelta(minutes=1)  # what happened just now is in


# ── check


def check(since: str, mend: bool) -> int:
    """0: all agrees. 1: something differs, or could not be asked."""
    began_at = clock.now()
    try:
        start = _day(since) if since else began_at - UNLESS_SAID
    except ValueError:
        return _refuse(f"{since!r} is no day, such as 2026-11-01.")
    if mend and (missing := lay_missing_triggers(connection)):
        print(f"The database would have let the books be rewritten; it refuses again: {', '.join(missing)}")
    faults = _check_books()
    waiting = providers_to_compare()
    done: list[Comparison] = []
    try:
        while waiting:
            done.append(_compare(waiting[0], start, clock.now() + _A_MOMENT, mend))
            keep(done[-1], began_at=began_at)
            waiting.pop(0)
    except KeyboardInterrupt:
        print()
    return _summary(faults, done, waiting, mend)


def _check_books() -> int:
    print("The books", flush=True)
    count = 0
    for fault in checking.faults(_say):
        _clear()
        print(f"  {fault}", flush=True)
        count += 1
    _clear()
    if not count:
        print("  are whole: every transaction adds up, every donation has its gift and its receipt.")
    return count


def _compare(provider: Provider, since: datetime, until: datetime, mend: bool) -> Comparison:
    print(f"{provider.name}, from {_moment(since)} to {_moment(until)}", flush=True)
    found = compare(provider, since, until, mend=mend, progress=lambda what, count: _say(f"{count:,} lines {what}"))
    _clear()
    for difference in found.differences:
        print(f"  {difference}")
    for (kind, currency), sides in sorted(found.sums.items()):
        here, there = Money(sides.here, currency), Money(sides.there, currency)
        agreed = "" if here == there else f"   here {here}: {here - there} apart"
        print(f"  {kind:<12} {there!s:>20}{agreed}")
    if found.fault:
        print(f"  could not be asked, or not to the end: {found.fault}")
    return found


def _summary(faults: int, done: list[Comparison], waiting: list[Provider], mend: bool) -> int:
    differing = sum(len(each.differences) for each in done)
    print(f"\n{sum(each.lines for each in done):,} lines of {len(done)} providers compared.", end="")
    if mend:
        print(f" {sum(each.mended for each in done):,} had been missed and were posted.", end="")
    print(f"\nBooks: {faults or 'no'} faults. Differences: {differing or 'none'}.")
    if unasked := [each.provider for each in done if each.fault] + [provider.name for provider in waiting]:
        print(f"Could not be asked: {', '.join(unasked)}.")
    if differing and not mend:
        print(
            "With --mend, what is missing here is read at the provider and posted. How to put right the rest: docs/money.md"
        )
    if waiting:
        return 130
    return 1 if faults or differing or unasked else 0


# ── correct


def enter_correction(
    debit: str, credit: str, amount: str, currency: str, *, note: str, by: str, of: str, at: str
) -> int:
    """`of`: the transaction it corrects, `at`: the provider's line it stands for, both as `check` names them."""
    try:
        account = User.objects.get(email=by.strip().lower())
        move = Movement(debit, credit, parse(amount, currency))
        entry = correct(
            move,
            note=note,
            by=account,
            corrects=_transaction(of) if of else None,
            at_provider=_provider_and_ref(at) if at else None,
        )
    except User.DoesNotExist:
        return _refuse(f"Nobody has an account with the address {by}.")
    except (ValueError, KeyError) as wrong:
        return _refuse(f"Nothing was written: {wrong}")
    print(
        f"{entry.object_ref}: {move.amount} from {credit} to {debit}. It stands for good; another correction undoes it."
    )
    return 0


def _transaction(named: str) -> Transaction:
    """PROVIDER:KIND:OBJECT, such as stripe:gift:pi_123."""
    provider, kind, ref = [*named.split(":", 2), "", ""][:3]
    found = Transaction.objects.filter(provider=provider, kind=Kind(kind), object_ref=ref).first()
    if found is None:
        raise ValueError(f"there is no transaction {named}")
    return found


def _provider_and_ref(named: str) -> tuple[str, str]:
    provider, _, ref = named.partition(":")
    if not provider or not ref:
        raise ValueError(f"{named!r} is not PROVIDER:OBJECT")
    return provider, ref


# ── export


def export(what: str, year: int, file: Path, *, names: bool, force: bool) -> int:
    """Into a file that is whole or not there. A journal is plain text for Beancount where the file is named so."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return _refuse(f"{year} is no year of giving.")
    if file.exists() and not force:
        return _refuse(f"{file} is there already; --force replaces it.")
    if what == "donations":
        lines = donations_csv(year, names=names)
    else:
        lines = journal_beancount(year) if file.suffix in (".beancount", ".bean") else journal_csv(year)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as written:
            draft.chmod(0o600)  # who gave what is for few eyes
            written.writelines(lines)
        draft.replace(file)
    except OSError as fault:
        return _refuse(f"{file} cannot be written: {fault.strerror}")
    finally:
        draft.unlink(missing_ok=True)
    print(f"{what.capitalize()} of {year}: {file}")
    return 0


# ── what it says


def _day(text: str) -> datetime:
    """Its beginning, by the publication's clock."""
    return datetime.combine(datetime.fromisoformat(text).date(), time(), Publication.ours().time_zone)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(Publication.ours().time_zone):%Y-%m-%d %H:%M}"


def _say(what: str) -> None:
    """Progress, in one line that is written over; only where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {what} …", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2
