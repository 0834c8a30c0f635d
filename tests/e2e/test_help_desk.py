"""A publisher at the help desk, and the readers who are helped: what is done in the admin is so at once on the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.client import Client
from tests.e2e.conftest import (
    Story,
    Window,
    code_for,
    copy_of,
    count_of,
    hired,
    is_open,
    is_walled,
    new_address,
    press,
    sign_in,
    sign_in_at_the_desk,
    stories_of,
)
from tests.e2e.test_account_ladder import let_read
from tests.e2e.test_second_factor import letter_to, trail_of
from tests.server import Server

Windows = Callable[..., Window]

ALLOWANCE = 3


@pytest.fixture(scope="module")
def publication(edition: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = copy_of(edition, tmp_path_factory.mktemp("helped") / "data").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def publisher(publication: Server) -> tuple[str, str]:
    """Their address and password."""
    return hired(publication, "publisher")


@pytest.fixture
def desk(publication: Server, publisher: tuple[str, str], windows: Windows) -> Window:
    """A publisher's window, in a publication that counts registered readers too."""
    window = windows(publication)
    sign_in_at_the_desk(window, publisher)
    let_read(window, strangers=ALLOWANCE - 1, registered=ALLOWANCE)
    return window


@pytest.fixture
def stories(publication: Server) -> list[Story]:
    return stories_of(publication)[:8]


def a_reader(publication: Server, address: str, read: list[Story]) -> Client:
    client = publication.client()
    assert sign_in(publication, client, address).status == 200
    assert all(is_open(client.get(story.path)) for story in read)
    return client


def open_reader(desk: Window, asked: str) -> str:
    """From the menu to the page of the one reader who is found; their number."""
    desk.open("/admin/")
    desk.page.click("nav >> text=Help desk")
    find(desk, asked)
    desk.page.click("main td.title a")
    desk.page.wait_for_url(re.compile(r"/admin/help-desk/\d+/$"))
    return desk.page.url.rstrip("/").rpartition("/")[2]


def find(desk: Window, asked: str) -> None:
    desk.page.fill("main input[name=q]", asked)
    press(desk, "Find")


def act(desk: Window, link: str, button: str, **fields: str) -> None:
    """From the reader's page: what is asked for, and the button that does it."""
    desk.page.click(f"main >> text={link}")
    for name, value in fields.items():
        desk.page.fill(f"main [name={name}]", value)
    press(desk, button)


def test_a_walled_article_is_explained_and_opened_for_one_reader(
    publication: Server, desk: Window, publisher: tuple[str, str], stories: list[Story], windows: Windows
) -> None:
    address, reader = new_address("Ada.Walled"), windows(publication)
    page = reader.page
    reader.open("/register/")
    page.fill("main input[name=email]", address)
    page.click("main form:has(input[name=email]) button")
    page.fill("input[name=code]", code_for(publication, address.lower()))
    press(reader, "Continue")
    for story in stories[:ALLOWANCE]:
        reader.open(story.path)
        expect(page.locator(".wall")).to_have_count(0)
    for story in stories[3:5]:
        reader.open(story.path)
        expect(page.locator(".wall")).to_be_visible()

    desk.open("/admin/help-desk/")
    find(desk, "ad")
    assert "Please type at least three letters." in desk.said
    find(desk, "nobody-of-this-name")
    assert "No reader has this address or number." in desk.said
    number = open_reader(desk, "ADA.WALL")
    assert "3 of 3 articles counted this month." in desk.said

    desk.page.fill("main [name=article]", "no such words in any headline")
    press(desk, "Say why")
    assert "No published article is at that address, or has these words in its headline." in desk.said
    desk.page.fill("main [name=article]", publication.url + stories[3].path)
    press(desk, "Say why")
    assert f"Walled: {stories[3].headline}" in desk.said
    assert "All 3 articles this month have been opened." in desk.said
    assert not any(story.headline in desk.said for story in stories[:3]), "what they read is theirs"

    desk.page.click("text=Open it for them …")
    press(desk, "Open it for them")
    assert "This field is required." in desk.said
    reader.open(stories[3].path)
    expect(page.locator(".wall")).to_be_visible()  # nothing happens without a reason
    desk.page.fill("main [name=reason]", "Needs it for a school paper")
    press(desk, "Open it for them")
    assert f"“{stories[3].headline}” is open for them now." in desk.said
    assert "4 of 3 articles counted this month." in desk.said

    page.reload()
    expect(page.locator(".wall")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(stories[3].headline)
    reader.open(stories[4].path)
    expect(page.locator(".wall")).to_be_visible()
    reader.open(stories[0].path)
    expect(page.locator(".wall")).to_have_count(0)

    act(desk, "Open an article …", "Open it for them", article=stories[3].path, reason="Once more")
    assert "They may read it already." in desk.said

    (asked,) = trail_of(desk, "Looked up why an article was open or walled")
    (opened,) = trail_of(desk, "Opened an article")
    for entry in (asked, opened):
        assert publisher[0] in entry and f"Reader {number}" in entry
        assert address.lower() not in entry and stories[3].headline not in entry
    assert "Needs it for a school paper" in opened


def test_a_count_that_was_reset_begins_anew(
    publication: Server, desk: Window, publisher: tuple[str, str], stories: list[Story]
) -> None:
    address = new_address("counted")
    reader = a_reader(publication, address, stories[:ALLOWANCE])
    assert is_walled(reader.get(stories[3].path))
    number = open_reader(desk, address)
    act(desk, "Reset the count …", "Reset it", reason="A child read on her telephone")
    assert "The count begins anew." in desk.said and "0 of 3 articles counted this month." in desk.said
    assert is_open(reader.get(stories[3].path))
    assert count_of(reader) == 1
    (entry,) = trail_of(desk, "Reset the count")
    assert publisher[0] in entry and f"Reader {number}" in entry and "A child read on her telephone" in entry


def test_a_reader_is_signed_out_everywhere(
    publication: Server, desk: Window, publisher: tuple[str, str], stories: list[Story], windows: Windows
) -> None:
    address, at_home = new_address("signed-in"), windows(publication)
    library = a_reader(publication, address, stories[:ALLOWANCE])
    assert is_walled(library.get(stories[3].path)), "as one who is registered"
    at_home.context.add_cookies(
        [
            {"name": name, "value": value, "url": publication.url}
            for name, value in a_reader(publication, address, []).cookies.items()
        ]
    )
    at_home.open("/account/")
    assert address in at_home.said

    number = open_reader(desk, address)
    desk.page.click("main >> text=Sign them out everywhere …")
    expect(desk.page.locator("main")).to_contain_text("They are signed in on 2 browsers.")
    desk.page.fill("main [name=reason]", "Left a library’s computer open")
    press(desk, "Sign them out")
    assert "They are signed out everywhere." in desk.said and "Signed in on 0 browsers" in desk.said

    at_home.page.reload()
    assert "/login/" in at_home.page.url and address not in at_home.said
    assert "/login/" in library.get("/account/").url
    assert is_open(library.get(stories[3].path)), "a stranger again, who has opened nothing"
    assert sign_in(publication, library, address).status == 200
    (entry,) = trail_of(desk, "Signed the reader out everywhere")
    assert publisher[0] in entry and f"Reader {number}" in entry and "Left a library’s computer open" in entry


def test_two_accounts_become_one_with_what_both_read(
    publication: Server, desk: Window, publisher: tuple[str, str], stories: list[Story]
) -> None:
    kept, other = new_address("kept"), new_address("other")
    reader = a_reader(publication, kept, stories[:2])
    gone = a_reader(publication, other, stories[1:3])
    other_number = open_reader(desk, other)
    number = open_reader(desk, kept)

    act(desk, "Merge two accounts …", "Show both", other="nobody@example.org", reason="Two addresses, one reader")
    assert "No reader has this address or number." in desk.said
    desk.page.fill("main [name=other]", kept)
    press(desk, "Show both")
    assert "That is this account itself." in desk.said
    desk.page.fill("main [name=other]", publisher[0])
    press(desk, "Show both")
    assert "No reader has this address or number." in desk.said, "those who work here are not merged"
    desk.page.fill("main [name=other]", other)
    press(desk, "Show both")
    columns = [desk.page.locator(f"main table tr td:nth-of-type({column})").all_inner_texts() for column in (1, 2)]
    assert [column[:2] for column in columns] == [[number, kept], [other_number, other]]
    assert count_of(gone) == 2, "nothing is done before both were seen"

    press(desk, "Merge them")
    assert "The accounts are one now. Both addresses were told by mail." in desk.said
    assert "3 of 3 articles counted this month." in desk.said, "each once, never a sum"
    assert count_of(reader) == 3
    assert is_open(reader.get(stories[2].path)) and is_walled(reader.get(stories[3].path))
    assert "/login/" in gone.get("/account/").url
    for address in (kept, other):
        assert f"It goes by the address {kept}; {other} no longer has an account." in letter_to(publication, address)
    desk.open("/admin/help-desk/")
    find(desk, other)
    assert "No reader has this address or number." in desk.said
    (entry,) = trail_of(desk, f"Merged number {other_number} into it")
    assert publisher[0] in entry and f"Reader {number}" in entry and "Two addresses, one reader" in entry


def test_an_account_is_erased_when_its_address_was_typed(
    publication: Server, desk: Window, publisher: tuple[str, str], stories: list[Story]
) -> None:
    address = new_address("leaving")
    reader = a_reader(publication, address, stories[:ALLOWANCE])
    number = open_reader(desk, address)
    act(desk, "Erase the account …", "Erase it", reason="Asked by letter", address="somebody@example.org")
    assert "That is not the address of this account." in desk.said
    assert count_of(reader) == 3
    assert "What is kept" in desk.said
    desk.page.fill("main [name=address]", address.upper())
    press(desk, "Erase it")
    assert f"Reader {number} is erased." in desk.said

    assert "/login/" in reader.get("/account/").url
    assert "is deleted, as you asked" in letter_to(publication, address)
    for asked in (address, number):
        find(desk, asked)
        assert "No reader has this address or number." in desk.said
    (entry,) = trail_of(desk, "Erased the account")
    assert publisher[0] in entry and f"Reader {number}" in entry and "Asked by letter" in entry
    desk.open("/admin/reports/who-did-what/")
    assert address not in desk.page.content()

    newcomer = a_reader(publication, address, stories[3:6])
    assert count_of(newcomer) == 3, "who comes back begins anew"


def test_a_reporter_sees_neither_readers_nor_the_trail(publication: Server, desk: Window, windows: Windows) -> None:
    address = new_address("private")
    a_reader(publication, address, [])
    number = open_reader(desk, address)
    reporter = windows(publication)
    sign_in_at_the_desk(reporter, hired(publication, "reporter"))
    desk.open("/admin/")
    expect(desk.page.locator("nav >> text=Help desk")).to_have_count(1)
    expect(reporter.page.locator("nav >> text=Help desk")).to_have_count(0)
    acts = ("", *(f"{number}/{act}" for act in ("", "open/", "reset/", "sign-out/", "merge/", "erase/")))
    for path in (*(f"help-desk/{act}" for act in acts), "reports/who-did-what/", f"help-desk/?q={address}"):
        reporter.open(f"/admin/{path}")
        assert "you do not have permission" in reporter.said, path
        assert address not in reporter.page.content()
