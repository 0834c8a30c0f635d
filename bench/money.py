"""Half a million movements: what the money desk adds up, on SQLite and on PostgreSQL, its own page, and what the books cost.

`BROADSHEET_BENCH_KEPT` may name a folder to keep both databases in, as for the search.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import report
from bench.search import _folder, _postgres

GIFTS, DONORS, PLEDGES, DAYS = 246_000, 40_000, 20_000, 1_095
ROUNDS = 11
LIMIT_MS = 200.0
MADE = "made.json"


@dataclass(frozen=True)
class Measured:
    """Milliseconds unless said otherwise. `sums`: by what is asked, the first time and the median of the others."""

    movements: int
    sums: dict[str, tuple[float, float]]
    page: tuple[float, float]
    page_cpu: float
    posting: float
    check_s: float
    journal_s: float


def run(soak: bool) -> bool:
    figures = [figure for name, measured in _both() for figure in _figures(name, measured)]
    return report.write(
        "money",
        soak,
        "The money desk",
        f"""
A ledger of half a million movements over three years: {GIFTS:,} gifts and their fees, one in forty given back, one in four
hundred disputed, a payout each day; {PLEDGES:,} pledges, {DONORS:,} donors, every gift with its attempt and its receipt.
“First” is asked of a process that has only just connected; the others are the median of {ROUNDS}. The page is drawn by Django,
without the way through the gate.
""",
        figures,
    )


def _figures(name: str, measured: Measured) -> Iterator[report.Figure]:
    yield report.Figure(f"{name}: movements", f"{measured.movements:,}")
    for what, (first, again) in measured.sums.items():
        yield report.Figure(f"{name}: {what}, first / then", f"{first:.1f} / {again:.1f} ms")
    first, again = measured.page
    yield report.Figure(
        f"{name}: `/admin/giving/`, first / then",
        f"{first:.0f} / **{again:.0f} ms**",
        f"under {LIMIT_MS:.0f} ms",
        again < LIMIT_MS,
    )
    inside = "with SQLite in it" if name == "SQLite" else "without PostgreSQL's"
    yield report.Figure(f"{name}: CPU of that page, {inside}", f"{measured.page_cpu:.0f} ms")
    yield report.Figure(
        f"{name}: posting a payment with its fee, receipt and letter, p50", f"{measured.posting:.1f} ms"
    )
    yield report.Figure(f"{name}: `ledger check`, the books alone", f"{measured.check_s:.1f} s")
    yield report.Figure(f"{name}: `ledger export journal`, one year", f"{measured.journal_s:.1f} s")


def _both() -> Iterator[tuple[str, Measured]]:
    with _folder("money-sqlite") as folder:
        yield "SQLite", _in_a_process_of_its_own(folder, "")
    with _folder("money-postgres") as folder, _postgres(folder) as url:
        yield "PostgreSQL", _in_a_process_of_its_own(folder, url)


def _in_a_process_of_its_own(folder: Path, database_url: str) -> Measured:
    """One makes the ledger, and another, which has seen nothing of it, asks."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BROADSHEET_DATA")}
    environment |= {
        "BROADSHEET_DATA": str(data),
        "DATABASE_URL": database_url,
        "BROADSHEET_BASE_URL": "http://testserver",
        "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
    }
    if not (folder / MADE).exists():
        for command in (
            ["-m", "broadsheet.site.cli", "migrate"],
            ["-m", "django", "collectstatic", "--no-input", "--verbosity=0"],
            ["-m", "bench.money", "make"],
        ):
            subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
        (folder / MADE).write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "bench.money", "measure"], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


# ── in a process of its own: the ledger is made


def make() -> None:
    """In the database's own words, as a million rows would take Python minutes."""
    from django.db import connection, transaction

    from broadsheet.giving.append_only import lay_triggers, lift_triggers

    with transaction.atomic():
        lift_triggers(connection)  # they would be asked a million times
        _donors_and_pledges()
        _gifts()
        _ledger()
        lay_triggers(connection)
    with connection.cursor() as cursor:
        # A running PostgreSQL does this by itself after a while. SQLite does not, and is measured without.
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")


def _donors_and_pledges() -> None:
    from broadsheet.giving.models import Attempt, Donor, Pledge

    _insert(
        Donor,
        DONORS,
        id="i",
        email="'reader' || i || '@example.org'",
        name="'Reader ' || i",
        known_since=_at("i % 1000"),
    )
    places = "CASE i % 4 WHEN 0 THEN 'inside' WHEN 1 THEN 'end' WHEN 2 THEN 'wall' ELSE '' END"
    _insert(
        Attempt, PLEDGES + GIFTS // 4, id="'attempt' || i", frequency="'monthly'", amount_minor="500 + i % 2000",
        currency="'EUR'", provider="'fake'", state="'paid'", place=places, article_id="i % 300", begun_at=_at("i % 1000"),
    )  # fmt: skip
    _insert(
        Pledge, PLEDGES, id="i", donor_id=f"1 + i % {DONORS}", attempt_id="'attempt' || i", provider="'fake'",
        provider_ref="'pledge' || i", amount_minor="500 + i % 2000", currency="'EUR'", seen_at=_at("1000"),
        frequency="CASE i % 5 WHEN 0 THEN 'yearly' ELSE 'monthly' END", started_at=_at(f"i % {DAYS}"),
        state="CASE i % 10 WHEN 0 THEN 'ended' WHEN 1 THEN 'failing' ELSE 'active' END",
        failing_since=f"CASE i % 10 WHEN 1 THEN {_at(f'{DAYS} - i % 20')} END",
        ended_at=f"CASE i % 10 WHEN 0 THEN {_at(f'i % {DAYS}')} END",
        end_reason="CASE i % 20 WHEN 0 THEN 'failed' WHEN 10 THEN 'reader' ELSE '' END",
    )  # fmt: skip


def _gifts() -> None:
    from broadsheet.giving.models import Donation, Receipt, ReceiptSeries

    promised = "i % 4 <> 0"
    _insert(
        Donation, GIFTS, id="i", donor_id=f"1 + i % {DONORS}", provider="'fake'", provider_ref="'pay' || i",
        pledge_id=f"CASE WHEN {promised} THEN 1 + i % {PLEDGES} END", amount_minor="500 + i % 2000", currency="'EUR'",
        attempt_id=f"CASE WHEN {promised} THEN NULL ELSE 'attempt' || ({PLEDGES} + i / 4) END",
        paid_at=_paid_at("i"), method="'card'",
    )  # fmt: skip
    ReceiptSeries.objects.create(entity="The Herald", year=2026, last_number=GIFTS)
    said = json.dumps(
        {"number": "HERALD-2026-00000", "entity": {"name": "The Herald", "address": "1 Harbour Street" * 10}}
    )
    _insert(
        Receipt, GIFTS, id="i", entity="'The Herald'", year="2026", number="i", donation_id="i", issued_at=_paid_at("i"),
        content=f"'{said}'",
    )  # fmt: skip


def _ledger() -> None:
    parts = [
        ("gift", GIFTS, "i", _paid_at("i"), "balance:fake", "gifts", "500 + i % 2000"),
        ("fee", GIFTS, "i", _paid_at("i"), "fees", "balance:fake", "25 + (500 + i % 2000) * 3 / 200"),
        ("refund", GIFTS // 40, "i * 40", _paid_at("i * 40 + 500"), "refunds", "balance:fake", "500 + (i * 40) % 2000"),
        ("dispute", GIFTS // 400, "i * 400", _paid_at("i * 400 + 900"), "disputes", "balance:fake", "500"),
        ("dispute fee", GIFTS // 400, "i * 400", _paid_at("i * 400 + 900"), "fees", "balance:fake", "1500"),
        ("payout", DAYS, "NULL", _at("i"), "bank", "balance:fake", "200000"),
    ]
    first = 0
    for kind, count, donation, at, debit, credit, minor in parts:
        _entries(first, kind, count, donation, at, debit, credit, minor)
        first += count


def _entries(first: int, kind: str, count: int, donation: str, at: str, debit: str, credit: str, minor: str) -> None:
    from broadsheet.giving.models import Movement, Transaction

    _insert(
        Transaction, count, id=f"{first} + i", provider="'fake'", object_ref=f"'{kind} ' || i", kind=f"'{kind}'", at=at,
        posted_at=at, donation_id=donation,
    )  # fmt: skip
    _insert(
        Movement, count, id=f"{first} + i", transaction_id=f"{first} + i", debit=f"'{debit}'", credit=f"'{credit}'",
        amount_minor=minor, currency="'EUR'", at=at,
    )  # fmt: skip


def _insert(model: Any, count: int, **columns: str) -> None:
    """Rows 1 to `count`, each column an expression of `i`; what is not named has the field's own default."""
    from django.db import connection

    for field in model._meta.concrete_fields:
        if field.column not in columns and not field.primary_key:
            default = field.get_default()
            columns[field.column] = "NULL" if default is None else _literal(default)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
            f" INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM n"
        )
        if (
            connection.vendor == "postgresql"
            and "id" in columns
            and columns["id"].startswith(("i", "0", "1", "2", "3", "4"))
        ):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), MAX(id)) FROM {model._meta.db_table}"
            )


def _literal(default: object) -> str:
    if isinstance(default, bool):
        return str(default).upper()
    return str(default) if isinstance(default, int) else f"'{default}'"


def _at(days: str) -> str:
    """A moment so many days after the ledger begins, which is so many before today."""
    return _moment(f"({days}) * 86400")


def _paid_at(number: str) -> str:
    return _moment(f"({number}) * {DAYS * 86_400 // GIFTS}")


def _moment(seconds: str) -> str:
    from django.db import connection

    begins = int(
        (datetime.now(UTC) - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    )
    if connection.vendor == "postgresql":
        return f"to_timestamp({begins} + {seconds})"
    return f"datetime({begins} + {seconds}, 'unixepoch')"


# ── in a process of its own: the ledger is asked


def measure() -> Measured:
    from broadsheet.giving import checking, journal, reports
    from broadsheet.giving.models import Movement
    from broadsheet.giving.reports import Source

    today = reports.today()
    month = reports.month(today)
    before = reports.month(today.replace(day=1) - timedelta(days=1))
    asked: dict[str, Callable[[], object]] = {
        "today, this month, the month before": lambda: reports.sums_in([reports.day(today), month, before]),
        "this year": lambda: reports.sums_in([reports.year(today.year)]),
        "each of the last 31 days": lambda: reports.by_day(today - timedelta(days=30), today),
        "the balance of each account": reports.balances,
        "monthly recurring": reports.monthly_recurring,
        "new, raised, failed, lapsed this month": lambda: reports.turns_in(month),
        "what each story brought this month": lambda: list(reports.brought_by(Source.ARTICLE, month)),
    }
    sums = {what: _first_and_then(ask) for what, ask in asked.items()}
    ask = _page()
    page = _first_and_then(ask)
    return Measured(
        Movement.objects.count(),
        sums,
        page,
        _cpu(ask),
        _posting(),
        _seconds(lambda: list(checking.faults())),
        _seconds(lambda: sum(len(line) for line in journal.journal_csv(today.year - 1))),
    )


def _page() -> Callable[[], object]:
    from django.test import Client

    from broadsheet.readers.models import User
    from tests.factories import a_publisher

    client = Client(HTTP_HOST="testserver")
    client.force_login(
        User.objects.filter(groups__name="Publishers").first() or a_publisher()
    )  # a kept database has one

    def ask() -> None:
        answer = client.get("/admin/giving/")
        if answer.status_code != 200:
            raise RuntimeError(f"the money desk answered {answer.status_code}")

    return ask


def _posting() -> float:
    """Of new readers, each with an address of their own."""
    from broadsheet import clock
    from broadsheet.core.money import Money
    from broadsheet.giving.posting import post
    from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment

    times = []
    for _ in range(60):
        now = clock.now()
        ref = f"bench {now.timestamp()}"
        giver = Giver(ref, f"{now.timestamp()}@example.org")
        payment = SeenPayment(ref, Money(1000, "EUR"), now, giver, fee=Money(40, "EUR"), method="card")
        began = time.perf_counter()
        post("fake", Seen(payments=(payment,)), now)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _first_and_then(ask: Callable[[], object]) -> tuple[float, float]:
    first, *others = [_seconds(ask) * 1000 for _ in range(1 + ROUNDS)]
    return first, statistics.median(others)


def _cpu(ask: Callable[[], object]) -> float:
    """Milliseconds of this process, which do not depend on what else the machine is doing; PostgreSQL's own are not in it."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        ask()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def _seconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "make":
        make()
    else:
        print(json.dumps(asdict(measure())))
