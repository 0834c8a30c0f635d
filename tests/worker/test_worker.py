"""The worker, as a process of its own and duty by duty."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from broadsheet import clock
from broadsheet.config import config
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.log import REASON_CODES, ReadingLog
from broadsheet.meter.force import publish_snapshot
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.models import Article, Purge
from broadsheet.newsroom.purge import page_store
from broadsheet.newsroom.tasks import make_renditions
from broadsheet.site.worker import MOST_ATTEMPTS, Duty, Round, do, last_seen, reclaim_tasks
from tests.factories import a_draft, an_editor

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 60


@contextmanager
def a_worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """At work on the data folder and the database of this test."""
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "broadsheet.site.cli", "worker"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def eventually(is_so: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.1)
    return False


def has_come_round(since: float) -> bool:
    seen = last_seen(config())
    return seen is not None and seen > since


def test_a_worker_does_all_that_waits_and_ends_when_told(tmp_path: Path) -> None:
    """A story for a moment from now, a purge that a crash left, a meter not in force, a task, a sealed segment."""
    story = a_draft(headline="Planned")
    story.go_live_at = timezone.now() + timedelta(seconds=1)
    story.save_revision(user=an_editor()).publish()
    assert not Article.objects.get(pk=story.pk).live

    store, old = page_store(), "/old/"
    store.put_page(
        old, "a", b"<html>", tags={"topic:77"}, rendered_at=store.generation(), until=None, takes_tail=True, release=""
    )
    Purge.objects.create(tags=["topic:77"])

    publish_snapshot()
    MeterSettings.load()
    MeterSettings.objects.update(anonymous_allowance=6)  # behind the back of what puts it in force

    task = make_renditions.enqueue(0)

    log = ReadingLog(config().log, b"k" * 32)
    log.write(clock_ms(), 5, 1, ord("a"), REASON_CODES[next(iter(REASON_CODES))], 1, 1)
    log.close()

    began = clock.timestamp()
    with a_worker(tmp_path / "worker.log") as worker:
        said = lambda: (tmp_path / "worker.log").read_text()  # noqa: E731 - what to read when one of these fails
        assert eventually(lambda: Article.objects.get(pk=story.pk).live), said()
        assert eventually(lambda: not Purge.objects.exists()), said()
        assert store.page(old, "a", "g") is None
        assert eventually(lambda: open_ledger().policy().policy.ladders["anonymous"].allowance == 6), said()
        assert eventually(lambda: DBTaskResult.objects.get(pk=task.id).status == TaskResultStatus.SUCCESSFUL), said()
        assert eventually(lambda: list(config().log.glob("parquet/*/*.parquet"))), said()
        assert has_come_round(since=began)

        refused = subprocess.run(
            [sys.executable, "-m", "broadsheet.site.cli", "worker"], capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert refused.returncode == 1
        assert "Another worker is at work" in refused.stderr

        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert "Traceback" not in said()

    MeterSettings.objects.all().delete()
    publish_snapshot()  # the ledger outlives this test


def clock_ms() -> int:
    return int(clock.timestamp() * 1000)


def test_a_task_whose_worker_was_killed_is_done_by_the_next(tmp_path: Path) -> None:
    log = tmp_path / "first.log"
    with a_worker(log) as first:
        # It looks for tasks, so that one could be claimed by it; its duties are another thread's.
        assert eventually(lambda: " " in log.read_text().partition("worker_id=")[2]), log.read_text()
        # Claimed by that worker, which dies before it is done: what its row then looks like.
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    worker_id = log.read_text().partition("worker_id=")[2].split()[0]
    task = make_renditions.enqueue(0)
    DBTaskResult.objects.filter(pk=task.id).update(
        status=TaskResultStatus.RUNNING, worker_ids=[worker_id], started_at=timezone.now()
    )
    with a_worker(tmp_path / "second.log"):
        assert eventually(lambda: DBTaskResult.objects.get(pk=task.id).status == TaskResultStatus.SUCCESSFUL)
    assert "lost its worker and is tried again" in (tmp_path / "second.log").read_text()


@pytest.mark.parametrize(
    ("worker_ids", "running_for", "status"),
    [
        (["here.1"], timedelta(0), TaskResultStatus.READY),  # a worker of this folder before us
        (["here.now"], timedelta(hours=9), TaskResultStatus.RUNNING),  # we are at it ourselves
        (["there.1"], timedelta(0), TaskResultStatus.RUNNING),  # another machine is at it
        (["there.1"], timedelta(hours=2), TaskResultStatus.READY),  # … or was
        (["here.1"] * MOST_ATTEMPTS, timedelta(0), TaskResultStatus.FAILED),  # it kills whoever touches it
    ],
)
def test_which_running_tasks_are_taken_back(
    worker_ids: list[str], running_for: timedelta, status: TaskResultStatus
) -> None:
    task = make_renditions.enqueue(0)
    DBTaskResult.objects.filter(pk=task.id).update(
        status=TaskResultStatus.RUNNING, worker_ids=worker_ids, started_at=timezone.now() - running_for
    )
    reclaim_tasks("here.now")
    assert DBTaskResult.objects.get(pk=task.id).status == status


def test_a_duty_that_fails_is_logged_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done = []

    def fail() -> None:
        raise OSError("no room")

    duties = [
        Duty("fail", 0.01, fail),
        Duty("hang", 0.01, lambda: time.sleep(60), apart=True),
        Duty("work", 0.01, lambda: done.append(1)),
    ]
    with Round(duties, "here.now"):
        assert eventually(lambda: len(done) >= 3)
    assert "A duty of the worker failed and is tried again in 0.01 s: fail." in caplog.text
    assert "OSError: no room" in caplog.text


def test_a_duty_with_more_to_do_lets_the_others_have_their_turn() -> None:
    order: list[str] = []
    duties = [
        Duty("much", 3600, lambda: order.append("much") or len(order) < 7),
        Duty("little", 0, lambda: order.append("little")),
    ]
    with Round(duties, "here.now"):
        assert eventually(lambda: len(order) >= 8)
    assert order[:6] == ["much", "little"] * 3


def test_a_failing_duty_has_nothing_more_to_do_at_once() -> None:
    assert do(Duty("fail", 1, lambda: 1 / 0)) is False
    assert do(Duty("more", 1, lambda: True)) is True


def test_who_was_never_seen_was_never_seen() -> None:
    (config().run / "worker.seen").unlink(missing_ok=True)
    assert last_seen(config()) is None
