"""The ladder, walked in a browser: nothing, the notice, the wall, the code, and the same article open."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from broadsheet import clock
from tests.e2e.conftest import Story, Window, code_for, mails_to, new_address, registered, sign_in, stories_of
from tests.server import Server

Windows = Callable[..., Window]

NOTICE = "You have read {} articles this month. Register to receive full access to The Broadsheet"
HEADING = "Thank you. You are a loyal Broadsheet Reader."
WALL = "You have read more than 10 articles this month. Please register for full access to continue reading."


def notice_of(window: Window) -> str:
    """The words of the notice; "" without one."""
    found = window.page.locator(".notice__inner")
    return re.sub(r"\s+", " ", found.inner_text()).strip() if found.count() else ""


def wall_of(window: Window) -> str:
    found = window.page.locator(".wall")
    return re.sub(r"\s+", " ", found.inner_text()).strip() if found.count() else ""


def last_words(story: Story) -> str:
    """The last paragraph of the story, without its markup: whoever sees it has the whole."""
    (*_, last) = (str(block["value"]) for block in story.body if block["type"] == "paragraph")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", last)).replace("&amp;", "&").replace("&quot;", '"').strip()


def plain(stories: list[Story], first: int, number: int = 12) -> list[Story]:
    """Stories whose last words stand in the page as they stand in the database."""
    found = [story for story in stories[first:] if "&" not in last_words(story)]
    return found[:number]


@pytest.mark.timeout(400)  # the edition is loaded twice
def test_a_reader_climbs_the_ladder_and_registers_where_they_stand(either_edition: Server, windows: Windows) -> None:
    edition = either_edition
    window = windows(edition)
    read = plain(stories_of(edition), 0)
    for number, story in enumerate(read[:10], 1):
        window.open(story.path)
        expect(window.page.locator("h1")).to_have_text(story.headline)
        assert last_words(story) in window.said
        assert notice_of(window) == (NOTICE.format(number) if number >= 3 else "")
    window.open(read[0].path)
    assert last_words(read[0]) in window.said, "what was read stays open"
    assert notice_of(window) == NOTICE.format(10), "and costs nothing"

    walled = read[10]
    window.open(walled.path)
    assert wall_of(window).startswith(f"{HEADING} {WALL} E-mail address Send me a code Registered already? Log in")
    assert "comments" not in wall_of(window), "comments are not on"
    assert last_words(walled) not in window.page.content()
    assert window.page.locator("h1").inner_text() == walled.headline
    assert not notice_of(window)

    address = new_address()
    window.page.fill(".wall input[name=email]", address)
    window.page.click(".wall button")
    window.page.wait_for_selector(".wall input[name=code]")
    assert window.page.url.endswith(walled.path), "the reader has not left the article"
    window.page.fill(".wall input[name=code]", code_for(edition, address))
    window.page.click(".wall button:has-text('Continue')")
    window.page.wait_for_selector(".wall", state="detached")
    assert window.page.url.endswith(walled.path)
    assert last_words(walled) in window.said

    for story in [read[11], read[10], read[0]]:
        window.open(story.path)
        assert last_words(story) in window.said
        assert (notice_of(window), wall_of(window)) == ("", "")


@pytest.mark.parametrize("known", [False, True], ids=["new address", "address with an account"])
def test_the_same_without_script(edition: Server, stories: list[Story], windows: Windows, known: bool) -> None:
    address = new_address()
    if known:
        sign_in(edition, edition.client(), address)
    window = windows(edition, java_script_enabled=False)
    read = plain(stories, 40)
    for number, story in enumerate(read[:10], 1):
        window.open(story.path)
        assert last_words(story) in window.said
        assert notice_of(window) == (NOTICE.format(number) if number >= 3 else "")
    walled = read[10]
    window.open(walled.path)
    assert wall_of(window).startswith(f"{HEADING} {WALL}")
    before = len(mails_to(edition, address))
    window.page.fill(".wall input[name=email]", address)
    window.page.click(".wall button")
    assert window.page.url.endswith("/login/code/")
    assert f"We sent a code to {address}. It works once, for ten minutes, in this browser." in window.said
    (mail,) = mails_to(edition, address)[before:]
    assert mail["Subject"] == mails_to(edition, address)[0]["Subject"], (
        "the same mail for a known address as for a new one"
    )
    window.page.fill("input[name=code]", code_for(edition, address))
    window.page.click("button:has-text('Continue')")
    assert window.page.url.endswith(walled.path), "back in the same article"
    assert last_words(walled) in window.said
    window.open(read[11].path)
    assert last_words(read[11]) in window.said
    assert (notice_of(window), wall_of(window)) == ("", "")


def test_the_wall_s_own_way_to_log_in_comes_back_too(edition: Server, stories: list[Story], windows: Windows) -> None:
    address = new_address()
    sign_in(edition, edition.client(), address)
    window = windows(edition)
    read = plain(stories, 80)
    for story in read[:11]:
        window.open(story.path)
    window.page.click(".wall >> text=Log in")
    window.page.fill("input[name=email]", address)
    window.page.click("main form button")
    window.page.fill("input[name=code]", code_for(edition, address))
    window.page.click("button:has-text('Continue')")
    window.page.wait_for_url(f"**{read[10].path}")
    assert last_words(read[10]) in window.said


def test_the_account_says_what_counted_and_signing_out_leaves_the_browser_its_count(
    edition: Server, stories: list[Story], windows: Windows
) -> None:
    window = windows(edition)
    read = plain(stories, 120)
    for story in read[:4]:
        window.open(story.path)
    window.open("/account/reads/")
    begins_again = (clock.now().replace(day=1) + timedelta(days=32)).replace(day=1)
    assert "4 of 10 articles" in window.said
    assert f"The count begins again on {begins_again.day} {begins_again:%B %Y}." in window.said
    assert window.page.locator("ol.ledger h2").all_inner_texts() == [story.headline for story in reversed(read[:4])]

    window.page.click("main a:text-is('Register')")
    address = new_address()
    window.page.fill("main input[name=email]", address)
    window.page.click("main form:has(input[name=email]) button")
    window.page.fill("input[name=code]", code_for(edition, address))
    window.page.click("button:has-text('Continue')")
    window.page.wait_for_url("**/account/reads/")
    assert "4 articles counted since" in window.said
    assert "Everything is open to you, and nothing is counted any more." in window.said
    window.open(read[4].path)
    assert notice_of(window) == ""

    window.open("/logout/")
    window.page.click("main button:has-text('Log out')")
    window.page.wait_for_url(f"{edition.url}/")
    window.open(read[0].path)
    assert notice_of(window) == NOTICE.format(4), "the browser's own count is as it was"
    window.open(read[5].path)
    assert notice_of(window) == NOTICE.format(5), "what was read signed in has not counted"


def test_a_registered_reader_reads_on_past_any_number(edition: Server, stories: list[Story]) -> None:
    reader = registered(edition)
    for story in stories[150:165]:
        answer = reader.get(story.path)
        assert 'class="wall"' not in answer.text
        assert 'class="notice"' not in answer.text
