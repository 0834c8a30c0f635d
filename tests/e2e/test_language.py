"""The edition's language is changed while readers read: everything they are shown follows, without a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Story, is_walled, stories_of, until
from tests.server import Server


@pytest.fixture
def bilingual(newsroom: Server) -> Iterator[Server]:
    yield newsroom
    newsroom.run("setup", "--language", "en")


def is_metered(server: Server, story: Story) -> bool:
    """Some are too short; which, depends on what other tests have published."""
    return server.client().get(story.path).header("Set-Cookie") is not None


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_notice_and_wall_follow_the_editions_language_at_once(bilingual: Server) -> None:
    stories = [story for story in stories_of(bilingual)[80:110] if is_metered(bilingual, story)][:11]
    reader = bilingual.client()
    for story in stories[:5]:
        page = reader.get(story.path).text
    assert '<html lang="en"' in page
    assert "You have read 5 articles this month." in words_of(page)

    bilingual.run("setup", "--language", "he")
    again = reader.get(stories[4].path).text
    assert re.search(r'<html lang="he"[^>]* dir="rtl"', again), "a stored page that was English"
    assert "קראתם 5 כתבות החודש. הירשמו כדי לקבל גישה מלאה ל״The Broadsheet״" in words_of(again)
    for story in stories[5:10]:
        page = reader.get(story.path).text
    assert "קראתם 10 כתבות החודש." in words_of(page)
    walled = reader.get(stories[10].path)
    assert is_walled(walled)
    assert "תודה. אתם קוראים נאמנים של ״Broadsheet״. קראתם יותר מ־10 כתבות החודש." in words_of(walled.text)

    bilingual.run("setup", "--language", "en")
    assert "You have read more than 10 articles this month." in words_of(reader.get(stories[10].path).text)


def test_the_page_for_when_the_site_is_down_does_too(bilingual: Server) -> None:
    written = bilingual.data / "run" / "down.html"
    assert '<html lang="en" dir="ltr">' in written.read_text(), "every start writes it"
    bilingual.run("setup", "--language", "he")
    until(lambda: '<html lang="he" dir="rtl">' in written.read_text(), "it is written anew")
    assert "רגע אחד, בבקשה" in written.read_text()
