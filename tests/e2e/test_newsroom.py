"""An editor's day in the browser: write, preview, publish, change, take down; each at once what every reader sees."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import (
    Window,
    add_block,
    is_walled,
    publish,
    read_to_the_limit,
    sign_in_at_the_desk,
    stories_of,
)
from tests.e2e.sentences import sentences_of
from tests.server import Server

Windows = Callable[..., Window]

HEADLINE = "The ferry stays another winter"
PATH = "/politics/the-ferry-stays-another-winter/"
PARAGRAPHS = [
    "The council voted on Tuesday night to keep the ferry running through the winter, after an hour of debate.",
    "About forty people had come to the hall, most of them from the eastern shore, where nothing else goes to town.",
    "The subsidy will be paid from the harbour fund, the treasurer said, and must be voted on again in the spring.",
    "Two members abstained because the cost of the new engine had not been put in writing before the meeting began.",
    "The company that runs the ferry says that it carried eleven thousand passengers last winter, a third more.",
]
LOOKS = 8  # enough that both gate workers are asked

# Wagtail saves drafts by itself while a form is half filled in, and hears what is missing.
UNFINISHED = re.compile(r"status of 400 \(Bad Request\) \(\S+/admin/pages/(?:add/|\d+/edit/)")


def a_photograph(folder: Path) -> Path:
    written = io.BytesIO()
    Image.linear_gradient("L").resize((1600, 1000)).convert("RGB").save(written, "JPEG")
    file = folder / "ferry.jpg"
    file.write_bytes(written.getvalue())
    return file


def every_reader(server: Server, path: str, says: Callable[[str], bool]) -> bool:
    """Strangers on connections of their own, as many as there are workers and more."""
    return all(says(server.client().get(path).text) for _ in range(LOOKS))


def sitemap_of(server: Server, path: str) -> str:
    """The address of the sitemap that names an article."""
    index = server.client().get("/sitemap.xml").text
    sitemaps = [urlsplit(found).path for found in re.findall("<loc>([^<]+)</loc>", index)]
    return next(one for one in sitemaps if path in server.client().get(one).text)


def test_an_editor_writes_and_publishes_and_every_reader_has_it_at_once(
    newsroom: Server, editor: tuple[str, str], windows: Windows, tmp_path: Path
) -> None:
    lists = ["/", "/politics/", "/feed/", "/politics/feed/", "/news-sitemap.xml"]
    before = {path: newsroom.client().get(path).text for path in lists}
    assert newsroom.client().get(PATH).status == 404, "asked for, and known to be missing"
    window = windows(newsroom)
    window.expected = UNFINISHED
    page = window.page
    sign_in_at_the_desk(window, editor)

    page.click("nav >> text=Articles")
    page.click("text=Add article")
    page.click("main button:has-text('Choose a page')")
    page.click(".modal a:text-is('Politics')")
    page.click("text=Create a new article")
    page.fill("#id_kicker", "Harbour")
    page.fill("#id_title", HEADLINE)
    page.fill("#id_standfirst", "The council votes for another winter of crossings.")
    page.fill("#id_dateline", "Eastport")
    page.click("button:has-text('Add name')")
    page.click("button:has-text('Choose person')")
    name = page.locator(".modal td a").first.inner_text().strip()
    page.locator(".modal td a").first.click()
    expect(page.locator(".modal")).to_have_count(0)

    page.click("main button:has-text('Choose an image')")
    page.click(".modal a:has-text('Upload')")
    page.set_input_files(".modal input[type=file]", a_photograph(tmp_path))
    for field, text in {
        "title": "The ferry",
        "caption": "The ferry at the eastern landing on Tuesday.",
        "credit": "Harbour archive",
        "alt_text": "A small ferry at a wooden landing.",
    }.items():
        page.fill(f"#id_image-chooser-upload-{field}", text)
    page.click(".modal button:has-text('Upload')")
    expect(page.locator(".modal")).to_have_count(0)

    for paragraph in PARAGRAPHS:
        add_block(page, "Paragraph")
        written = page.locator("[data-streamfield-child] [contenteditable=true]").last
        written.click()
        page.keyboard.insert_text(paragraph)
        expect(written).to_have_text(paragraph)
    add_block(page, "Subheading")
    page.fill("input[name=body-5-value]", "What it costs")
    add_block(page, "Quote")
    page.fill("textarea[name=body-6-value-text]", "We are glad, and we shall be there in the spring.")
    page.fill("input[name=body-6-value-speaker]", "Harbour master")
    page.click("a[role=tab]:has-text('Promote')")
    topic = page.locator("#id_topics label").first.inner_text().strip()
    page.locator("#id_topics input").first.check()
    page.check("#id_comments_open")

    page.click("button[aria-label='Toggle preview']")
    preview = page.frame_locator("iframe#w-preview-iframe, iframe[title='Preview']").first
    expect(preview.locator("h1")).to_have_text(HEADLINE)
    expect(preview.locator(".prose")).to_contain_text(PARAGRAPHS[-1])
    assert newsroom.client().get(PATH).status == 404, "a preview is for the desk only"

    publish(page)
    assert "published" in window.said

    for path in lists:
        assert HEADLINE not in before[path]
        assert every_reader(newsroom, path, lambda text: PATH in text), path
    topic_path = re.search(r'href="(/topics/[^"]+)"[^>]*>' + re.escape(topic), newsroom.client().get(PATH).text)
    assert topic_path is not None
    assert every_reader(newsroom, topic_path[1], lambda text: HEADLINE in text)
    story = newsroom.client().get(PATH).text
    for said in (
        HEADLINE,
        "Harbour",
        "votes for another winter of crossings",
        name,
        "Eastport",
        "at the eastern landing on Tuesday.",
        "Harbour archive",
        'alt="A small ferry at a wooden landing."',
        *PARAGRAPHS,
        "What it costs",
        "we shall be there in the spring",
        "Harbour master",
    ):
        assert said in story, said

    walled = read_to_the_limit(newsroom, stories_of(newsroom)).get(PATH)
    assert is_walled(walled)
    assert "Please register for full access to continue reading and post comments." in walled.text
    assert PARAGRAPHS[-1] not in walled.text


def test_a_change_is_what_every_reader_sees_next(newsroom: Server, editor: tuple[str, str], windows: Windows) -> None:
    story = stories_of(newsroom)[-1]
    lists = ["/", f"/{story.section}/", "/feed/"]
    assert all(
        every_reader(newsroom, path, lambda text: escape(story.headline) in text) for path in [story.path, *lists]
    )
    window = windows(newsroom)
    page = window.page
    sign_in_at_the_desk(window, editor)
    page.goto(f"/admin/pages/{story.id}/edit/")
    page.fill("#id_title", "What it says after the change")
    page.click("a[role=tab]:has-text('Publish')")
    page.select_option("#id_change", "update")
    publish(page)
    for path in [story.path, *lists]:
        assert every_reader(newsroom, path, lambda text: "What it says after the change" in text), path
        assert every_reader(newsroom, path, lambda text: escape(story.headline) not in text), path


def test_a_change_without_its_kind_is_refused_in_words(
    newsroom: Server, editor: tuple[str, str], windows: Windows
) -> None:
    story = stories_of(newsroom)[-2]
    window = windows(newsroom)
    sign_in_at_the_desk(window, editor)
    window.page.goto(f"/admin/pages/{story.id}/edit/")
    window.page.fill("#id_title", "A change of no kind")
    publish(window.page)
    window.page.click("a[role=tab]:has-text('Publish')")
    assert "say what kind of change this is" in window.said
    assert "A change of no kind" not in newsroom.client().get(story.path).text


def test_what_is_taken_down_says_so_at_once(newsroom: Server, editor: tuple[str, str], windows: Windows) -> None:
    story = stories_of(newsroom)[-3]
    lists = ["/", f"/{story.section}/", "/feed/", f"/{story.section}/feed/", sitemap_of(newsroom, story.path)]
    assert all(every_reader(newsroom, path, lambda text: story.path in text) for path in lists)
    assert newsroom.client().get(story.path).status == 200
    window = windows(newsroom)
    page = window.page
    sign_in_at_the_desk(window, editor)
    page.goto(f"/admin/pages/{story.id}/edit/")
    page.click("footer button:has-text('More actions')")
    page.click("footer a:has-text('Unpublish')")
    with page.expect_navigation():
        page.click("main form [type=submit]")
    gone = [newsroom.client().get(story.path) for _ in range(LOOKS)]
    assert {answer.status for answer in gone} == {410}
    assert escape(story.headline) in gone[0].text
    assert not [one for one in sentences_of(story.body[0]) if one in gone[0].text]
    for path in lists:
        assert every_reader(newsroom, path, lambda text: story.path not in text), path
