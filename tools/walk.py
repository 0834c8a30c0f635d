"""A reader's walk through every page and state of a running publication, for whoever wants to look at each.

A reader's states are reached by reading. Codes are read from the outbox of the server's data folder, so accounts are shown only
where that folder is at hand; so are the pages a server cannot be led to (`tools/staged.py`).
"""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext, Page, Route

MOST_READS = 40  # articles opened in search of the wall; an allowance beyond this is not walked


@dataclass
class Walk:
    """One reader in one browser window. `look` is called at each page and state, with its name."""

    page: Page
    base: str
    look: Callable[[Page, str], None]

    def visit(self, path: str) -> None:
        self.page.goto(urljoin(self.base, path), wait_until="load")

    def at(self, name: str, path: str | None = None) -> None:
        """Look at the page as it stands, or at the page at `path`."""
        if path is not None:
            self.visit(path)
        self._load_every_picture()
        self.look(self.page, name)

    def addresses(self, selector: str) -> list[str]:
        found = self.page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
        return list(dict.fromkeys(urlsplit(address).path for address in found))

    def _load_every_picture(self) -> None:
        self.page.evaluate(
            """async () => {
              await document.fonts.ready;
              const pictures = [...document.images];
              for (const picture of pictures) picture.loading = "eager";
              await Promise.all(pictures.map(picture => picture.decode().catch(() => {})));
            }"""
        )


def everywhere(walk: Walk, context: BrowserContext, data: Path | None, reader: str, staged: Mapping[str, str]) -> str:
    """Every page and state; answers the address of the story at which the wall was met, or "". `reader` names an account."""
    stories = _lists(walk)
    _errors(walk)
    walled = _ladder(walk, stories)
    if data is not None:
        _account(walk, data / "outbox", walled or stories[0], reader)
    for name, html in staged.items():
        address = urljoin(walk.base, f"/staged/{name}/")
        context.route(address, _answers(html))
        walk.at(f"staged-{name}", address)
    return walled


def _answers(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")


def _lists(walk: Walk) -> list[str]:
    """Front, sections, search; answers the addresses of stories seen, the front's first."""
    walk.at("front", "/")
    stories = walk.addresses(".story :is(h2, h3) a")
    sections = walk.addresses(".sections a")
    for index, section in enumerate(sections):
        walk.visit(section)
        if index < 2:
            walk.at(f"section-{index + 1}")
        stories += walk.addresses(".story :is(h2, h3) a, .ledger :is(h2, h3) a")
    if sections:
        walk.at("section-page-2", f"{sections[0]}page/2/")
    walk.at("search", "/search/")
    walk.at("search-found", "/search/?q=the")
    walk.at("search-nothing", "/search/?q=qwertzuiop")
    walk.at("search-too-short", "/search/?q=q")
    return list(dict.fromkeys(stories))


def _errors(walk: Walk) -> None:
    walk.at("not-found", "/nothing/is/here/")
    for name in ("login", "register"):
        walk.at(name, f"/{name}/")


def _ladder(walk: Walk, stories: list[str]) -> str:
    """Articles with and without picture, the notice, the wall; answers the address the wall was met at."""
    wanted = {
        "article-pictured": ".article:not(.article--plain)",
        "article-plain": ".article--plain",
        "article-notice": ".notice",
        "wall": ".wall",
    }
    topics = people = None
    for story in stories[:MOST_READS]:
        walk.visit(story)
        for name in [name for name, selector in wanted.items() if walk.page.query_selector(selector)]:
            if name.startswith("article-p") and walk.page.query_selector(".notice, .wall"):
                continue
            walk.at(name)
            del wanted[name]
        topics = topics or next(iter(walk.addresses(".topics a")), None)
        people = people or next(iter(walk.addresses(".byline a")), None)
        if "wall" not in wanted:
            break
    for name in wanted:
        print(f"  no {name} among {min(len(stories), MOST_READS)} stories")
    for name, path in (("topic", topics), ("person", people)):
        if path:
            walk.at(name, path)
    return story if "wall" not in wanted else ""


def _account(walk: Walk, outbox: Path, story: str, reader: str) -> None:
    """Registering from the wall (or the page of that name), and every account page that the account links."""
    page = walk.page
    address = f"{reader}.{int(time.time())}@example.org"
    walk.visit(story)
    if not page.query_selector(".wall form"):
        walk.visit("/register/")
    page.fill("main form [name=email]", address)
    page.press("main form [name=email]", "Enter")
    page.wait_for_selector("main form [name=code]")
    walk.at("code")
    page.fill("main form [name=code]", "000000")
    page.press("main form [name=code]", "Enter")
    page.wait_for_selector("main .error")
    walk.at("code-wrong")
    page.fill("main form [name=code]", _code(outbox, address))
    page.press("main form [name=code]", "Enter")
    page.wait_for_selector("main form [name=code]", state="detached")
    page.wait_for_load_state("load")
    walk.at("registered")
    walk.at("account", "/account/")
    for path in [path for path in walk.addresses("main a") if path.startswith("/account/") and path != "/account/"]:
        if "download" not in path and "data" not in path.rsplit("/", 2):
            walk.visit(path)
            walk.at("account-" + path.strip("/").removeprefix("account/").replace("/", "-"))
    walk.at("not-found-signed-in", "/nothing/is/here/")


def _code(outbox: Path, address: str) -> str:
    for _ in range(50):
        for file in sorted(outbox.glob("*.eml"), reverse=True):
            letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            body = letter.get_body(("plain",))
            if (
                address in str(letter["To"])
                and body
                and (code := re.search(r"^\s*(\d{6})\s*$", body.get_content(), re.MULTILINE))
            ):
                return code.group(1)
        time.sleep(0.1)
    raise SystemExit(f"No code for {address} in {outbox}.")
