"""The worker: tasks as they come, and the duties below, each at its own interval.

Tasks run in the main thread, by django-tasks-db's own command; duties in a thread beside it, so that a long task delays
no scheduled story. A duty that fails is logged and comes round again; it stops neither the others nor the tasks. Duties
that may wait for something outside (the DNS, another program) have a thread each.

Every duty may be cut short anywhere: what it left is found by the next round, or by the next worker.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from django.core.management import call_command
from django.db import close_old_connections, connections, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from broadsheet import clock
from broadsheet.config import Config, config
from broadsheet.gate import crawlers
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.pages import open_pages
from broadsheet.giving.events import post_due
from broadsheet.giving.mailroom import post_due_letters
from broadsheet.giving.reconciling import AGAIN, reconcile_lately
from broadsheet.giving.sweep import sweep as sweep_givers
from broadsheet.meter.force import publish_snapshot
from broadsheet.newsroom.purge import carry_out_purges
from broadsheet.newsroom.scheduling import carry_out_schedule
from broadsheet.readers.sweep import sweep as sweep_readers
from broadsheet.site.locks import WORKER, take
from broadsheet.site.whole_files import write_whole

log = logging.getLogger(__name__)

OVERDUE_S = 60  # not seen for so long, something is wrong with the worker
PAGES_AT_ONCE = 20  # compressed before other duties have their turn
MOST_ROUNDS = 50  # of a sweep that goes in batches
LONGEST_TASK = timedelta(hours=1)  # running for longer, on another machine: its worker is taken for dead
MOST_ATTEMPTS = 3  # a task whose worker died under it so often is not tried again
NICENESS = 10  # readers go first


class WorkerRuns(RuntimeError):
    """Another worker works on this data folder."""


@dataclass(frozen=True)
class Duty:
    """`do` answers True if there is more to be done at once. `apart`: it may wait long; it has a thread of its own."""

    name: str
    every_s: float
    do: Callable[[], bool | None]
    apart: bool = False


def main() -> int:
    """Work until told to stop; 1 if another worker is at work here."""
    os.nice(NICENESS)
    # Two lines a task say nothing when it went well; the command sets the level itself, so a filter must do it.
    logging.getLogger("django_tasks").addFilter(lambda record: record.levelno >= logging.WARNING)
    try:
        with _sole_worker(config()) as worker_id:
            reclaim_tasks(worker_id)
            with Round(DUTIES, worker_id):
                call_command("db_worker", queue_name="*", interval=1.0, worker_id=worker_id, reload=False)
    except WorkerRuns as refused:
        log.error("%s", refused)
        return 1
    except SystemExit as stopped:  # how the command ends when it is told to stop between two tasks
        return stopped.code if isinstance(stopped.code, int) else 0
    return 0


def last_seen(config: Config) -> float | None:
    """When the worker last came round (seconds since 1970); None if never."""
    try:
        return float((config.run / "worker.seen").read_text())
    except (FileNotFoundError, ValueError):
        return None


# ── the duties


def publish_scheduled() -> None:
    carry_out_schedule()  # it reports what it had to refuse


def post_payment_events() -> bool:
    return post_due()


def write_to_donors() -> None:
    for _ in range(MOST_ROUNDS):
        if not post_due_letters():
            break


def reconcile_books() -> None:
    reconcile_lately()


def put_meter_in_force() -> None:
    publish_snapshot()


def carry_out_left_purges() -> None:
    if left := carry_out_purges():
        log.warning("Carried out %d purges that a crash had left.", left)


def compress_pages() -> bool:
    return open_pages().recompress(PAGES_AT_ONCE) == PAGES_AT_ONCE


def sweep_pages() -> None:
    open_pages().sweep()


def sweep_ledger() -> None:
    for _ in range(MOST_ROUNDS):
        if open_ledger().sweep(clock.now()).done:
            break


def forget_codes_and_sessions() -> None:
    for _ in range(MOST_ROUNDS):
        swept = sweep_readers()
        if not (swept.codes or swept.sessions or swept.entitlements):
            break


def forget_who_gave() -> None:
    for _ in range(MOST_ROUNDS):
        if not sweep_givers():
            break


def forget_finished_tasks() -> None:
    call_command("prune_db_task_results", queue_name="*", min_age_days=2, failed_min_age_days=30, verbosity=0)


def verify_crawlers() -> None:
    crawlers.verify_pending(open_ledger(), clock.timestamp())


def store_reading_log() -> None:
    # Not imported here: pyarrow takes some 100 MB, which its own process gives back.
    subprocess.run([sys.executable, "-m", "broadsheet.insight.parquet"], check=True, stdin=subprocess.DEVNULL)


def count_reads() -> None:
    subprocess.run([sys.executable, "-m", "django", "count_reads"], check=True, stdin=subprocess.DEVNULL)


def give_memory_back() -> None:
    """Making pictures leaves some 150 MB of freed pieces, which glibc keeps for itself until told otherwise."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def reclaim_tasks(worker_id: str) -> None:
    """Take back tasks whose worker is gone: those of this data folder's workers before us, and those that run too long.

    A task may therefore run twice: tasks say "do chunk k", and their tables know what of it is done.
    """
    installation = worker_id.partition(".")[0]
    late = timezone.now() - LONGEST_TASK
    with transaction.atomic():
        for task in DBTaskResult.objects.running().select_for_update():
            last = task.worker_ids[-1] if task.worker_ids else ""
            is_lost = last.startswith(f"{installation}.") and last != worker_id
            if not is_lost and (task.started_at is None or task.started_at > late or last == worker_id):
                continue
            _take_back(task)


def _take_back(task: DBTaskResult[..., object]) -> None:
    if len(task.worker_ids) >= MOST_ATTEMPTS:
        log.error("Task %s (%s) lost its worker %d times and is given up.", task.id, task.task_path, MOST_ATTEMPTS)
        task.set_failed(RuntimeError(f"lost its worker {MOST_ATTEMPTS} times"))
        return
    log.warning("Task %s (%s) lost its worker and is tried again.", task.id, task.task_path)
    DBTaskResult.objects.filter(pk=task.pk).update(status=TaskResultStatus.READY, started_at=None)


DUTIES = [
    # What readers wait for
    Duty("publish what is scheduled", 10, publish_scheduled),
    Duty("post what payment providers told", 1, post_payment_events, apart=True),
    Duty("write to donors", 2, write_to_donors, apart=True),
    Duty("carry out purges that were left", 10, carry_out_left_purges),
    Duty("put the meter in force if it is not", 30, put_meter_in_force),
    # What makes pages quicker, and search engines welcome
    Duty("compress pages at their best", 20, compress_pages),
    Duty("verify search engines", 15, verify_crawlers, apart=True),
    # What is forgotten
    Duty("sweep the page store", 300, sweep_pages),
    Duty("sweep the meter ledger", 60, sweep_ledger),
    Duty("forget codes and sessions that have ended", 300, forget_codes_and_sessions),
    Duty("forget who gave long ago", 6 * 3600, forget_who_gave),
    Duty("forget finished tasks", 6 * 3600, forget_finished_tasks),
    Duty("give memory back", 30, give_memory_back),
    # What is kept
    Duty("compare the books with payment providers", AGAIN.total_seconds(), reconcile_books, apart=True),
    Duty("store the reading log", 600, store_reading_log, apart=True),
    Duty("count what is read", 300, count_reads, apart=True),
]


# ── how they come round


class Round:
    """Does `duties`, each when it is due, from `__enter__` to `__exit__`."""

    def __init__(self, duties: Sequence[Duty], worker_id: str) -> None:
        self._duties = [*duties, Duty("take back tasks of dead workers", 60, lambda: reclaim_tasks(worker_id))]
        self._due = dict.fromkeys(self._duties, 0.0)
        self._apart: dict[Duty, threading.Thread] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_round, name="duties")

    def __enter__(self) -> Round:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The duty under way is finished; those apart are left, as they may be cut short."""
        self._stopping.set()
        self._thread.join()

    def _go_round(self) -> None:
        while not self._stopping.is_set():
            say_alive(config())
            for duty in self._duties:
                if self._stopping.is_set():
                    break
                if time.monotonic() >= self._due[duty]:
                    more = self._begin(duty)
                    self._due[duty] = time.monotonic() + (0.0 if more else duty.every_s)
            self._stopping.wait(max(0.0, min(1.0, min(self._due.values()) - time.monotonic())))

    def _begin(self, duty: Duty) -> bool:
        if not duty.apart:
            return do(duty)
        under_way = self._apart.get(duty)
        if under_way is None or not under_way.is_alive():
            self._apart[duty] = threading.Thread(target=do, args=[duty], name=duty.name, daemon=True)
            self._apart[duty].start()
        return False


def do(duty: Duty) -> bool:
    """Whether there is more to be done at once."""
    close_old_connections()
    began = time.monotonic()
    try:
        return bool(duty.do())
    except Exception:
        log.exception("A duty of the worker failed and is tried again in %g s: %s.", duty.every_s, duty.name)
        return False
    finally:
        if time.monotonic() - began > OVERDUE_S / 2:
            log.warning("A duty of the worker took %.0f s: %s.", time.monotonic() - began, duty.name)
        connections.close_all()


def say_alive(config: Config) -> None:
    try:
        write_whole(config.run / "worker.seen", f"{clock.timestamp():.1f}\n")
    except OSError:
        log.exception("The worker cannot say that it is alive.")


@contextmanager
def _sole_worker(config: Config) -> Iterator[str]:
    """This worker's id: two parts, of which the first is the same for every worker of this data folder."""
    config.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = take(config.run / WORKER)
    if lock is None:
        raise WorkerRuns(f"Another worker is at work on {config.data}.")
    with lock:
        installation = hashlib.sha256(f"{socket.gethostname()}:{config.data}".encode()).hexdigest()[:16]
        yield f"{installation}.{os.getpid()}-{os.urandom(4).hex()}"
