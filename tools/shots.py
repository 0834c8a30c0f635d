"""Pictures of every page and state, on a phone and a desk, light and dark: what a designer looks at after a change.

The server must be running, with stories in it. A reader's states are reached by reading.
Codes are read from the outbox of the server's data folder, so accounts are shown only where that folder is at hand.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

OUT = Path("shots")
SCREENS = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES = ("light", "dark")
MOST_READS = 40  # articles opened in search of the wall; an allowance beyond this is not walked


@dataclass
class Camera:
    """One reader's browser window, and where its pictures go."""

    page: Page
    base: str
    suffix: str
    taken: int = 0

    def visit(self, path: str) -> None:
        self.page.goto(urljoin(self.base, path), wait_until="load")

    def shoot(self, name: str, path: str | None = None) -> None:
        """The whole page as it stands, or the page at `path`."""
        if path is not None:
            self.visit(path)
        self._load_every_picture()
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > window:
            print(f"  {name} ({self.suffix}) is {wide} px wide in a window of {window} px")
        self.page.screenshot(path=OUT / f"{name}-{self.suffix}.png", full_page=True)
        self.taken += 1

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


def main() -> int:
    asked = _arguments()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    outbox = asked.data / "outbox"
    taken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        for screen, scheme in ((screen, scheme) for screen in SCREENS for scheme in SCHEMES):
            taken += _walk(browser, asked.address, screen, scheme, outbox if outbox.is_dir() else None)
        taken += _printed(browser, asked.address)
        browser.close()
    print(f"{taken} pictures in {OUT}/")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/shots", description=__doc__)
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8000", help="where the server listens")
    parser.add_argument("--data", type=Path, default=Path("data"), help="its data folder, for the outbox")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    return parser.parse_args()


def _walk(browser: Browser, base: str, screen: str, scheme: str, outbox: Path | None) -> int:
    print(f"{screen}, {scheme}")
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    camera = Camera(context.new_page(), base, f"{screen}-{scheme}")
    stories = _lists(camera)
    _errors(camera)
    walled = _ladder(camera, stories)
    if outbox is not None:
        _account(camera, context, outbox, walled or stories[0], f"{screen}.{scheme}")
    context.close()
    return camera.taken


def _lists(camera: Camera) -> list[str]:
    """Front, sections, topic, person, search; answers the addresses of stories seen, the front's first."""
    camera.shoot("front", "/")
    stories = camera.addresses(".story :is(h2, h3) a")
    sections = camera.addresses(".sections a")
    for index, section in enumerate(sections):
        camera.visit(section)
        if index < 2:
            camera.shoot(f"section-{index + 1}")
        stories += camera.addresses(".story :is(h2, h3) a, .ledger :is(h2, h3) a")
    if sections:
        camera.shoot("section-page-2", f"{sections[0]}page/2/")
    camera.shoot("search", "/search/")
    camera.shoot("search-found", "/search/?q=the")
    camera.shoot("search-nothing", "/search/?q=qwertzuiop")
    camera.shoot("search-too-short", "/search/?q=q")
    return list(dict.fromkeys(stories))


def _errors(camera: Camera) -> None:
    camera.shoot("not-found", "/nothing/is/here/")
    for name in ("login", "register"):
        camera.shoot(name, f"/{name}/")


def _ladder(camera: Camera, stories: list[str]) -> str:
    """Articles with and without picture, the notice, the wall; answers the address the wall was met at."""
    wanted = {
        "article-pictured": ".article:not(.article--plain)",
        "article-plain": ".article--plain",
        "article-notice": ".notice",
        "wall": ".wall",
    }
    topics = people = None
    for story in stories[:MOST_READS]:
        camera.visit(story)
        for name in [name for name, selector in wanted.items() if camera.page.query_selector(selector)]:
            if name.startswith("article-p") and camera.page.query_selector(".notice, .wall"):
                continue
            camera.shoot(name)
            del wanted[name]
        topics = topics or next(iter(camera.addresses(".topics a")), None)
        people = people or next(iter(camera.addresses(".byline a")), None)
        if "wall" not in wanted:
            break
    for name in wanted:
        print(f"  no {name} among {min(len(stories), MOST_READS)} stories")
    for name, path in (("topic", topics), ("person", people)):
        if path:
            camera.shoot(name, path)
    return story if "wall" not in wanted else ""


def _account(camera: Camera, context: BrowserContext, outbox: Path, story: str, name: str) -> None:
    """Registering from the wall (or the page of that name), and every account page that the account links."""
    address = f"shots.{name}.{int(time.time())}@example.org"
    camera.visit(story)
    if not camera.page.query_selector(".wall form"):
        camera.visit("/register/")
    camera.page.fill("main form [name=email]", address)
    camera.page.press("main form [name=email]", "Enter")
    camera.page.wait_for_selector("main form [name=code]")
    camera.shoot("code")
    camera.page.fill("main form [name=code]", "000000")
    camera.page.press("main form [name=code]", "Enter")
    camera.page.wait_for_selector("main .error")
    camera.shoot("code-wrong")
    camera.page.fill("main form [name=code]", _code(outbox, address))
    camera.page.press("main form [name=code]", "Enter")
    camera.page.wait_for_selector("main form [name=code]", state="detached")
    camera.page.wait_for_load_state("load")
    camera.shoot("registered")
    camera.shoot("account", "/account/")
    for path in [path for path in camera.addresses("main a") if path.startswith("/account/") and path != "/account/"]:
        if "download" not in path and "data" not in path.rsplit("/", 2):
            camera.visit(path)
            camera.shoot("account-" + path.strip("/").removeprefix("account/").replace("/", "-"))


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


def _printed(browser: Browser, base: str) -> int:
    """The lead story as it comes out of a printer."""
    page = browser.new_page()
    camera = Camera(page, base, "paper")
    camera.visit("/")
    for story in camera.addresses(".story--lead h2 a"):
        camera.visit(story)
        page.pdf(path=OUT / "article-printed.pdf", format="A4")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
