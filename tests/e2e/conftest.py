"""A whole publication as readers, editors and installers meet it: real processes, a real browser, real mails."""

from __future__ import annotations

import email.policy
import itertools
import json
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.client import Answer, Client
from tests.server import Server, free_port

_names = itertools.count(1)


def new_address(name: str = "reader") -> str:
    """An address nobody in this run had before."""
    return f"{name}{next(_names)}@example.org"


# ── the stories of the edition


@dataclass(frozen=True)
class Story:
    id: int
    headline: str
    section: str
    slug: str
    standfirst: str
    body: list[dict[str, object]]  # blocks as Wagtail keeps them

    @property
    def path(self) -> str:
        return f"/{self.section}/{self.slug}/"


def stories_of(server: Server) -> list[Story]:
    """Every published story, oldest first: as the database has it, so that no page has to be believed."""
    with closing(_database_of(server)) as database:
        rows = database.execute(
            "SELECT story.id, story.title, section.slug, story.slug, article.standfirst, article.body"
            " FROM newsroom_article article"
            " JOIN wagtailcore_page story ON story.id = article.page_ptr_id"
            " JOIN wagtailcore_page section ON section.id = article.section_id"
            " WHERE story.live AND NOT article.always_free ORDER BY story.id"
        ).fetchall()
    return [Story(*row[:5], json.loads(row[5]) if isinstance(row[5], str) else row[5]) for row in rows]


def _database_of(server: Server) -> sqlite3.Connection | psycopg.Connection:
    url = server.env.get("DATABASE_URL")
    return psycopg.connect(url) if url else sqlite3.connect(server.data / "broadsheet.sqlite3")


# ── mails


def mails_to(server: Server, address: str) -> list[EmailMessage]:
    """What the outbox holds for this address, oldest first."""
    parser = BytesParser(policy=email.policy.default)
    mails = [parser.parsebytes(file.read_bytes()) for file in sorted((server.data / "outbox").glob("*.eml"))]
    return [mail for mail in mails if mail["To"] == address]  # type: ignore[misc]


def code_for(server: Server, address: str) -> str:
    """The six digits of the last mail to this address."""
    part = mails_to(server, address)[-1].get_body(("plain",))
    assert part is not None
    (code,) = re.findall(r"^\d{6}$", part.get_content(), re.MULTILINE)
    return str(code)


def sign_in(server: Server, client: Client, address: str) -> Answer:
    """Register or sign in by code, in a browser without script."""
    asked = client.post("/register/", {"email": address, "next": "/account/"})
    return client.submit(asked.form(having="code"), {"code": code_for(server, address)})


def registered(server: Server) -> Client:
    """A reader with an account: everything is open to them."""
    client = server.client()
    assert sign_in(server, client, new_address()).status == 200
    return client


def read_to_the_limit(server: Server, stories: list[Story], allowance: int = 10) -> Client:
    """A reader without an account, all of whose articles are used up."""
    client = server.client()
    for story in stories[:allowance]:
        assert is_open(client.get(story.path)), story.path
    assert is_walled(client.get(stories[allowance].path))
    return client


def is_walled(answer: Answer) -> bool:
    return answer.status == 200 and 'class="wall"' in answer.text


def is_open(answer: Answer) -> bool:
    return answer.status == 200 and 'class="wall"' not in answer.text


def count_of(client: Client) -> int:
    """How many articles the reader is told have counted."""
    found = re.search(r'<div class="tally"><b>(\d+)</b>', client.get("/account/reads/").text)
    assert found is not None
    return int(found[1])


# ── what somebody at a screen sees


@dataclass
class Window:
    """A browser window with a jar of its own; keeps what a reader should never cause: errors, requests elsewhere."""

    context: BrowserContext
    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    expected: re.Pattern[str] | None = None  # complaints that belong to what is tried

    def open(self, url: str) -> None:
        self.page.goto(url)

    @property
    def said(self) -> str:
        """The words on the page, as they can be read."""
        return re.sub(r"\s+", " ", self.page.locator("body").inner_text()).strip()

    def cookies(self) -> dict[str, str]:
        return {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}

    def unexpected(self) -> list[str]:
        return [one for one in self.complaints if not (self.expected and self.expected.search(one))]


@pytest.fixture
def windows(browser: Browser) -> Iterator[Callable[..., Window]]:
    """Opens windows on a server. In the end: no console error, no violated policy, no request to anybody else."""
    opened: list[Window] = []

    def window(server: Server, **options: object) -> Window:
        context = browser.new_context(**{"base_url": server.url, "viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(15_000)
        new = Window(context, context.new_page(), urlsplit(server.url).netloc)
        context.on("console", lambda said: _listen(new, said.type, said.text, said.location))
        context.on("weberror", lambda error: new.complaints.append(f"script: {error.error}"))
        context.on("request", lambda request: _watch(new, request.url))
        opened.append(new)
        return new

    yield window
    for new in opened:
        new.context.close()
    assert [one for new in opened for one in new.unexpected()] == []


def _listen(window: Window, kind: str, text: str, where: Mapping[str, object]) -> None:
    if kind in ("error", "warning"):
        window.complaints.append(f"{kind}: {text} ({where.get('url')})")


def _watch(window: Window, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob", "about") and parts.netloc != window.host:
        window.complaints.append(f"a request to {url}")


# ── servers


def copy_of(server: Server, data: Path, env: Mapping[str, str] | None = None) -> Server:
    """Another publication with the same stories, to be changed and broken: loading them anew takes a minute."""
    data.mkdir(parents=True)
    with (
        closing(sqlite3.connect(server.data / "broadsheet.sqlite3")) as source,
        closing(sqlite3.connect(data / "broadsheet.sqlite3")) as target,
    ):
        source.backup(target)
        # Drawing two hundred pictures takes a worker three minutes, which only the first of them should spend.
        target.execute("DELETE FROM django_tasks_database_dbtaskresult WHERE status IN ('READY', 'RUNNING')")
        target.commit()
    shutil.copy(server.data / "first-start.json", data)
    for folder in ("media", "static"):
        shutil.copytree(server.data / folder, data / folder)
    return Server(data, {"BROADSHEET_DEMO": "1", "BROADSHEET_TESTING": "1", **(env or {})})


@pytest.fixture(scope="session")
def edition(running_server: Server) -> Server:
    """The demo edition as readers find it; nothing of it is changed."""
    return running_server


@pytest.fixture(scope="session")
def edition_on_postgres(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo edition in PostgreSQL, in a database of its own; nothing of it is changed."""
    with psycopg.connect(postgres, autocommit=True) as cluster:
        cluster.execute("CREATE DATABASE edition")
    env = {"DATABASE_URL": f"{postgres.rpartition('/')[0]}/edition", "BROADSHEET_DEMO": "1", "BROADSHEET_TESTING": "1"}
    server = Server(tmp_path_factory.mktemp("edition-on-postgres") / "data", env).start()
    yield server
    server.stop()


@pytest.fixture(params=["edition", "edition_on_postgres"], ids=["on SQLite", "on PostgreSQL"])
def either_edition(request: pytest.FixtureRequest) -> Server:
    """The same edition in each of the databases it may be kept in."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def stories(edition: Server) -> list[Story]:
    found = stories_of(edition)
    assert len(found) > 200
    return found


@pytest.fixture(scope="session")
def mail_port() -> int:
    """Where the newsroom's mail server would be; nobody listens there unless a test does."""
    return free_port()


@pytest.fixture(scope="session")
def newsroom(edition: Server, mail_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A publication of two gate workers, to be changed by editors and publishers, and to be ill-treated."""
    env = {"BROADSHEET_WORKERS": "2", "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}"}
    server = copy_of(edition, tmp_path_factory.mktemp("newsroom") / "data", env)
    server.start()
    yield server
    server.stop()


def hired(server: Server, role: str = "") -> tuple[str, str]:
    """The address and password of somebody new, as an installer is told them; without a role, of one who may do everything."""
    address = new_address(role or "editor")
    said = server.run("create-editor", address, *(["--role", role] if role else [])).stdout
    return address, said.rsplit("password", 1)[1].strip()


@pytest.fixture(scope="session")
def editor(newsroom: Server) -> tuple[str, str]:
    """The address and password of one who may do everything there."""
    return hired(newsroom)


def press(window: Window, words: str) -> None:
    with window.page.expect_navigation():
        window.page.click(f"main button:has-text('{words}')")


def give_password(window: Window, who: tuple[str, str]) -> None:
    """At the door of the newsroom."""
    address, password = who
    window.open("/admin/")
    window.page.click("text=Use a password instead")
    window.page.fill("input[name=email]", address)
    window.page.fill("input[name=password]", password)
    press(window, "Log in")


def sign_in_at_the_desk(window: Window, editor: tuple[str, str]) -> None:
    give_password(window, editor)
    window.page.wait_for_url("**/admin/")


def add_block(page: Page, kind: str) -> None:
    page.locator("button.c-sf-add-button:visible").last.click()
    page.locator(".w-combobox__option:visible", has_text=re.compile(f"^{kind}$")).last.click()
    expect(page.locator(".w-combobox__option:visible")).to_have_count(0)


def publish(page: Page) -> None:
    page.click("footer button:has-text('More actions')")
    with page.expect_navigation():
        page.click("footer button[name=action-publish]")


def until(is_so: Callable[[], object], what: str, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.05)
