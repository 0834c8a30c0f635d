"""A small newspaper that plays the site for the gate, by the contract between them, over the same socket and stores.

    /                   a listing                     /news/<n>/            article n
    /news/slow-<n>/     the same, slow to render      /news/free-<n>/       always free
    /feed/              an ordinary answer            /gone/                a page that is withdrawn
    /admin/…            acts and questions of the tests

What the pages say of the day is read from the file `edition` in the data folder.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from broadsheet.config import config
from broadsheet.core.meter import Article, Ladder, Policy, ReaderClass, Window, WindowKind
from broadsheet.gate.cookie import open_cookies
from broadsheet.gate.ledger import open_ledger, reader_key
from broadsheet.gate.pages import Description, Kind, VerdictClass, open_pages
from broadsheet.gate.passes import pass_id, pass_text
from broadsheet.gate.policy import PolicySnapshot

OPENING = "The opening that everybody may read."
WITHHELD = "The rest, which is withheld from those who have read enough, and is quite long so that it shows."
NOTICE = '<aside class="notice">You have read {count} articles this month.</aside>'
END = "</body></html>"

Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict, start: Start) -> Iterable[bytes]:
    path = environ["PATH_INFO"].encode("latin-1").decode()
    asked = environ.get("HTTP_X_BROADSHEET_PAGE")
    if path.startswith("/admin/"):
        return act(path, environ, start)
    page = page_at(path)
    if page is None:
        return ordinary(path, environ, start)
    if asked == "describe":
        return describe(path, page, start)
    assert asked is not None, "the gate asks for pages by their class"
    return render(path, page, VerdictClass(asked), start)


def edition() -> str:
    file = config().data / "edition"
    return file.read_text() if file.exists() else "first"


def page_at(path: str) -> Description | None:
    if path == "/":
        headers = (("content-type", "text/html; charset=utf-8"), ("cache-control", "public, max-age=60"))
        return Description(Kind("front", headers, release="1"))
    if path == "/gone/":
        return Description(Kind("tombstone", status=410))
    found = re.fullmatch(r"/news/(slow-|free-|members-)?(\d+)/", path)
    if found is None:
        return None
    kind, number = found[1], int(found[2])
    article = Article(
        number,
        section=1,
        words=500,
        published=datetime(2019, 1, 1, tzinfo=UTC),
        always_free=kind == "free-",
        members_only=kind == "members-",
    )
    return Description(Kind("article", release="1"), article)


def describe(path: str, page: Description, start: Start) -> Iterable[bytes]:
    store = open_pages()
    kept = store.put_description(path, page, tags=[f"page:{path}"], rendered_at=store.generation())
    start("200 OK", [("X-Broadsheet-Described", "1"), ("Content-Type", "application/json")])
    return [b"" if kept else page.packed()]


def render(path: str, page: Description, verdict: VerdictClass, start: Start) -> Iterable[bytes]:
    store = open_pages()
    generation = store.generation()
    said = edition()
    if "slow" in path:
        time.sleep(0.4)
    with suppress(OSError), (config().data / "renders").open("a") as counted:
        counted.write(f"{path} {verdict}\n")
    text = f"<html><body><h1>{path}</h1><p>Edition: {said}. Class {verdict}.</p><p>{OPENING}</p>"
    if verdict.is_open:
        text += f"<p>{WITHHELD}</p>"
    else:
        text += "<p>The wall.</p>"
    tags = [f"page:{path}", "settings"]
    kept = store.put_page(path, verdict, text.encode(), tags=tags, rendered_at=generation, release="1")
    headers = [("Content-Type", "text/html; charset=utf-8"), ("X-Broadsheet-Stored", "1" if kept else "0")]
    start("200 OK", headers)
    return [b"" if kept else (text + END).encode()]


def ordinary(path: str, environ: dict, start: Start) -> Iterable[bytes]:
    if path == "/feed/":
        start("200 OK", [("Content-Type", "application/rss+xml"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [f"<rss>{environ.get('QUERY_STRING')}</rss>".encode()]
    if path == "/moved/":
        start("301 Moved Permanently", [("Location", "/news/1/")])
        return [b""]
    start("404 Not Found", [("Content-Type", "text/html")])
    return [b"<html>No such page.</html>"]


def act(path: str, environ: dict, start: Start) -> Iterable[bytes]:
    query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/admin/purge/":
        open_pages().purge([query["tag"]])
    elif path == "/admin/edition/":  # a publish: change, then purge, before the answer
        (config().data / "edition").write_text(query["is"])
        open_pages().purge([query["tag"]])
    elif path == "/admin/policy/":
        publish(query)
    elif path == "/admin/pass/":
        expires = datetime.fromtimestamp(time.time() + 3600, UTC)
        id_ = open_ledger().give_pass(ReaderClass(query["class"]), int(query["account"]), expires)
        name = query.get("cookie", "pass")
        start("200 OK", [("Set-Cookie", f"{name}={pass_text(id_)}; Path=/")])
        return [b""]
    elif path == "/admin/end-pass/":
        id_ = pass_id(query["text"])
        assert id_ is not None
        open_ledger().drop_pass(id_)
    elif path == "/admin/signout/":
        open_ledger().drop_passes_of(int(query["account"]))
    elif path == "/admin/reads/":
        cookie = open_cookies().find(environ.get("HTTP_COOKIE", ""))
        reads = open_ledger().reads(reader_key(cookie.id)) if cookie else []
        return said(start, [read.article for read in reads])
    elif path == "/admin/echo/":
        headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name[:5] == "HTTP_"}
        length = len(body)
        return said(start, {"headers": headers, "length": length, "method": environ["REQUEST_METHOD"], "query": query})
    elif path == "/admin/long/":
        start("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 1000 for _ in range(2000))
    elif path == "/admin/die/":
        os.kill(os.getpid(), 9)
    elif path == "/admin/sleep/":
        time.sleep(float(query["s"]))
    return said(start, "done")


def said(start: Start, what: object) -> Iterable[bytes]:
    body = json.dumps(what).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def publish(query: dict[str, str]) -> None:
    allowance, notice = int(query.get("allowance", 10)), int(query.get("notice", 3))
    ladders = {ReaderClass.ANONYMOUS: Ladder(allowance, notice or None)}
    if "supporters" in query:
        # No more is open to registered readers than to supporters.
        ladders |= dict.fromkeys((ReaderClass.REGISTERED, ReaderClass.SUPPORTER), Ladder(int(query["supporters"]), 1))
    kind = WindowKind(query.get("window", "month"))
    policy = Policy(
        ladders=ladders,
        window=Window(kind, int(query.get("days", 30)) if kind is WindowKind.ROLLING else 0),
        strangers_a_day=int(query.get("strangers", 100_000)),
    )
    open_ledger().publish_policy(PolicySnapshot(policy, NOTICE, "The Paper"))


def first_policy() -> None:
    if open_ledger().policy() is None:
        publish({})


if "BROADSHEET_DATA" in os.environ and Path(config().data).exists():
    first_policy()
