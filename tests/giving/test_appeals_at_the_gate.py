"""Appeals through the running server: seen, closed for a day with script and without, and gone for who gives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.client import Answer, Client
from tests.e2e.conftest import Story, Window, copy_of, count_of, registered, stories_of, windows
from tests.server import Server

__all__ = ["windows"]

Windows = Callable[..., Window]

MARK = '<span class="appeal-closed"'


@pytest.fixture(scope="module")
def house(running_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = copy_of(running_server, tmp_path_factory.mktemp("appeals") / "data").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stories(house: Server) -> list[Story]:
    """Those beside which readers are asked: the demo edition's obituaries are marked already."""
    return [story for story in stories_of(house) if story.section != "obituaries"]


def inside(server: Server, deed: str) -> str:
    """Done in a process of the house's own, beside the server; what it says."""
    begin = "import django\ndjango.setup()\nfrom broadsheet import clock\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + deed],
        env={**server.environment(), "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def asks(answer: Answer) -> bool:
    """Whether its reader sees an appeal: stored pages hold it for all of a class, and hide it from who closed it."""
    assert answer.status == 200
    return 'class="appeal ' in answer.text and MARK not in answer.text


# ── closed for a day


def test_a_reader_closes_it_is_not_asked_for_a_day_and_asked_again(house: Server, stories: list[Story]) -> None:
    reader = house.client()
    page = reader.get(stories[0].path)
    assert asks(page)
    closed = reader.submit(page.form(action="/appeals/close/"), {}, follow=False)
    assert (closed.status, closed.header("Location")) == (303, f"{stories[0].path}#appeal-end")
    assert "Max-Age=86400" in (closed.header("Set-Cookie") or "")
    assert not asks(reader.get(stories[0].path))
    assert not asks(reader.get(stories[1].path)), "nor on another story"
    assert not asks(reader.get(stories[2].path)), "nor with the notice"
    del reader.cookies["appeal"]  # what a browser does after a day
    assert asks(reader.get(stories[0].path))


def test_on_the_wall_too(house: Server, stories: list[Story]) -> None:
    reader = house.client()
    for story in stories[:11]:
        walled = reader.get(story.path)
    assert 'class="wall"' in walled.text
    assert asks(walled)
    back = reader.submit(walled.form(action="/appeals/close/"), {})
    assert 'class="wall"' in back.text
    assert not asks(back)


def test_closing_costs_no_article_and_makes_no_reader(house: Server, stories: list[Story]) -> None:
    reader = house.client()
    reader.post("/appeals/close/", {"next": "/"})
    assert set(reader.cookies) == {"appeal"}
    assert not asks(reader.get(stories[0].path))


@pytest.fixture
def story_page(house: Server, stories: list[Story], windows: Windows) -> Callable[..., Page]:
    def opened(**options: object) -> Page:
        window = windows(house, **options)
        window.open(f"{house.url}{stories[0].path}")
        return window.page

    return opened


def test_with_script_it_is_gone_without_leaving_and_stays_away(story_page: Callable[..., Page]) -> None:
    page = story_page(viewport={"width": 390, "height": 800})
    appeal = page.locator(".appeal")
    expect(appeal).to_be_visible()
    page.evaluate("window.stayed = true")
    with page.expect_response("**/appeals/close/") as answered:
        appeal.get_by_role("button", name="Not today").press("Enter")
    assert answered.value.status == 303
    expect(appeal).to_be_hidden()
    assert page.evaluate("window.stayed"), "the page was not left"
    assert page.evaluate("document.activeElement.id") == "appeal-end", "and the keyboard goes on from there"
    page.reload()
    expect(page.locator(".prose")).to_be_visible()
    expect(appeal).to_be_hidden()


def test_without_script_it_leads_back_to_where_it_stood(story_page: Callable[..., Page]) -> None:
    page = story_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page.get_by_role("button", name="Not today").click()
    page.wait_for_url("**/#appeal-end")
    expect(page.locator(".prose")).to_be_visible()
    expect(page.locator(".appeal")).to_be_hidden()
    expect(page.locator(".share")).to_be_in_viewport()


def test_it_is_not_printed(story_page: Callable[..., Page]) -> None:
    page = story_page()
    expect(page.locator(".appeal")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".appeal")).to_be_hidden()


def test_where_it_was_closed_nothing_moves_while_the_page_is_read(story_page: Callable[..., Page]) -> None:
    page = story_page(viewport={"width": 390, "height": 800})
    page.context.add_cookies([{"name": "appeal", "value": "closed", "url": page.url}])
    page.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver((seen) => { for (const one of seen.getEntries()) window.moved += one.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.reload()
    page.locator(".foot").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    expect(page.locator(".appeal")).to_be_hidden()
    assert page.evaluate("window.moved") < 0.01


# ── grief


def test_a_story_marked_as_grief_asks_no_more_at_once(house: Server, stories: list[Story]) -> None:
    story = stories[-1]
    assert asks(house.client().get(story.path))
    mark = (
        "from broadsheet.newsroom.models import Article\n"
        f"story = Article.objects.get(pk={story.id})\nstory.is_grief = True\nstory.save(update_fields=['is_grief'])\n"
    )
    inside(house, mark)
    assert not asks(house.client().get(story.path))
    assert asks(house.client().get(stories[-2].path))


# ── who gives

GIVES = """
from django.http import HttpResponse
from broadsheet.core.money import Money
from broadsheet.giving.models import Attempt
from broadsheet.giving.posting import post
from broadsheet.giving.providers.interface import Giver, Seen, SeenPayment, SeenRefund
from broadsheet.giving.supporters import give_browser_pass
attempt, is_new = Attempt.objects.get_or_create(
    provider="fake", provider_ref={ref!r},
    defaults=dict(frequency="once", amount_minor=1000, currency="EUR", begun_at=clock.now()),
)
payment = SeenPayment("pay-" + {ref!r}, Money(1000, "EUR"), clock.now(), Giver("", "{ref}@example.org", ""),
    attempt=attempt.pk, refunds={refunds})
post("fake", Seen(payments=(payment,)), clock.now())
attempt.refresh_from_db()
response = HttpResponse()
print(give_browser_pass(attempt, response), response.cookies.output(header=""))
"""


def gives(server: Server, browser: Client, ref: str) -> str:
    """What the house does when a gift arrives, and what it hands the browser."""
    said = inside(server, GIVES.format(ref=ref, refunds="()"))
    given, _, cookie = said.partition(" ")
    assert given == "True", said
    name, _, value = cookie.strip().partition(";")[0].partition("=")
    browser.cookies[name] = value
    return cookie


def test_a_browser_that_gave_is_not_asked_and_is_again_once_all_was_given_back(
    house: Server, stories: list[Story]
) -> None:
    browser = house.client()
    assert asks(browser.get(stories[0].path))
    cookie = gives(house, browser, "ann")
    for part in ("supporter=", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert not asks(browser.get(stories[0].path))
    for story in stories[:12]:
        assert 'class="wall"' not in browser.get(story.path).text, (
            "no less is open to a supporter than to the registered"
        )

    part = "(SeenRefund('re-1', Money(400, 'EUR'), clock.now()),)"
    inside(house, GIVES.format(ref="ann", refunds=part))
    assert not asks(browser.get(stories[0].path)), "what is left is a gift"
    all_of_it = (
        "(SeenRefund('re-1', Money(400, 'EUR'), clock.now()), SeenRefund('re-2', Money(600, 'EUR'), clock.now()))"
    )
    said = inside(house, GIVES.format(ref="ann", refunds=all_of_it))
    assert said.startswith("False"), "nor does the page of thanks make one again"
    assert asks(browser.get(stories[0].path))


def test_a_supporter_by_account_is_not_asked(house: Server, stories: list[Story]) -> None:
    reader = registered(house)
    assert asks(reader.get(stories[0].path))
    inside(
        house,
        "from broadsheet.core.meter import ReaderClass\nfrom broadsheet.readers.entitlements import entitle\n"
        "from broadsheet.readers.models import User\n"
        "entitle(User.objects.latest('pk'), ReaderClass.SUPPORTER, 'giving', until=None)\n",
    )
    assert not asks(reader.get(stories[0].path))


def test_who_gave_from_this_browser_and_is_signed_in_is_not_asked(house: Server, stories: list[Story]) -> None:
    reader = registered(house)
    gives(house, reader, "ben")
    assert not asks(reader.get(stories[0].path))
    assert 'class="appeal ' not in reader.get("/account/").text


def test_walled_supporters_meet_a_wall_that_asks_for_nothing(
    running_server: Server, tmp_path: Path, stories: list[Story]
) -> None:
    server = copy_of(running_server, tmp_path / "data").start()
    try:
        inside(
            server,
            "from broadsheet.meter.models import MeterSettings\nmeter = MeterSettings.ours()\n"
            "meter.anonymous_allowance, meter.anonymous_notice_from = 1, None\n"
            "meter.registered_allowance = meter.supporter_allowance = meter.subscriber_allowance = 2\nmeter.save()\n",
        )
        browser = server.client()
        gives(server, browser, "cem")
        walled = [browser.get(story.path) for story in stories[:3]][-1]
        assert 'class="wall"' in walled.text
        assert 'class="appeal ' not in walled.text
        assert "<form" not in walled.text.partition('class="wall"')[2].partition("</section>")[0]
        assert asks(_third_of(registered(server), stories)), "one who is registered is asked there"
        assert count_of(browser) == 2
    finally:
        server.stop()


def _third_of(reader: Client, stories: list[Story]) -> Answer:
    return [reader.get(story.path) for story in stories[:3]][-1]
