"""What must hold when something is killed, taken away, late or changed in the middle."""

import os
import random
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from broadsheet.gate import down
from broadsheet.gate.log import Flag, open_segments, read_segment, seal_abandoned, sealed_segments
from tests.client import Client
from tests.gate.conftest import Paper, until
from tests.gate.paper import WITHHELD

SOAK = os.environ.get("BROADSHEET_SOAK") == "1"
KILLS = 30 if SOAK else 2


def test_a_publish_is_seen_by_every_reader_by_the_time_it_has_answered(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_WORKERS="2")
    for number in range(100 if SOAK else 15):
        for _ in range(6):  # both workers hold the page
            paper.reader().get("/news/1/")
        paper.act(f"edition/?is=number-{number}&tag=page:/news/1/")
        texts = [paper.reader().get("/news/1/").text for _ in range(6)]
        assert all(f"Edition: number-{number}." in text for text in texts)


def test_a_publish_during_a_render_does_not_leave_the_old_page(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_WORKERS="2")
    paper.reader().get("/news/1/")
    with ThreadPoolExecutor(8) as readers:
        waiting = [readers.submit(lambda: paper.reader().get("/news/slow-1/")) for _ in range(8)]
        until(lambda: bool(paper.reader().head("/news/1/")), "the gate answers")
        time.sleep(0.2)  # the render has read the old edition and not yet stored it
        paper.act("edition/?is=second&tag=page:/news/slow-1/")
        texts = [answer.result().text for answer in waiting]
    assert all("Edition: first." in text or "Edition: second." in text for text in texts)
    assert all(text.endswith("</body></html>") for text in texts)
    for _ in range(6):
        assert "Edition: second." in paper.reader().get("/news/slow-1/").text


def test_what_is_said_while_the_site_is_down_is_what_it_wrote_beforehand(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    reader = paper.reader()
    paper.kill("site")
    written = paper.config.run / down.NAME
    for words in ("Einen Moment", "רגע אחד, בבקשה"):
        written.write_text(f"<!doctype html><h1>{words}</h1>")
        until(lambda words=words: words in reader.get("/news/2/").text, "the gate has seen it")
        assert reader.get("/news/2/").status == 503
    written.unlink()
    until(lambda: "One moment, please" in reader.get("/news/2/").text, "the gate speaks for itself again")


def test_all_who_miss_the_same_page_have_it_rendered_once(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    with ThreadPoolExecutor(20) as readers:
        answers = list(readers.map(lambda _: paper.reader().get("/news/slow-2/"), range(20)))
    assert all(WITHHELD in answer.text for answer in answers)
    assert (paper.data / "renders").read_text() == "/news/slow-2/ a\n"


def test_stored_pages_are_served_while_the_site_is_down_and_the_rest_says_so(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    reader = paper.reader()
    reader.get("/news/1/")
    paper.kill("site")
    assert WITHHELD in reader.get("/news/1/").text
    assert paper.reader().get("/healthz").text == "ok\n"
    for path in ("/news/2/", "/search/?q=x", "/account/"):
        refused = reader.get(path)
        assert (refused.status, refused.header("retry-after")) == (503, "5")
        assert "try again" in refused.text
    assert reader.post("/register/", {"email": "a@b"}).status == 503
    paper.start_site()
    assert WITHHELD in reader.get("/news/2/").text


def test_a_slow_site_does_not_hold_up_stored_pages(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    paper.reader().get("/news/1/")
    with ThreadPoolExecutor(20) as askers:
        slow = [askers.submit(lambda: paper.reader().get("/admin/sleep/?s=1").status) for _ in range(20)]
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(20):
            assert paper.reader().get("/news/1/").status == 200
        assert time.monotonic() - began < 1
        assert [answer.result() for answer in slow] == [200] * 20


def test_a_page_store_taken_away_under_running_servers_is_made_anew(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_WORKERS="2")
    reader = paper.reader()
    for article in (1, 2, 3):
        reader.get(f"/news/{article}/")
    shutil.rmtree(paper.data / "pages")
    for article in (1, 2, 3, 4):
        assert WITHHELD in reader.get(f"/news/{article}/").text
    paper.act("edition/?is=after&tag=page:/news/4/")
    time.sleep(1.2)
    for _ in range(6):
        assert "Edition: after." in paper.reader().get("/news/4/").text
    assert "have read 4 articles" in reader.get("/news/1/").text, "the ledger is another store"


def test_killed_workers_lose_no_read_they_acknowledged(own_paper: Callable[..., Paper]) -> None:
    """The ledger and the reading log against what readers outside were told, over kills at random moments."""
    paper = own_paper(BROADSHEET_WORKERS="2")
    paper.act("policy/?allowance=500&notice=1")
    for article in range(1, 60):
        paper.reader().get(f"/news/{article}/")
    told: dict[str, set[int]] = {}
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            reader = paper.reader(timeout_s=5)
            opened: set[int] = set()
            for article in random.sample(range(1, 60), 25):
                if stop.is_set():
                    break
                if _opens(reader, article):
                    opened.add(article)
                    told[reader.cookies["reader"]] = set(opened)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(8)]
    for thread in readers:
        thread.start()
    try:
        for number in range(KILLS):
            # Granian gives up, and leaves it to the supervisor, when one worker dies twice in five seconds.
            time.sleep(random.uniform(0.3, 0.7) if number < 2 else random.uniform(6, 7))
            killed = min(paper.workers())
            os.kill(killed, signal.SIGKILL)
            until(lambda killed=killed: len(set(paper.workers()) - {killed}) == 2, "the worker starts again")
        paper.kill("gate")  # all at once
        paper.start_gate()
        time.sleep(0.3)
    finally:
        stop.set()
        for thread in readers:
            thread.join()
    assert sum(map(len, told.values())) > 200
    for cookie, opened in told.items():
        reader = paper.reader(cookies={"reader": cookie})
        known = set(
            map(
                int, reader.get("/admin/reads/").text.strip("[]").replace(" ", "").split(",") if len(opened) > 1 else []
            )
        )
        assert opened <= known or len(opened) == 1, "a read that was acknowledged is gone"
    paper.processes["gate"].terminate()
    paper.processes["gate"].wait(10)
    seal_abandoned(paper.config.log)
    assert open_segments(paper.config.log) == []
    counted = [event for file in sealed_segments(paper.config.log) for event in read_segment(file)]
    new = sum(bool(event.flags & Flag.NEW) for event in counted)
    assert new >= sum(map(len, told.values())), "an acknowledged view is missing from the log"


def _opens(reader: Client, article: int) -> bool:
    try:
        return WITHHELD in reader.get(f"/news/{article}/").text
    except (OSError, HTTPException):
        return False  # killed before it answered: nothing was acknowledged


def test_the_gate_ends_in_order_and_seals_its_log(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    reader = paper.reader()
    for article in (1, 2, 3, 1):
        reader.get(f"/news/{article}/")
    reader.get("/news/1/", {"If-None-Match": "*"})
    reader.head("/news/1/")
    reader.get("/news/1/", {"Sec-Purpose": "prefetch"})
    reader.get("/")
    paper.stop()
    (segment,) = sealed_segments(paper.config.log)
    events = list(read_segment(segment))
    assert [(event.article, event.count, event.flags) for event in events] == [
        (1, 1, Flag.NEW | Flag.FIRST),
        (2, 2, Flag.NEW),
        (3, 3, Flag.NEW | Flag.NOTICE),
        (1, 3, Flag.AGAIN | Flag.NOTICE),
        (1, 3, Flag.AGAIN | Flag.NOTICE | Flag.REVALIDATED),
    ]
    assert len({event.reader for event in events}) == 1


def test_a_full_disk_turns_no_reader_away_and_leaves_no_old_page(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    reader = paper.reader()
    for article in (1, 2, 3):
        reader.get(f"/news/{article}/")
    (paper.data / "edition").write_text("while-full")
    processes = [*paper.workers("gate"), *paper.workers("site")]
    for process in processes:  # every write to a file fails from now on, as if there were no room
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    for article in (1, 2, 3, 4, 5):
        answer = reader.get(f"/news/{article}/")
        assert (answer.status, WITHHELD in answer.text) == (200, True)
    paper.act("purge/?tag=page:/news/1/")
    assert "Edition: while-full." in paper.reader().get("/news/1/").text
    assert paper.reader().get("/").status == 200
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert "have read 4 articles" in reader.get("/news/4/").text
    assert "have read 5 articles" in reader.get("/news/5/").text
    assert paper.workers("gate") + paper.workers("site") == processes, "nobody died of it"
