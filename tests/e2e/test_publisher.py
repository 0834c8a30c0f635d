"""A publisher sets the meter in the admin, sees what it does, and has it in force for every reader at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.client import Client
from tests.e2e.conftest import Window, count_of, is_open, is_walled, sign_in_at_the_desk, stories_of
from tests.server import Server

Windows = Callable[..., Window]

WITHIN_S = 1.0
NOTICE = "You have read {} articles this month. Register to receive full access to The Broadsheet"
# The frames of the preview show pages without letting their scripts run.
STILL_FRAMES = re.compile(r"^error: Blocked script execution in '\S+/admin/meter/preview/page/")


@pytest.fixture
def desk(newsroom: Server, editor: tuple[str, str], windows: Windows) -> Iterator[Window]:
    window = windows(newsroom)
    window.expected = STILL_FRAMES
    sign_in_at_the_desk(window, editor)
    yield window
    open_meter(window.page)
    set_strangers(window.page, "10", "3")


def open_meter(page: Page) -> None:
    page.goto("/admin/settings/meter/metersettings/")


def set_strangers(page: Page, allowance: str, notice_from: str, **words: str) -> float:
    """Save it; when the server was asked to (seconds, monotonic)."""
    page.fill("#id_anonymous_allowance", allowance)
    page.fill("#id_anonymous_notice_from", notice_from)
    for field, text in words.items():
        page.fill(f"#id_{field}", text)
    with page.expect_navigation():
        page.click("main form button[type=submit]:has-text('Save'), footer button")
    return time.monotonic()


def notice_in(text: str) -> str:
    found = re.search(r'<div class="notice__inner">(.*?)</div>', text, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", found[1].replace("</p><p>", " ")).strip() if found else ""


def notice_words(text: str) -> str:
    return re.sub(r"\s+", " ", notice_in(text))


def test_a_changed_allowance_is_in_force_within_a_second_on_all_workers(newsroom: Server, desk: Window) -> None:
    stories = stories_of(newsroom)
    readers = [newsroom.client() for _ in range(8)]
    for reader in readers:
        assert all(is_open(reader.get(story.path)) for story in stories[:5])
        assert notice_words(reader.get(stories[4].path).text) == NOTICE.format(5)
    open_meter(desk.page)
    saved = set_strangers(desk.page, "4", "2")
    answers = [reader.get(stories[6].path) for reader in readers]
    assert time.monotonic() - saved < WITHIN_S
    assert "In force now" in desk.said
    assert all(is_walled(answer) for answer in answers), "they have read five, and four is the allowance"
    assert all("You have read more than 4 articles this month." in answer.text for answer in answers)
    assert all(is_open(reader.get(stories[0].path)) for reader in readers), "what was read stays open"

    newcomer = newsroom.client()
    told = [notice_words(newcomer.get(story.path).text) for story in stories[:4]]
    assert told == ["", NOTICE.format(2), NOTICE.format(3), NOTICE.format(4)]
    assert is_walled(newcomer.get(stories[4].path))

    open_meter(desk.page)
    saved = set_strangers(desk.page, "20", "8")
    answers = [reader.get(stories[6].path) for reader in readers]
    assert time.monotonic() - saved < WITHIN_S
    assert all(is_open(answer) and not notice_words(answer.text) for answer in answers)
    assert count_of(readers[0]) == 6


def test_words_of_notice_and_wall_are_what_readers_are_told_next(newsroom: Server, desk: Window) -> None:
    stories = stories_of(newsroom)
    reader = newsroom.client()
    assert [is_open(reader.get(story.path)) for story in stories[:2]] == [True, True]
    open_meter(desk.page)
    before = {field: desk.page.input_value(f"#id_{field}") for field in ("notice_line", "wall_heading")}
    set_strangers(
        desk.page, "2", "1", notice_line="That makes {count} {articles}.", wall_heading="{name} <b>asks</b> you"
    )
    assert notice_words(reader.get(stories[0].path).text).startswith("That makes 2 articles.")
    assert "The Broadsheet &lt;b&gt;asks&lt;/b&gt; you" in reader.get(stories[2].path).text
    open_meter(desk.page)
    set_strangers(desk.page, "2", "1", **before)
    assert "Thank you. You are a loyal Broadsheet Reader." in reader.get(stories[2].path).text


def test_an_impossible_meter_is_refused_with_the_reason_and_changes_nothing(newsroom: Server, desk: Window) -> None:
    stories = stories_of(newsroom)
    reader = newsroom.client()
    for story in stories[:4]:
        reader.get(story.path)
    open_meter(desk.page)
    set_strangers(desk.page, "2", "5")
    assert (
        "The notice would start at article 5, but the wall stands after article 2: no reader could ever see it."
        in desk.said
    )
    assert is_open(reader.get(stories[4].path)), "the meter before is still in force"
    open_meter(desk.page)
    assert desk.page.input_value("#id_anonymous_allowance") == "10"
    set_strangers(desk.page, "10", "3", wall_text="You read {nonsense}.")
    assert "{nonsense} is not known here." in desk.said


def test_a_section_made_free_is_open_to_a_walled_reader_at_once(newsroom: Server, desk: Window) -> None:
    stories = stories_of(newsroom)
    section = stories[0].section
    inside = next(story for story in stories[20:] if story.section == section)
    outside = next(story for story in stories[20:] if story.section != section)
    reader = at_the_limit(newsroom)
    assert is_walled(reader.get(inside.path)) and is_walled(reader.get(outside.path))
    open_meter(desk.page)
    name = section.replace("-", " ").capitalize()
    free = desk.page.locator("#id_free_sections label", has_text=name).first
    free.click()
    set_strangers(desk.page, "10", "3")
    assert (is_open(reader.get(inside.path)), is_walled(reader.get(outside.path))) == (True, True)
    open_meter(desk.page)
    desk.page.locator("#id_free_sections label", has_text=name).first.click()
    set_strangers(desk.page, "10", "3")
    assert is_walled(reader.get(inside.path))


def at_the_limit(server: Server) -> Client:
    reader = server.client()
    for story in stories_of(server)[:10]:
        reader.get(story.path)
    return reader


def test_the_preview_shows_each_rung_as_a_reader_meets_it(newsroom: Server, desk: Window) -> None:
    open_meter(desk.page)
    set_strangers(desk.page, "6", "4")
    desk.page.click("text=See what readers see")
    frames = desk.page.locator(".meter-rungs li")
    expect(frames).to_have_count(3)
    titles = [re.sub(r"\s+", " ", text).strip() for text in frames.locator("h2").all_inner_texts()]
    assert titles == [
        "Articles 1 to 3: the article",
        "Articles 4 to 6: the article and the notice",
        "From article 7 on: the wall",
    ]
    for number in range(3):
        frames.nth(number).scroll_into_view_if_needed()
    shown = [desk.page.frame_locator(".meter-rungs iframe").nth(number) for number in range(3)]
    for frame in shown:
        expect(frame.locator("h1")).not_to_be_empty()
    assert [frame.locator(".notice").count() for frame in shown] == [0, 1, 0]
    assert [frame.locator(".wall").count() for frame in shown] == [0, 0, 1]
    assert "You have read 4 articles this month." in shown[1].locator(".notice").inner_text()
    assert "You have read more than 6 articles this month." in shown[2].locator(".wall").inner_text()
