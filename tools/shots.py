"""Pictures of every page and state, on a phone and a desk, light and dark, left to right and right to left.

What a designer looks at after a change. The server must be running, with stories in it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.staged import staged
from tools.walk import Walk, everywhere

OUT = Path("shots")
SCREENS = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES = ("light", "dark")
DIRECTIONS = ("ltr", "rtl")


def main() -> int:
    asked = _arguments()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    data = asked.data if (asked.data / "outbox").is_dir() else None
    pages = staged(data.resolve(), asked.address) if data else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        for screen, scheme, direction in product(SCREENS, SCHEMES, DIRECTIONS):
            _walk(browser, asked.address, screen, scheme, direction, data, pages)
        _printed(browser, asked.address)
        _enlarged(browser, asked.address)
        browser.close()
    print(f"{len(list(OUT.iterdir()))} pictures in {OUT}/")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/shots", description=__doc__)
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8000", help="where the server listens")
    parser.add_argument("--data", type=Path, default=Path("data"), help="its data folder, for the outbox")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    return parser.parse_args()


def _walk(
    browser: Browser,
    base: str,
    screen: str,
    scheme: str,
    direction: str,
    data: Path | None,
    pages: Mapping[str, str],
) -> None:
    print(f"{screen}, {scheme}, {direction}")
    width, height = SCREENS[screen]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    if direction == "rtl":  # the layout mirrored; the text stays what it is
        context.add_init_script(
            "addEventListener('DOMContentLoaded', () => document.documentElement.setAttribute('dir', 'rtl'))"
        )
    suffix = f"{screen}-{scheme}-{direction}"
    walk = Walk(context.new_page(), base, lambda page, name: _shoot(page, name, suffix))
    everywhere(walk, context, data, f"shots.{suffix}", pages)
    context.close()


def _shoot(page: Page, name: str, suffix: str) -> None:
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide > window:
        print(f"  {name} ({suffix}) is {wide} px wide in a window of {window} px")
    page.screenshot(path=OUT / f"{name}-{suffix}.png", full_page=True)


def _printed(browser: Browser, base: str) -> None:
    """The lead story as it comes out of a printer."""
    page = browser.new_page()
    walk = Walk(page, base, lambda page, name: None)
    walk.visit("/")
    for story in walk.addresses(".story--lead h2 a"):
        walk.visit(story)
        page.pdf(path=OUT / "article-printed.pdf", format="A4")


def _enlarged(browser: Browser, base: str) -> None:
    """Front and lead story with text at 200 %, on a desk's screen (WCAG 2.2, 1.4.4)."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('font-size', '200%'))"
    )
    walk = Walk(page, base, lambda page, name: _shoot(page, name, "enlarged"))
    walk.at("front", "/")
    for story in walk.addresses(".story--lead h2 a"):
        walk.at("article", story)


if __name__ == "__main__":
    sys.exit(main())
