"""The pages in a real browser: they fit every screen, break no policy, and their small scripts do their one thing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from itertools import count
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Response, expect

from broadsheet.newsroom.blocks import Body
from tests.server import Server

pytestmark = pytest.mark.needs("chromium")

SCRIPTS = Path("src/broadsheet/site/static/js")
_readers = count(1)


@pytest.fixture
def phone(browser: Browser, running_server: Server) -> Iterator[Page]:
    """A new reader's phone."""
    context = browser.new_context(base_url=running_server.url, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_phone(browser: Browser, running_server: Server) -> Iterator[Page]:
    """The same without JavaScript."""
    context = browser.new_context(
        base_url=running_server.url, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


def stories(page: Page) -> list[str]:
    page.goto("/")
    links = page.locator(".story :is(h2, h3) a")
    return [str(links.nth(index).get_attribute("href")) for index in range(links.count())]


def read_until(page: Page, selector: str) -> str:
    """Open stories until one shows `selector`; its path."""
    for story in stories(page):
        page.goto(story)
        if page.locator(selector).count():
            return story
    raise AssertionError(f"no story showed {selector}")


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_every_page_fits_the_screen_and_breaks_no_policy(browser: Browser, running_server: Server, width: int) -> None:
    context = browser.new_context(base_url=running_server.url, viewport={"width": width, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    story = stories(page)[0]
    page.goto(story)
    links = [page.locator(f"{place} a").first.get_attribute("href") for place in (".sections", ".topics", ".byline")]

    for path in [
        "/",
        story,
        *links,
        "/search/?q=the",
        "/search/?q=qwertzuiop",
        "/login/",
        "/register/",
        "/account/reads/",
    ]:
        page.goto(str(path))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} px wide"
        assert page.evaluate("[...document.fonts].some(face => face.status === 'loaded')"), path
    assert complaints == []
    page.goto("/nothing/is/here/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_an_article_weighs_little_beside_its_picture(phone: Page, browser: Browser) -> None:
    story = stories(phone)[0]
    newcomer = browser.new_page(viewport={"width": 390, "height": 844})  # with nothing in its cache
    answers: list[Response] = []
    newcomer.on("response", lambda answer: answers.append(answer))
    newcomer.goto(urljoin(phone.url, story), wait_until="networkidle")
    weights = {
        answer.url: answer.request.sizes()["responseHeadersSize"] + answer.request.sizes()["responseBodySize"]
        for answer in answers
        if answer.request.resource_type != "image"
    }
    newcomer.close()

    assert sum(".woff2" in url for url in weights) >= 3
    assert 45_000 < sum(weights.values()) < 72_000, weights


def test_nothing_moves_while_an_article_or_the_front_page_loads(phone: Page) -> None:
    phone.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => { for (const entry of list.getEntries())"
        " window.moved += entry.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    for path in ("/", stories(phone)[0]):
        phone.goto(path, wait_until="networkidle")
        assert phone.evaluate("window.moved") < 0.02, path


def test_light_or_dark_is_chosen_once_and_kept_and_can_be_given_back_to_the_system(
    browser: Browser, running_server: Server
) -> None:
    context = browser.new_context(base_url=running_server.url, viewport={"width": 1280, "height": 900})
    context.add_init_script(
        "window.first = null; requestAnimationFrame(() => { window.first = document.documentElement.dataset.scheme; });"
    )
    page = context.new_page()

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.goto("/")
    white = paper()
    page.click("[data-scheme-switch]")
    dark = paper()
    assert dark != white
    page.goto("/search/")
    assert paper() == dark
    assert page.evaluate("window.first") == "dark"  # before the first frame: nothing flashed
    expect(page.locator("[data-scheme-switch]")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.querySelector('meta[name=theme-color][media=all]').content") == "#121416"
    page.emulate_media(color_scheme="dark")
    page.click("[data-scheme-choice=light]")
    assert paper() == white
    page.click("[data-scheme-choice='']")
    assert paper() == dark  # the system's, now
    page.reload()
    assert paper() == dark
    page.emulate_media(color_scheme="light")
    assert paper() == white
    context.close()


def test_without_script_the_system_decides_and_no_switch_is_shown(plain_phone: Page) -> None:
    plain_phone.emulate_media(color_scheme="dark")
    plain_phone.goto("/")

    assert plain_phone.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 22)"
    for switch in plain_phone.locator("[data-scheme-switch], [data-scheme-choice]").all():
        expect(switch).to_be_hidden()


def test_without_a_connection_the_story_in_hand_stays(phone: Page) -> None:
    story = stories(phone)[0]
    phone.goto(story)
    expect(phone.locator(".offline")).to_be_hidden()
    phone.context.set_offline(True)

    expect(phone.locator(".offline")).to_be_visible()
    phone.click(".sections a")
    assert urlsplit(phone.url).path == story
    phone.context.set_offline(False)
    expect(phone.locator(".offline")).to_be_hidden()
    phone.click(".sections a")
    phone.wait_for_url(lambda url: urlsplit(url).path != story)


def test_the_link_of_an_article_can_be_copied_and_without_script_sent(phone: Page, plain_phone: Page) -> None:
    story = stories(phone)[0]
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone.goto(story)
    phone.click("[data-copy]")

    expect(phone.locator(".share [role=status]")).to_have_text("Copied")
    assert phone.evaluate("navigator.clipboard.readText()").endswith(story)
    plain_phone.goto(story)
    expect(plain_phone.locator("[data-copy]")).to_be_hidden()
    href = plain_phone.locator(".share a").first.get_attribute("href") or ""
    assert href.startswith("mailto:?subject=")


def test_the_notice_stands_above_the_page_and_closes_without_script(plain_phone: Page) -> None:
    read_until(plain_phone, ".notice")
    notice = plain_phone.locator(".notice")

    expect(notice).to_be_visible()
    box, masthead = notice.bounding_box(), plain_phone.locator(".masthead").bounding_box()
    assert box and masthead and box["y"] == 0 and box["y"] + box["height"] <= masthead["y"]
    notice.locator("input").check(force=True)
    expect(notice).to_be_hidden()


def test_a_notice_that_was_closed_stays_closed_until_the_count_moves(phone: Page) -> None:
    story = read_until(phone, ".notice")
    phone.locator(".notice input").check(force=True)
    phone.goto(story)
    expect(phone.locator(".notice")).to_be_hidden()

    another = next(path for path in stories(phone)[5:] if path != story)
    phone.goto(another)
    expect(phone.locator(".notice")).to_be_visible()
    phone.click(".notice a")
    expect(phone.locator("input[name=next]").first).to_have_value(another)


def test_a_reader_registers_in_the_place_of_the_wall(phone: Page, running_server: Server) -> None:
    story = read_until(phone, ".wall")
    address = f"wall{next(_readers)}.{time.time_ns()}@example.org"
    phone.fill(".wall [name=email]", address)
    phone.press(".wall [name=email]", "Enter")
    phone.wait_for_selector(".wall [name=code]")

    assert urlsplit(phone.url).path == story
    assert phone.locator("h1").count() == 1
    phone.fill(".wall [name=code]", "999999" if code_for(running_server, address) != "999999" else "111111")
    phone.press(".wall [name=code]", "Enter")
    expect(phone.locator(".wall .error")).to_be_visible()
    phone.fill(".wall [name=code]", code_for(running_server, address))
    phone.press(".wall [name=code]", "Enter")
    phone.wait_for_selector(".prose:not(.prose--cut)")

    assert urlsplit(phone.url).path == story
    expect(phone.locator(".wall")).to_have_count(0)
    expect(phone.locator(".masthead")).to_contain_text("Your account")
    phone.goto("/search/?q=the")
    expect(phone.locator(".masthead")).to_contain_text("Your account")


def code_for(server: Server, address: str) -> str:
    for file in sorted((server.data / "outbox").glob("*.eml"), reverse=True):
        letter = message_from_bytes(file.read_bytes(), policy=default)
        body = letter.get_body(("plain",))
        if address in str(letter["To"]) and body and (code := re.search(r"^\s*(\d{6})\s*$", body.get_content(), re.M)):
            return code.group(1)
    raise AssertionError(f"no code was sent to {address}")


def test_a_video_is_asked_for_only_when_the_reader_presses(browser: Browser, collected: None) -> None:
    block = Body().child_blocks["embed"]
    value = block.to_python({"url": "https://youtu.be/dQw4w9WgXcQ", "title": "The carrier leaves", "thumbnail": None})
    page = browser.new_page()
    asked: list[str] = []
    page.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
    page.set_content(re.sub(r"<script.*?</script>", "", render_to_string("blocks/embed.html", {"value": value})))
    page.add_script_tag(path=SCRIPTS / "embed.js")

    assert asked == []
    page.click(".embed__link")
    frame = page.locator("iframe")
    assert frame.get_attribute("src") == "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"
    assert frame.get_attribute("title") == "The carrier leaves"
    assert asked == ["https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"]
    page.close()


@pytest.mark.parametrize(
    ("language", "hours", "said"),
    [
        ("en", 0, "1 minute ago"),
        ("en", 3, "3 hours ago"),
        ("he", 1, "לפני שעה"),
        ("he", 2, "לפני שעתיים"),
        ("he", 5, "לפני 5 שעות"),
    ],
)
def test_a_moment_of_today_is_told_in_the_language_of_the_page(
    browser: Browser, language: str, hours: int, said: str
) -> None:
    page = browser.new_page()
    page.set_content(f'<html lang="{language}"><time>then</time></html>')
    moment = f"new Date(Date.now() - {hours * 3_600_000}).toISOString()"
    page.evaluate(f"document.querySelector('time').dateTime = {moment}")
    page.add_script_tag(path=SCRIPTS / "when.js")
    expect(page.locator("time")).to_have_text(said)
    page.close()
