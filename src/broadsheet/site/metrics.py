"""`/metrics` for Prometheus, answered by the site; a 404 to whoever may not see it, as if there were nothing.

Views cost the gate nothing here: they are counted from the reading log's segments, from where the last look ended. As a
counter they begin anew when the site does, which Prometheus expects of a counter.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django_tasks_db.models import DBTaskResult

from broadsheet import clock
from broadsheet.config import Config, config
from broadsheet.gate.ledger import MAP_BYTES as LEDGER_MAP_BYTES
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.log import Flag, open_segments, sealed_segments, views_in
from broadsheet.gate.pages import open_pages
from broadsheet.gate.refusals import Refusals
from broadsheet.newsroom.models import Purge
from broadsheet.release import release
from broadsheet.site.worker import last_seen

ADDRESS = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """`values`: by labels, as (name, value) pairs."""

    name: str
    kind: str  # counter or gauge
    help: str
    values: Mapping[tuple[tuple[str, str], ...], float]


class Measured:
    """Counts what the gate asks of the site, and answers `/metrics` before anything else does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._counting = threading.Lock()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._views = Views()
        self._views.look(config().log)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == ADDRESS:
            return self._answer(request)
        response = self._get_response(request)
        with self._counting:
            self._asked[_kind(request), f"{response.status_code // 100}xx"] += 1
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        settings = config()
        if not may_see(
            settings, request.headers.get("Authorization", ""), request.headers.get("X-Broadsheet-Client", "")
        ):
            return HttpResponse(
                "Not found\n", status=404, content_type="text/plain", headers={"Cache-Control": "no-store"}
            )
        with self._counting:
            asked = Metric(
                "broadsheet_site_requests_total",
                "counter",
                "Requests the gate could not answer alone: page (a page that was not stored), describe (what is at an"
                " address), other (accounts, forms, admin).",
                {(("asked", kind), ("status", status)): count for (kind, status), count in self._asked.items()},
            )
        metrics = [*self._views.metrics(settings.log), _refusals(settings), asked, *_stores(settings), *_work(settings)]
        return HttpResponse(text_of(metrics), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def may_see(settings: Config, authorization: str, client: str) -> bool:
    scheme, _, token = authorization.partition(" ")
    if settings.metrics_token and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), settings.metrics_token.encode())
    with suppress(ValueError):
        address = ip_address(client)
        return any(address in network for network in settings.metrics_allow)
    return False


def text_of(metrics: Iterable[Metric]) -> str:
    """Prometheus' text format 0.0.4."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in sorted(metric.values.items()):
            inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{metric.name}{'{' + inside + '}' if inside else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _kind(request: HttpRequest) -> str:
    asked = request.headers.get("X-Broadsheet-Page")
    return "other" if asked is None else "describe" if asked == "describe" else "page"


# ── views


class Views:
    """Views of articles since this process began, by verdict class; what a segment gained is added at each look."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._positions: dict[str, int] | None = None  # by segment; None: nobody has looked yet
        self._counts: Counter[tuple[int, int]] = Counter()

    def look(self, folder: Path) -> Counter[tuple[int, int]]:
        """How many views of each (letter of the class, flags). A segment that became Parquet is not looked for there."""
        with self._looking:
            positions: dict[str, int] = {}
            for file in [*sealed_segments(folder), *open_segments(folder)]:
                known = self._positions.get(file.stem, 0) if self._positions is not None else None
                for name in (file, file.with_suffix(".sealed")):  # it may be sealed just now
                    with suppress(FileNotFoundError):
                        views, positions[file.stem] = views_in(name, known or 0)
                        if known is not None:  # what was there at the first look was before us
                            self._counts.update(views)
                        break
            self._positions = positions
            return Counter(self._counts)

    def metrics(self, folder: Path) -> Iterator[Metric]:
        by_class: Counter[str] = Counter()
        by_flag: Counter[str] = Counter()
        for (verdict, flags), count in self.look(folder).items():
            by_class[chr(verdict)] += count
            for flag in Flag:
                if flags & flag and flag.name:
                    by_flag[flag.name.lower()] += count
        yield Metric(
            "broadsheet_article_views_total",
            "counter",
            "Views of articles by verdict class: a r s b e open to anonymous, registered, supporter, subscriber, staff;"
            " w x walled.",
            {(("verdict", letter),): by_class[letter] for letter in "arsbewx"},
        )
        yield Metric(
            "broadsheet_article_views_by_mark_total",
            "counter",
            "Views of articles by mark: new (counted), first, again, notice (shown), crawler, revalidated (304).",
            {(("mark", flag.name.lower()),): by_flag[flag.name.lower()] for flag in Flag if flag.name},
        )


# ── what is stored, and what waits


def _refusals(settings: Config) -> Metric:
    return Metric(
        "broadsheet_gate_refusals_total",
        "counter",
        "Requests the gate refused or could not have answered, by status: malformed, another Host, too large, no site.",
        {
            (("status", str(status)),): count
            for status, count in Refusals(settings.run / "refusals").by_status().items()
        },
    )


def _stores(settings: Config) -> Iterator[Metric]:
    stats = open_pages(settings.pages).stats()
    ledger = open_ledger(settings.ledger)
    with ledger.environment.begin() as txn:
        readers, passes = txn.stat(ledger.reads_db)["entries"], txn.stat(ledger.passes_db)["entries"]
    used = ledger.environment.info()["last_pgno"] * ledger.environment.stat()["psize"]
    segments = {"open": open_segments(settings.log), "sealed": sealed_segments(settings.log)}
    yield _gauge("broadsheet_page_store_entries", "Stored pages and descriptions.", stats.entries)
    yield _gauge("broadsheet_page_store_bytes", "Bytes of the page store in use.", stats.used_bytes)
    yield _gauge(
        "broadsheet_page_store_used_ratio", "Share of the page store in use.", stats.used_bytes / stats.map_bytes
    )
    yield _gauge("broadsheet_purge_generation", "Raised by every purge of the page store.", stats.generation)
    yield _gauge("broadsheet_ledger_readers", "Readers with a count in the meter ledger.", readers)
    yield _gauge("broadsheet_ledger_passes", "Browsers signed in.", passes)
    yield _gauge(
        "broadsheet_ledger_used_ratio", "Share of the ledger's file that was ever used.", used / LEDGER_MAP_BYTES
    )
    yield Metric(
        "broadsheet_log_segments",
        "gauge",
        "Segments of the reading log that are not Parquet yet.",
        {(("state", state),): len(files) for state, files in segments.items()},
    )
    disk = os.statvfs(settings.data)
    yield _gauge("broadsheet_disk_free_bytes", "Room on the disk of the data folder.", disk.f_bavail * disk.f_frsize)


def _work(settings: Config) -> Iterator[Metric]:
    yield _gauge("broadsheet_purges_waiting", "Purges written and not carried out.", Purge.objects.count())
    mails = len(list(settings.outbox.glob("*.eml"))) if settings.outbox.is_dir() else 0
    yield _gauge("broadsheet_outbox_mails", "Mails in the outbox folder.", mails)
    seen = last_seen(settings)
    if seen is not None:
        yield _gauge(
            "broadsheet_worker_last_round_seconds", "Since the worker last came round.", clock.timestamp() - seen
        )
    statuses = DBTaskResult.objects.values_list("status").annotate(count=Count("pk")).order_by()
    yield Metric(
        "broadsheet_tasks",
        "gauge",
        "Tasks by status; finished ones are forgotten after some days.",
        {(("status", str(status).lower()),): count for status, count in statuses},
    )
    yield Metric("broadsheet_release_info", "gauge", "The program that answers.", {(("release", release()),): 1})


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return Metric(name, "gauge", meaning, {(): value})
