"""What stands in a story beside its paragraphs: put in by the editor's own controls, and met by a reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Window, add_block, publish, sign_in_at_the_desk, until
from tests.server import Server

Windows = Callable[..., Window]

HEADLINE = "What the harbour kept"
PATH = "/politics/what-the-harbour-kept/"
PICTURES = {
    "The quay": ("The quay at low water.", "Harbour archive", "A stone quay with two iron rings."),
    "The crane": ("The crane before it was taken down.", "Town museum", "A crane against a grey sky."),
}
TABLE = [["Winter", "Crossings", "Passengers"], ["2024", "310", "8,200"], ["2025", "342", "11,000"]]
MINUTES = "The council keeps the ferry.\n" * 100  # 2,900 bytes
SECONDS_OF_SOUND = 2
PLAYER = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"
# Wagtail's answer to drafts that are saved while half is still missing.
AT_THE_DESK = re.compile(r"status of 400 \(Bad Request\) \(\S+/admin/pages/")


@pytest.fixture
def desk(newsroom: Server, editor: tuple[str, str], windows: Windows) -> Window:
    window = windows(newsroom)
    window.expected = AT_THE_DESK
    sign_in_at_the_desk(window, editor)
    page = window.page
    page.click("nav >> text=Articles")
    page.click("text=Add article")
    page.click("main button:has-text('Choose a page')")
    page.click(".modal a:text-is('Politics')")
    page.click("text=Create a new article")
    return window


@pytest.fixture
def reader(newsroom: Server, windows: Windows) -> Iterator[Window]:
    window = windows(newsroom, accept_downloads=True)
    window.expected = re.compile(f"^a request to {re.escape(PLAYER)}$")
    window.context.route(
        f"{PLAYER}*", lambda route: route.fulfill(content_type="text/html", body="<title>Player</title><p>The boat</p>")
    )
    yield window


def test_every_kind_of_block_is_put_in_by_an_editor_and_met_by_a_reader(
    newsroom: Server, desk: Window, reader: Window, tmp_path: Path
) -> None:
    page = desk.page
    page.fill("#id_title", HEADLINE)
    put_in_a_paragraph(page, 0, "The council voted on Tuesday to keep what the harbour has.")
    put_in_a_gallery(page, 1, tmp_path)
    put_in_a_table(page, 2)
    put_in_a_file(page, 3, tmp_path)
    put_in_audio(page, 4, tmp_path)
    add_block(page, "Embed")
    page.fill("[name=body-5-value-url]", "https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    page.fill("[name=body-5-value-title]", "The boat leaves")
    add_block(page, "Quote")
    page.fill("[name=body-6-value-text]", "We shall be there in the spring.")
    page.fill("[name=body-6-value-speaker]", "Harbour master")
    page.fill("[name=body-6-value-role]", "of Eastport")
    add_block(page, "Pull quote")
    page.fill("[name=body-7-value-text]", "It keeps what it has.")
    add_block(page, "Fact box")
    page.fill("[name=body-8-value-heading]", "The boat")
    write(page, block(page, 8), "Built in 1961, and still afloat.")
    publish(page)
    assert "published" in desk.said

    reader.open(PATH)
    expect(reader.page.locator("h1")).to_have_text(HEADLINE)
    the_gallery_shows_its_pictures(reader.page)
    the_table_has_headers(reader.page)
    the_file_can_be_taken(reader.page)
    the_recording_plays(reader.page)
    the_words_of_others_are_set_apart(reader.page)
    the_video_loads_only_when_asked_for(reader)


def test_drafts_with_empty_blocks_are_kept_and_published_only_when_filled(newsroom: Server, desk: Window) -> None:
    """The desk saves by itself while a story is written: an empty block is not a fault yet."""
    page = desk.page
    page.fill("#id_title", "Half a story")
    with page.expect_response(lambda answer: "/admin/pages/add/" in answer.url and answer.request.method == "POST"):
        for kind in ("File", "Audio", "Embed", "Fact box"):
            add_block(page, kind)
    page.click("footer button:has-text('Save draft')")
    expect(page.get_by_text("could not be saved")).to_have_count(0)
    expect(page.locator("[data-streamfield-child]")).to_have_count(4)
    publish(page)
    assert "This field is required." in desk.said
    assert newsroom.client().get("/politics/half-a-story/").status == 404


# ── at the desk


def block(page: Page, number: int) -> Locator:
    """The block of the body with this number, by the order they were put in."""
    return page.locator("[data-streamfield-child]", has=page.locator(f"[name^='body-{number}-value']")).first


def write(page: Page, where: Locator, text: str) -> None:
    written = where.locator("[contenteditable=true]").last
    written.click()
    page.keyboard.insert_text(text)
    # The field follows the editor a moment later.
    expect(where.locator("input[type=hidden][name*=-value]").last).to_have_value(re.compile(re.escape(text)))


def put_in_a_paragraph(page: Page, number: int, text: str) -> None:
    add_block(page, "Paragraph")
    write(page, block(page, number), text)


def put_in_a_gallery(page: Page, number: int, folder: Path) -> None:
    add_block(page, "Gallery")
    page.fill(f"[name=body-{number}-value-heading]", "Two things it kept")
    for at, (title, words) in enumerate(PICTURES.items()):
        if at:
            block(page, number).locator("button.c-sf-add-button").last.click()
        chooser = block(page, number).locator("[data-contentpath=picture]").nth(at)
        chooser.locator("button:has-text('Choose an image')").click()
        upload_picture(page, a_photograph(folder, title, shade=90 + 60 * at), title, *words)


def a_photograph(folder: Path, title: str, shade: int) -> Path:
    file = folder / f"{title}.jpg"
    Image.linear_gradient("L").resize((1500, 1000)).point(lambda value: (value + shade) % 256).save(file, "JPEG")
    return file


def upload_picture(page: Page, file: Path, title: str, caption: str, credit: str, alt_text: str) -> None:
    page.click(".modal a:has-text('Upload')")
    page.set_input_files(".modal input[type=file]", file)
    for field, text in {"title": title, "caption": caption, "credit": credit, "alt_text": alt_text}.items():
        page.fill(f"#id_image-chooser-upload-{field}", text)
    page.click(".modal button:has-text('Upload')")
    expect(page.locator(".modal")).to_have_count(0)


def put_in_a_table(page: Page, number: int) -> None:
    add_block(page, "Table")
    table = block(page, number)
    table.locator("select[name=table-header-choice]").select_option("both")
    table.locator("[name=handsontable-col-caption]").fill("Two winters of the ferry")
    cells = table.locator(".ht_master td")
    for at, text in enumerate(cell for row in TABLE for cell in row):
        cells.nth(at).click()
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(cells).to_have_text([cell for row in TABLE for cell in row])


def put_in_a_file(page: Page, number: int, folder: Path) -> None:
    add_block(page, "File")
    file = folder / "minutes.txt"
    file.write_text(MINUTES)
    upload_document(page, number, file, "Minutes of the meeting")


def put_in_audio(page: Page, number: int, folder: Path) -> None:
    add_block(page, "Audio")
    file = folder / "bells.mp3"
    file.write_bytes(silence(SECONDS_OF_SOUND))
    upload_document(page, number, file, "Bells")
    page.fill(f"[name=body-{number}-value-title]", "The bells on Tuesday night")
    page.fill(f"[name=body-{number}-value-credit]", "Town radio")
    write(page, block(page, number), "The bells of the harbour church.")


def silence(seconds: int) -> bytes:
    """MPEG-1 layer III, 128 kbit/s at 44.1 kHz, one channel: frames of a header and nothing."""
    frame = b"\xff\xfb\x90\xc4" + bytes(413)
    return frame * (seconds * 44_100 // 1152)


def upload_document(page: Page, number: int, file: Path, title: str) -> None:
    block(page, number).locator("button:has-text('Choose a document')").click()
    page.click(".modal a:has-text('Upload')")
    page.set_input_files(".modal input[type=file]", file)
    page.fill("#id_document-chooser-upload-title", title)
    page.click(".modal button:has-text('Upload')")
    expect(page.locator(".modal")).to_have_count(0)


# ── before a reader


def the_gallery_shows_its_pictures(page: Page) -> None:
    gallery = page.get_by_role("region", name="Two things it kept")
    expect(gallery.get_by_role("heading")).to_have_text("Two things it kept")
    expect(gallery.locator("figure")).to_have_count(len(PICTURES))
    for figure, (caption, credit, alt_text) in zip(gallery.locator("figure").all(), PICTURES.values(), strict=True):
        picture = figure.get_by_role("img", name=alt_text)
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("picture => picture.naturalWidth") > 0, "it has been loaded"
        expect(figure.locator("figcaption")).to_have_text(f"{caption} {credit}")


def the_table_has_headers(page: Page) -> None:
    table = page.get_by_role("table", name="Two winters of the ferry")
    expect(table.locator("caption")).to_have_text("Two winters of the ferry")
    expect(table.locator("thead th[scope=col]")).to_have_text(TABLE[0])
    expect(table.locator("tbody th[scope=row]")).to_have_text([row[0] for row in TABLE[1:]])
    expect(table.locator("tbody td")).to_have_text([cell for row in TABLE[1:] for cell in row[1:]])


def the_file_can_be_taken(page: Page) -> None:
    file = page.locator(".attachment", has_text="Minutes of the meeting")
    expect(file).to_have_text(re.compile(r"TXT, 2\.8\sKB$"))
    with page.expect_download() as taken:
        file.get_by_role("link").click()
    assert taken.value.suggested_filename == "minutes.txt"
    assert taken.value.path().read_text() == MINUTES


def the_recording_plays(page: Page) -> None:
    recording = page.locator("figure", has_text="The bells on Tuesday night")
    expect(recording).to_contain_text("Town radio")
    expect(recording).to_contain_text("MP3")
    audio = recording.locator("audio[controls]")
    expect(audio).to_have_accessible_name("The bells on Tuesday night")
    expect(audio).to_have_js_property("readyState", 0)  # HAVE_NOTHING: not fetched for those who do not listen
    audio.focus()
    page.keyboard.press("Space")
    until(lambda: audio.evaluate("audio => audio.currentTime") > 0.2, "it plays")
    assert audio.evaluate("audio => audio.duration") == pytest.approx(SECONDS_OF_SOUND, abs=0.2)
    audio.evaluate("audio => { audio.pause(); audio.currentTime = 1.5 }")
    until(lambda: audio.evaluate("audio => !audio.seeking && audio.currentTime") == 1.5, "a reader can skip in it")
    recording.get_by_text("What is said").click()
    expect(recording.locator("details")).to_contain_text("The bells of the harbour church.")


def the_words_of_others_are_set_apart(page: Page) -> None:
    quote = page.locator("figure.quote")
    expect(quote.get_by_role("blockquote")).to_have_text("We shall be there in the spring.")
    expect(quote.locator("figcaption")).to_have_text("Harbour master, of Eastport")
    expect(page.locator("aside.pull[aria-hidden=true]")).to_have_text("It keeps what it has.")
    box = page.get_by_role("complementary", name="The boat")
    expect(box.get_by_role("heading")).to_have_text("The boat")
    expect(box).to_contain_text("Built in 1961, and still afloat.")


def the_video_loads_only_when_asked_for(reader: Window) -> None:
    page = reader.page
    assert page.locator("iframe").count() == 0
    assert reader.complaints == [], "nothing was asked of anybody else"
    link = page.get_by_role("link", name=re.compile("^Play: The boat leaves"))
    expect(link).to_have_attribute("href", "https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    link.click()
    expect(page.frame_locator("iframe[title='The boat leaves']").locator("p")).to_have_text("The boat")
    assert reader.complaints == [f"a request to {PLAYER}"]
