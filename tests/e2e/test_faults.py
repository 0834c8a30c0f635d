"""What must hold when processes are killed, stores vanish, a mail server is down or everything happens at once."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import EmailMessage
from email.parser import BytesParser
from http.client import HTTPException
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.client import Answer, Client
from tests.e2e.conftest import (
    Story,
    count_of,
    is_open,
    is_walled,
    new_address,
    read_to_the_limit,
    stories_of,
    until,
)
from tests.server import Server

SOAK = os.environ.get("BROADSHEET_SOAK") == "1"
KILLS = 12 if SOAK else 2
SITE_KILLS = 12 if SOAK else 1
ROUNDS = 100 if SOAK else 8
pytestmark = pytest.mark.timeout(900 if SOAK else 180)
RECOVERED_S = 90  # the supervisor waits longer after each death, and the machine may be busy


@pytest.fixture(scope="module")
def desk(newsroom: Server, editor: tuple[str, str]) -> Client:
    """An editor's browser, signed in."""
    address, password = editor
    client = newsroom.client()
    page = client.get("/login/password/?next=/admin/")
    answer = client.submit(page.form(having="password"), {"email": address, "password": password})
    assert answer.status == 200 and answer.url.endswith("/admin/")
    return client


@pytest.fixture(scope="module")
def limited(newsroom: Server) -> Client:
    """A reader whose articles are used up."""
    return read_to_the_limit(newsroom, stories_of(newsroom))


def processes(server: Server, name: str) -> list[int]:
    """Those of `site` or `gate`, the parent first; of the gate, the workers follow."""
    found = []
    for pid in server.pids():
        try:
            if f"broadsheet-{name}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except FileNotFoundError:
            continue
    return found


def kill_site(server: Server) -> None:
    for pid in processes(server, "site"):
        os.kill(pid, signal.SIGKILL)


def until_ready(server: Server) -> None:
    until(lambda: server.answers("/readyz") == 200, "the site is back", RECOVERED_S)


def looks(server: Server, path: str, number: int = 8) -> list[Answer]:
    """As strangers on connections of their own see it: enough that both gate workers are asked."""
    return [server.client().get(path) for _ in range(number)]


# ── many at once


def test_thirty_tabs_opened_at_once_get_no_more_than_the_allowance(edition: Server, stories: list[Story]) -> None:
    reader = edition.client()
    assert is_open(reader.get(stories[0].path))
    tabs = stories[1:31]
    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(lambda story: Client(edition.url, cookies=dict(reader.cookies)).get(story.path), tabs))
    assert [answer.status for answer in answers] == [200] * 30
    assert sum(map(is_open, answers)) == 9
    assert sum(map(is_walled, answers)) == 21
    assert count_of(reader) == 10
    again = [story for story, answer in zip(tabs, answers, strict=True) if is_open(answer)]
    assert all(is_open(reader.get(story.path)) for story in again), "what was opened stays open"


def test_a_change_while_its_page_is_being_made_never_leaves_the_old_one(
    newsroom: Server, desk: Client, limited: Client
) -> None:
    """Readers ask for the page all the time; whoever asks after the desk was answered has the new state."""
    story = stories_of(newsroom)[40]
    stop = threading.Event()

    def keep_asking() -> int:
        asked = 0
        while not stop.is_set():
            assert limited.get(story.path).status == 200
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as readers:
        asking = [readers.submit(keep_asking) for _ in range(4)]
        try:
            for number in range(ROUNDS):
                time.sleep(random.uniform(0, 0.05))
                assert switch(desk, story, free=number % 2 == 0).status == 200
                states = {is_open(limited.get(story.path)) for _ in range(6)}
                assert states == {number % 2 == 0}, f"round {number}"
        finally:
            stop.set()
        assert sum(one.result() for one in asking) > ROUNDS
    switch(desk, story, free=False)


def switch(desk: Client, story: Story, *, free: bool) -> Answer:
    """Open the story to everyone, or close it again: a small act that publishes, of one form."""
    path = f"/admin/meter/open/{story.id}/"
    token = desk.get(path).form(action=path, having="csrfmiddlewaretoken").fields["csrfmiddlewaretoken"]
    said = {"days": "1"} if free else {"close": "1"}
    return desk.post(path, {"csrfmiddlewaretoken": token, **said}, {"Referer": desk.base_url + path})


def is_free(server: Server, story: Story) -> bool:
    """As the database has it."""
    with closing(sqlite3.connect(server.data / "broadsheet.sqlite3")) as database:
        ((until_,),) = database.execute("SELECT free_until FROM newsroom_article WHERE page_ptr_id = ?", [story.id])
    return until_ is not None


# ── killed


def test_stored_pages_are_served_while_the_site_is_dead_and_the_rest_when_it_is_back(newsroom: Server) -> None:
    stories = stories_of(newsroom)
    kept, other = stories[50], stories[51]
    assert is_open(newsroom.client().get(kept.path))
    newsroom.client().get("/")
    kill_site(newsroom)
    reader = newsroom.client()
    for path in (kept.path, "/", "/healthz"):
        assert reader.get(path).status == 200, path
    for path in (other.path, "/account/", "/search/?q=x"):
        down = reader.get(path)
        assert down.status in (503, 200), path  # it may be back by now
        if down.status == 503:
            assert down.header("Retry-After") and "Please try again shortly" in down.text
    until_ready(newsroom)
    assert is_open(reader.get(other.path))
    assert "The site ended" in newsroom.output


def test_a_site_killed_in_the_middle_of_an_act_leaves_all_of_it_or_nothing(
    newsroom: Server, desk: Client, limited: Client
) -> None:
    """Killed at random moments while the desk changes a story: what the database has is what readers are given."""
    story = stories_of(newsroom)[60]
    for number in range(SITE_KILLS):
        assert is_free(newsroom, story) == is_open(limited.get(story.path))
        wanted = not is_free(newsroom, story)
        with ThreadPoolExecutor(1) as pool:
            answered = pool.submit(lambda wanted=wanted: outcome(lambda: switch(desk, story, free=wanted)))
            time.sleep(random.uniform(0.02, 0.25))
            kill_site(newsroom)
            status = answered.result()
        until_ready(newsroom)
        if status == 200:
            assert is_free(newsroom, story) == wanted, "the desk was told so"
        until(lambda: is_free(newsroom, story) == is_open(limited.get(story.path)), f"page and record agree ({number})")


def outcome(ask: Callable[[], Answer]) -> int | None:
    """The status; None where the connection broke or the form could not be had."""
    try:
        return ask().status
    except (OSError, HTTPException, AssertionError):
        return None


def test_a_crash_between_change_and_purge_does_not_bring_the_old_page_back(newsroom: Server) -> None:
    changed, unpurged = stories_of(newsroom)[70:72]
    for story in (changed, unpurged):
        assert all(story.headline[:20] in answer.text for answer in looks(newsroom, story.path))
    newsroom.kill()
    with closing(sqlite3.connect(newsroom.data / "broadsheet.sqlite3")) as database, database:
        for story in (changed, unpurged):
            database.execute("UPDATE wagtailcore_page SET title = 'Changed before the crash' WHERE id = ?", [story.id])
        # As the crash leaves it: committed with the change, and not carried out.
        database.execute(
            "INSERT INTO newsroom_purge (tags, made_at) VALUES (?, datetime('now'))", [f'["article:{changed.id}"]']
        )
    newsroom.start()
    first = newsroom.client().get(changed.path)
    assert "Changed before the crash" in first.text
    assert all("Changed before the crash" in answer.text for answer in looks(newsroom, changed.path))
    # Stored pages outlive a restart, so that without its purge row the old one would have been there.
    assert "Changed before the crash" not in newsroom.client().get(unpurged.path).text
    with closing(sqlite3.connect(newsroom.data / "broadsheet.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM newsroom_purge").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_no_read_that_was_acknowledged_is_lost_whatever_is_killed(newsroom: Server) -> None:
    """Workers are killed at random moments, in the end everything; what readers were told is kept outside, and compared."""
    stories = stories_of(newsroom)[:30]
    for story in stories:
        newsroom.client().get(story.path)
    told: dict[str, set[str]] = {}
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            reader = newsroom.client(timeout_s=10)
            opened: set[str] = set()
            for story in random.sample(stories, 9):
                if stop.is_set():
                    break
                if outcome(lambda reader=reader, story=story: opens(reader.get(story.path))) == 200:
                    opened.add(story.path)
                    told[reader.cookies["reader"]] = set(opened)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for thread in readers:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(random.uniform(0.3, 1.2))
            os.kill(random.choice(processes(newsroom, "gate")[1:]), signal.SIGKILL)
            until(lambda: len(processes(newsroom, "gate")) >= 3, "the worker starts again", RECOVERED_S)
        until(lambda: sum(map(len, list(told.values()))) > 100, "there is something to lose", RECOVERED_S)
        newsroom.kill()
    finally:
        stop.set()
        for thread in readers:
            thread.join()
    newsroom.start()
    assert sum(map(len, told.values())) >= 10  # there was something to lose, even on a machine that is busy
    # Of a reader, the last answer may have been sent and not yet been written down here: never the other way round.
    for cookie, opened in random.sample(sorted(told.items(), key=lambda pair: -len(pair[1])), min(len(told), 60)):
        listed = newsroom.client(cookies={"reader": cookie}).get("/account/reads/").text
        known = set(re.findall(r'<h2><a href="([^"]+)">', listed))
        assert opened <= known, "a read that was acknowledged is gone"


def opens(answer: Answer) -> Answer:
    assert is_open(answer)
    return answer


# ── taken away


def test_a_page_store_deleted_under_a_running_server_is_made_anew(
    newsroom: Server, desk: Client, limited: Client
) -> None:
    stories = stories_of(newsroom)
    reader = newsroom.client()
    for story in stories[80:83]:
        assert is_open(reader.get(story.path))
    shutil.rmtree(newsroom.data / "pages")
    for story in stories[80:84]:
        assert is_open(reader.get(story.path)), "also what was never stored"
    assert count_of(reader) == 4, "the ledger is another store"
    time.sleep(1.2)  # a store that vanished without a word is noticed within a second
    assert all(is_walled(limited.get(stories[84].path)) for _ in range(6))
    assert switch(desk, stories[84], free=True).status == 200
    assert all(is_open(limited.get(stories[84].path)) for _ in range(6)), "changes reach readers as before"


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(BytesParser(_class=EmailMessage).parsebytes(envelope.content))
        return "250 OK"


def test_when_the_mail_server_is_down_the_reader_is_told_and_can_try_again(
    newsroom: Server, limited: Client, mail_port: int
) -> None:
    story = stories_of(newsroom)[90]
    wall = limited.get(story.path)
    address = new_address()
    told = limited.submit(wall.form(action="/register/", having="email"), {"email": address})
    assert told.status == 200
    assert "The mail could not be sent just now. Nothing is lost: please try again in a minute." in told.text
    form = told.form(action="/register/", having="email")
    assert (form.fields["email"], form.fields["next"]) == (address, story.path), "nothing has to be typed again"
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mail_port)
    controller.start()
    try:
        code_page = limited.submit(form, {})
        assert f'We sent a code to <b dir="ltr">{address}</b>' in code_page.text
        (mail,) = mailbox.mails
        (text, _html) = (part.get_payload() for part in mail.walk() if not part.is_multipart())
        (code,) = re.findall(r"^\d{6}$", str(text).replace("\r", ""), re.MULTILINE)
        back = limited.submit(code_page.form(having="code"), {"code": code})
    finally:
        controller.stop()
    assert back.url.endswith(story.path)
    assert is_open(back)
