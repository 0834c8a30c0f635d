"""A publisher who counts registered readers too: their own ladder, their own wall, and a browser's count beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from broadsheet import clock
from tests.e2e.conftest import Window, code_for, copy_of, hired, new_address, sign_in_at_the_desk, stories_of
from tests.server import Server

Windows = Callable[..., Window]


@pytest.fixture
def publication(edition: Server, tmp_path: Path) -> Iterator[Server]:
    server = copy_of(edition, tmp_path / "data").start()
    yield server
    server.stop()


def let_read(window: Window, strangers: int, registered: int) -> None:
    """As the publisher does it; everybody is told their count from the first article on."""
    page = window.page
    page.goto("/admin/settings/meter/metersettings/")
    for reader, allowance in {"anonymous": strangers, "registered": registered}.items():
        page.fill(f"#id_{reader}_allowance", str(allowance))
        page.fill(f"#id_{reader}_notice_from", "1")
    with page.expect_navigation():
        page.click("footer button")
    assert "In force now" in window.said


def words_of(window: Window, name: str) -> str:
    found = window.page.locator(name)
    return re.sub(r"\s+", " ", found.inner_text()).strip() if found.count() else ""


def test_a_registered_reader_has_an_allowance_and_the_browser_keeps_its_own(
    publication: Server, windows: Windows
) -> None:
    desk = windows(publication)
    sign_in_at_the_desk(desk, hired(publication))
    let_read(desk, strangers=2, registered=3)
    stories = stories_of(publication)[:6]

    window = windows(publication)
    page = window.page
    window.open(stories[0].path)
    assert words_of(window, ".notice__inner").startswith("You have read 1 article this month. Register")
    register(publication, window)

    for number, story in enumerate(stories[1:3], 2):
        window.open(story.path)
        expect(page.locator("h1")).to_have_text(story.headline)
        assert words_of(window, ".wall") == ""
        told = words_of(window, ".notice__inner")
        assert told.startswith(f"You have read {number} articles this month."), "what the browser had read counts along"
        assert "Register" not in told

    window.open(stories[3].path)
    assert "You have read as many articles as your account opens this month." in words_of(window, ".wall")
    expect(page.locator("main input[type=email]")).to_have_count(0)
    expect(page.get_by_text("Register")).to_have_count(0)
    window.open(stories[0].path)
    assert words_of(window, ".wall") == "", "what was read stays open"

    window.open(stories[3].path)
    page.click(".wall >> text=Your account")
    page.click("nav >> text=Articles that counted")
    begins_again = (clock.now().replace(day=1) + timedelta(days=32)).replace(day=1)
    assert "3 of 3 articles" in window.said
    assert f"The count begins again on {begins_again.day} {begins_again:%B %Y}." in window.said
    assert page.locator("ol.ledger h2").all_inner_texts() == [story.headline for story in reversed(stories[:3])]

    window.open("/logout/")
    page.click("main button:has-text('Log out')")
    page.wait_for_url(f"{publication.url}/")
    window.open(stories[0].path)
    assert words_of(window, ".notice__inner").startswith("You have read 1 article this month."), (
        "the browser's own count"
    )
    window.open(stories[4].path)
    assert words_of(window, ".notice__inner").startswith("You have read 2 articles this month. Register")
    window.open(stories[1].path)
    assert "You have read more than 2 articles this month." in words_of(window, ".wall")
    expect(page.locator(".wall input[type=email]")).to_be_visible()


def register(server: Server, window: Window) -> None:
    address = new_address()
    window.open("/register/")
    window.page.fill("main input[name=email]", address)
    window.page.click("main form:has(input[name=email]) button")
    window.page.fill("input[name=code]", code_for(server, address))
    window.page.click("button:has-text('Continue')")
    expect(window.page.locator("input[name=code]")).to_have_count(0)
