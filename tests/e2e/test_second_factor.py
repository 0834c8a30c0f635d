"""Staff of a publication that requires a second factor, at their screens: passkeys, an app's digits, recovery codes.

Passkeys are real ones, made and used by the browser: only the device that would hold them is Chromium's virtual one.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from tests.e2e.conftest import Window, code_for, give_password, hired, mails_to, press, until
from tests.server import Server

Windows = Callable[..., Window]

OVERVIEW = "**/account/second-factor/"
ASKED_FIRST = re.compile(r"/account/second-factor/\?next=")
PASSKEY_REFUSED = "That passkey opens no account here. It may have been removed: please log in another way."


class NamedServer(Server):
    """Browsers make passkeys only for a site with a name; over plain http the one they take is `localhost`."""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def answers(self, path: str) -> int | None:
        """By its name: no other host is answered."""
        try:
            return self.client().get(path, follow=False).status
        except OSError:
            return None


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Server]:
    """An empty publication with nothing said about second factors: it requires them."""
    server = NamedServer(tmp_path_factory.mktemp("house") / "data", {"BROADSHEET_TESTING": "1"})
    server.data.mkdir()
    shutil.copy(migrated, server.data / "broadsheet.sqlite3")
    server.env = {**server.env, "BROADSHEET_BASE_URL": server.url}
    server.start()
    yield server
    server.stop()


class Device:
    """What holds passkeys: a telephone or computer with a fingerprint reader, or a plain security key."""

    def __init__(self, page: Page, *, asks_for_finger: bool = True) -> None:
        self._browser: CDPSession = page.context.new_cdp_session(page)
        self._browser.send("WebAuthn.enable")
        self._options = {
            "protocol": "ctap2",
            "transport": "internal" if asks_for_finger else "usb",
            "hasResidentKey": asks_for_finger,
            "hasUserVerification": asks_for_finger,
            "isUserVerified": asks_for_finger,
            "automaticPresenceSimulation": True,
        }
        self._kept: list[dict[str, object]] = []
        self.take_out()

    def take_out(self) -> None:
        """Use it at this screen, with the passkeys it holds."""
        added = self._browser.send("WebAuthn.addVirtualAuthenticator", {"options": self._options})
        self._id = {"authenticatorId": added["authenticatorId"]}
        for passkey in self._kept:
            self._browser.send("WebAuthn.addCredential", {**self._id, "credential": passkey})

    def put_away(self) -> None:
        self._kept = self.passkeys()
        self._browser.send("WebAuthn.removeVirtualAuthenticator", self._id)

    def passkeys(self) -> list[dict[str, object]]:
        return list(self._browser.send("WebAuthn.getCredentials", self._id)["credentials"])

    def know_the_finger(self, known: bool) -> None:
        self._browser.send("WebAuthn.setUserVerified", {**self._id, "isUserVerified": known})


def log_out(window: Window) -> None:
    window.open("/logout/")
    press(window, "Log out")


def come_back(window: Window, who: tuple[str, str], code: str) -> None:
    """Out, and in again by the password and a code."""
    log_out(window)
    give_password(window, who)
    give_code(window, code)


def make_passkey(window: Window, name: str, kind: str = "Add a passkey") -> None:
    """From the page of second factors."""
    window.page.click(f"main >> text={kind}")
    window.page.fill("input[name=name]", name)
    press(window, "Make a passkey" if kind == "Add a passkey" else "Add the key")


def use_passkey_alone(window: Window) -> None:
    window.open("/login/passkey/?next=/admin/")
    press(window, "Use my passkey")


def rows(window: Window) -> Locator:
    window.open("/account/second-factor/")
    return window.page.locator("main .account__rows li")


def shown_codes(window: Window) -> list[str]:
    return window.page.locator(".factor__codes code").all_inner_texts()


def set_up_app(window: Window) -> str:
    """From the page of second factors; the key of the app. The recovery codes are on the page that follows."""
    window.page.click("text=Set one up")
    key = window.page.locator("figure code").inner_text().replace(" ", "")
    picture = window.page.locator("figure img")
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "there is something to scan")
    give_code(window, digits(key), "Set it up")
    return key


def digits(key: str, later: int = 0) -> str:
    """What the app shows now, or in so many half minutes: the digits of one are taken once."""
    return str(format_hotp_value(hotp_value(key, int(time.time()) // 30 + later)))


def give_code(window: Window, code: str, button: str = "Go on") -> None:
    window.page.fill("input[name=code]", code)
    press(window, button)


def letter_to(house: Server, address: str) -> str:
    """The words of the last mail they were sent."""
    part = mails_to(house, address)[-1].get_body(("plain",))
    assert part is not None
    return re.sub(r"\s+", " ", part.get_content())


def trail_of(publisher: Window, words: str) -> list[str]:
    """The rows of “Who did what” that hold these words, newest first."""
    publisher.open("/admin/reports/who-did-what/")
    found = publisher.page.locator("main tbody tr").all_inner_texts()
    return [line for line in (re.sub(r"\s+", " ", row).strip() for row in found) if words in line]


def at_work(house: Server, window: Window, role: str) -> str:
    """Sign somebody new in to the newsroom, with an app of theirs; their address."""
    who = hired(house, role)
    give_password(window, who)
    set_up_app(window)
    window.open("/admin/")
    assert window.page.url == f"{house.url}/admin/"
    return who[0]


@dataclass(frozen=True)
class Colleague:
    window: Window
    address: str


@pytest.fixture(scope="module")
def publisher(house: Server, browser: Browser) -> Iterator[Colleague]:
    """One who stays signed in while others lose their keys."""
    context = browser.new_context(base_url=house.url, viewport={"width": 1280, "height": 900})
    window = Window(context, context.new_page(), urlsplit(house.url).netloc)
    yield Colleague(window, at_work(house, window, "publisher"))
    context.close()


# ── passkeys


def test_the_newsroom_opens_after_a_passkey_was_made_and_from_then_on_by_it_alone(
    house: Server, windows: Windows
) -> None:
    who, window = hired(house, "editor"), windows(house)
    page = window.page
    laptop = Device(page)
    give_password(window, who)
    page.wait_for_url(ASKED_FIRST)
    assert "The newsroom opens once you have set up a second factor" in window.said
    for door in ("/admin/", "/admin/pages/", "/admin/reports/who-did-what/"):
        window.open(door)
        assert "/account/second-factor/" in page.url, f"{door} is closed to a password alone"

    make_passkey(window, "Laptop")
    assert len(laptop.passkeys()) == 1
    assert len(set(shown_codes(window))) == 10
    page.click("text=Go on to the newsroom")
    page.wait_for_url("**/admin/")
    assert "A second factor was added" in letter_to(house, who[0])

    log_out(window)
    window.context.clear_cookies()
    window.open("/admin/")
    page.click("text=Use a passkey")
    expect(page.locator("main input:visible")).to_have_count(0)  # nothing is typed
    laptop.know_the_finger(False)
    page.click("main button:has-text('Use my passkey')")
    expect(page.get_by_role("alert")).to_contain_text("The browser did not give a passkey.")
    laptop.know_the_finger(True)
    press(window, "Use my passkey")
    assert page.url == f"{house.url}/admin/"


def test_a_passkey_is_asked_for_after_password_or_code(house: Server, windows: Windows) -> None:
    who, window = hired(house, "reporter"), windows(house)
    Device(window.page)
    give_password(window, who)
    make_passkey(window, "Telephone")

    log_out(window)
    give_password(window, who)
    assert "This account is protected by a second factor." in window.said
    window.open("/admin/")
    assert "/login/" in window.page.url, "half a sign-in opens nothing"
    give_password(window, who)
    press(window, "Use my passkey")
    assert window.page.url == f"{house.url}/admin/"

    log_out(window)
    window.open("/admin/")
    window.page.fill("main input[name=email]", who[0])
    window.page.click("main form:has(input[name=email]) button")
    window.page.fill("input[name=code]", code_for(house, who[0]))
    window.page.click("main form:has(input[name=code]) button >> nth=0")
    window.page.wait_for_url("**/login/factor/**")
    press(window, "Use my passkey")
    assert window.page.url == f"{house.url}/admin/"


def test_a_second_passkey_is_made_and_one_that_was_removed_opens_nothing(
    house: Server, windows: Windows, publisher: Colleague
) -> None:
    who, window = hired(house, "editor"), windows(house)
    page = window.page
    laptop = Device(page)
    give_password(window, who)
    make_passkey(window, "Laptop")

    rows(window).get_by_text("Remove").click()
    press(window, "Remove it")
    assert "It is your only second factor, and the newsroom needs one." in window.said
    expect(rows(window)).to_have_count(1)

    page.click("text=Add a passkey")
    page.fill("input[name=name]", "Telephone")
    page.click("main button:has-text('Make a passkey')")
    expect(page.get_by_role("alert")).to_contain_text("Perhaps this device has one for you already")
    laptop.put_away()
    telephone = Device(page)
    press(window, "Make a passkey")
    page.wait_for_url(OVERVIEW)
    assert len(telephone.passkeys()) == 1
    expect(rows(window)).to_contain_text(["Laptop", "Telephone"])

    rows(window).filter(has_text="Laptop").get_by_text("Remove").click()
    expect(page.locator("main")).to_contain_text("“Laptop” no longer opens your account then.")
    press(window, "Remove it")
    assert "It no longer opens your account." in window.said
    expect(rows(window)).to_contain_text(["Telephone"])
    assert "A second factor was removed" in letter_to(house, who[0])

    log_out(window)
    telephone.put_away()
    laptop.take_out()
    use_passkey_alone(window)
    expect(page.get_by_role("alert")).to_have_text(PASSKEY_REFUSED)
    window.open("/admin/")
    assert "/login/" in page.url
    laptop.put_away()
    telephone.take_out()
    use_passkey_alone(window)
    assert page.url == f"{house.url}/admin/"

    said = trail_of(publisher.window, who[0])
    assert sum("Set up a second factor: passkey" in line for line in said) == 2
    assert sum("Removed a second factor: passkey" in line for line in said) == 1


def test_a_security_key_stands_second_and_does_not_sign_in_alone(house: Server, windows: Windows) -> None:
    who, window = hired(house, "editor"), windows(house)
    Device(window.page, asks_for_finger=False)
    give_password(window, who)
    make_passkey(window, "Key on my ring", "Add a security key")
    log_out(window)
    window.open("/login/passkey/")
    window.page.click("main button:has-text('Use my passkey')")
    expect(window.page.get_by_role("alert")).to_contain_text("The browser did not give a passkey.")
    give_password(window, who)
    press(window, "Use my passkey")
    assert window.page.url == f"{house.url}/admin/"


def test_what_is_no_passkey_is_refused_in_words_about_passkeys(house: Server, windows: Windows) -> None:
    who, window = hired(house, "editor"), windows(house)
    for path, words in {
        "/login/passkey/": PASSKEY_REFUSED,
        "/account/second-factor/passkey/": "That passkey cannot be kept here. Please try again.",
    }.items():
        if path.startswith("/account/"):
            give_password(window, who)
        window.open(path)
        form = window.page.locator("form[data-passkey]")
        with window.page.expect_navigation():
            form.evaluate("""form => { form.elements.credential.value = '{"id": "AA"}'; form.submit() }""")
        expect(window.page.get_by_role("alert")).to_have_text(words)


# ── digits of an app, and recovery codes: without script too


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_app_and_recovery_codes_open_the_newsroom(
    house: Server, windows: Windows, publisher: Colleague, script: bool
) -> None:
    who, window = hired(house, "editor"), windows(house, java_script_enabled=script)
    page = window.page
    give_password(window, who)
    key = set_up_app(window)
    codes = shown_codes(window)
    assert len(set(codes)) == 10
    page.reload()
    assert shown_codes(window) == [], "they are shown once"
    page.click("text=Go on to the newsroom")
    page.wait_for_url("**/admin/")

    come_back(window, who, "000000")
    assert "That did not match." in window.said
    give_code(window, digits(key, later=1))
    assert page.url == f"{house.url}/admin/"

    come_back(window, who, codes[3])
    assert page.url == f"{house.url}/admin/"
    come_back(window, who, codes[3])
    assert "That did not match." in window.said, "each works once"
    give_code(window, codes[4])
    assert page.url == f"{house.url}/admin/"

    window.open("/account/second-factor/")
    assert "8 codes are left." in window.said
    press(window, "Make new codes")
    assert not set(shown_codes(window)) & set(codes)
    new = shown_codes(window)
    come_back(window, who, codes[5])
    assert "That did not match." in window.said, "the old ones no longer work"
    give_code(window, new[0])
    assert page.url == f"{house.url}/admin/"

    said = trail_of(publisher.window, who[0])
    assert sum("Signed in with a recovery code" in line for line in said) == 3
    assert sum("A wrong second factor was given" in line for line in said) == 3
    assert sum("Made new recovery codes" in line for line in said) == 1


def test_a_recovery_code_stands_in_for_a_passkey_where_there_is_no_script(house: Server, windows: Windows) -> None:
    who, window = hired(house, "editor"), windows(house)
    Device(window.page)
    give_password(window, who)
    make_passkey(window, "Laptop")
    code = shown_codes(window)[0]

    library = windows(house, java_script_enabled=False)
    give_password(library, who)
    assert "Passkeys need JavaScript. Without it, use a code." in library.said
    give_code(library, code)
    assert library.page.url == f"{house.url}/admin/"


# ── lost


@pytest.mark.parametrize("lost", ["passkey", "app"])
def test_a_publisher_recovers_a_colleague_who_lost_everything(
    house: Server, windows: Windows, publisher: Colleague, lost: str
) -> None:
    who, window = hired(house, "editor"), windows(house)
    device = Device(window.page)
    give_password(window, who)
    make_passkey(window, "Lost telephone") if lost == "passkey" else set_up_app(window)
    code = shown_codes(window)[0]
    window.open("/admin/")
    assert window.page.url == f"{house.url}/admin/"

    desk = publisher.window.page
    publisher.window.open("/admin/users/")
    desk.fill("input[name=q]", who[0])
    desk.press("input[name=q]", "Enter")
    desk.click(f"main td >> text={who[0]}")
    desk.click("text=Reset the second factor …")
    expect(desk.locator("main")).to_contain_text("make sure that it is they who ask")
    press(publisher.window, "Reset it")
    assert "This field is required." in publisher.window.said, "nothing is reset without a reason"
    desk.fill("input[name=reason]", "Telephone stolen; she came to my desk")
    press(publisher.window, "Reset it")
    assert "is signed out, and sets up a new factor at the next sign-in." in publisher.window.said
    expect(desk.get_by_text("Reset the second factor …")).to_have_count(0)

    window.open("/admin/")
    assert "/login/" in window.page.url, "whoever has the telephone is out"
    if lost == "passkey":
        use_passkey_alone(window)
        expect(window.page.get_by_role("alert")).to_have_text(PASSKEY_REFUSED)
    assert "were reset by a colleague" in letter_to(house, who[0])

    give_password(window, who)
    window.page.wait_for_url(ASKED_FIRST)
    device.put_away()
    Device(window.page)
    make_passkey(window, "New telephone")
    new = shown_codes(window)
    assert new and code not in new
    window.page.click("text=Go on to the newsroom")
    window.page.wait_for_url("**/admin/")
    (reset,) = trail_of(publisher.window, "Second factor reset")[:1]
    assert publisher.address in reset and who[0] in reset and "Telephone stolen; she came to my desk" in reset


def test_nobody_else_resets_a_factor(house: Server, windows: Windows, publisher: Colleague) -> None:
    reporter, editor = windows(house), windows(house)
    address = at_work(house, reporter, "reporter")
    at_work(house, editor, "editor")
    publisher.window.open("/admin/users/")
    link = publisher.window.page.locator(f"main td a:has-text('{address}')").get_attribute("href")
    found = re.search(r"/(\d+)/", link or "")
    assert found
    path = f"/admin/staff/{found[1]}/reset-factor/"
    publisher.window.open(path)
    assert "Reset it" in publisher.window.said, "the same address, for one who may"
    for window in (reporter, editor):
        window.open(path)
        assert "you do not have permission" in window.said and "Reset it" not in window.said
    expect(rows(reporter)).to_have_count(1)
