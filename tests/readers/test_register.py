"""Registering and signing in by code, through the front door."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from broadsheet.readers.models import User
from tests.readers.conftest import Browser, Outbox, another, new_address, pass_time, text_of

pytestmark = pytest.mark.django_db


def test_a_stranger_registers_with_a_code_and_is_back_in_the_article(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    asked = browser.post("/register/", {"email": address, "next": "/world/a-story/"})
    assert (asked.status_code, asked["Location"]) == (303, "/login/code/")
    assert not User.objects.filter(email=address).exists()

    page = browser.get("/login/code/")
    assert address in page.content.decode()
    done = browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert (done.status_code, done["Location"]) == (303, "/world/a-story/")
    assert browser.is_signed_in
    assert EmailAddress.objects.get(user__email=address).verified
    assert not User.objects.get(email=address).has_usable_password()


def test_an_address_is_one_account_however_it_is_typed(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.sign_in(address, outbox)
    other = Browser()
    other.post("/login/", {"email": f" {address.upper()} "})
    other.get("/login/code/")
    other.post("/login/code/", {"code": outbox.code_for(address)})
    assert other.is_signed_in
    assert User.objects.filter(email=address).count() == 1


@pytest.mark.parametrize(
    "spelling", ["{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", " {0} ", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}"]
)
def test_a_code_may_be_copied_with_spaces_or_a_dash(browser: Browser, outbox: Outbox, spelling: str) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    browser.post("/login/code/", {"code": spelling.format(outbox.code_for(address))})
    assert browser.is_signed_in


def test_a_wrong_code_says_so_and_how_many_tries_are_left(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    wrong = another(outbox.code_for(address))
    for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
        assert left in browser.post("/login/code/", {"code": wrong}).content.decode()
    assert "no longer works" in browser.post("/login/code/", {"code": wrong}).content.decode()
    assert "no longer works" in browser.post("/login/code/", {"code": outbox.code_for(address)}).content.decode()
    assert not browser.is_signed_in


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "१२३४५", "½½½½½½", "x" * 39])
def test_what_is_no_code_uses_up_no_try(browser: Browser, outbox: Outbox, typed: str) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    for _ in range(6):
        assert browser.post("/login/code/", {"code": typed}).status_code == 200
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in


def test_a_code_works_once(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    session = browser.client.cookies["sessionid"].value
    browser.get("/login/code/")
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in

    thief = Browser()
    thief.client.cookies["sessionid"] = session
    thief.client.cookies["csrftoken"] = browser.client.cookies["csrftoken"].value
    thief.post("/login/code/", {"code": outbox.code_for(address)})
    assert not thief.is_signed_in


def test_a_code_belongs_to_the_browser_that_asked(outbox: Outbox) -> None:
    asked, other, address = Browser(), Browser(), new_address()
    asked.post("/register/", {"email": address})
    code = outbox.code_for(address)
    assert other.get("/login/code/")["Location"] == "/login/"
    other.post("/register/", {"email": new_address()})  # it waits for a code of its own: this is not it
    other.get("/login/code/")
    assert "not the code we sent" in other.post("/login/code/", {"code": code}).content.decode()
    assert not other.is_signed_in

    asked.get("/login/code/")
    asked.post("/login/code/", {"code": code})
    assert asked.is_signed_in


def test_a_code_works_for_ten_minutes(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    browser.get("/login/code/")
    pass_time(9.9)
    assert "Enter the six digits" in browser.get("/login/code/").content.decode()
    pass_time(0.2)
    late = browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert "no longer works" in late.content.decode()
    assert "Send another code" in late.content.decode()
    assert 'name="code"' not in browser.get("/login/code/").content.decode()
    assert not browser.is_signed_in

    browser.post("/login/code/again/", {})
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.is_signed_in


def test_another_code_is_sent_at_most_once_a_minute(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address, "next": "/world/"})
    browser.get("/login/code/")
    early = browser.post("/login/code/again/", {})
    assert early["Location"] == "/login/code/"
    assert "sent a moment ago" in browser.get("/login/code/").content.decode()
    browser.post("/register/", {"email": address, "next": "/world/"})  # the long way round is no shorter
    assert len(outbox.mails(address)) == 1

    first = outbox.code_for(address)
    pass_time(1)
    browser.post("/login/code/again/", {})
    assert len(outbox.mails(address)) == 2
    assert "on its way" in browser.get("/login/code/").content.decode()
    if first != outbox.code_for(address):
        browser.post("/login/code/", {"code": first})
        assert not browser.is_signed_in
    assert browser.post("/login/code/", {"code": outbox.code_for(address)})["Location"] == "/world/"


def test_a_stranger_who_only_asks_has_a_session_of_hours_and_a_reader_of_months(
    browser: Browser, outbox: Outbox
) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    assert int(browser.client.cookies["sessionid"]["max-age"]) <= 2 * 3600
    browser.get("/login/code/")
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    for name in ("sessionid", "pass"):
        assert int(browser.client.cookies[name]["max-age"]) == 180 * 24 * 3600


def test_the_session_is_renewed_at_sign_in(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    planted = browser.client.cookies["sessionid"].value
    browser.get("/login/code/")
    browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert browser.client.cookies["sessionid"].value != planted
    attacker = Browser()
    attacker.client.cookies["sessionid"] = planted
    assert not attacker.is_signed_in


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example/",
        "javascript:alert(1)",
        "http:///evil.example",
        "evil.example",
        "/" + "a" * 3000,
    ],
)
def test_nobody_is_sent_elsewhere(browser: Browser, outbox: Outbox, elsewhere: str) -> None:
    address = new_address()
    browser.post("/register/", {"email": address, "next": elsewhere})
    browser.get("/login/code/")
    assert browser.post("/login/code/", {"code": outbox.code_for(address)})["Location"] == "/account/"
    assert browser.client.get("/login/", {"next": elsewhere})["Location"] == "/account/"


@pytest.mark.parametrize(
    ("referrer", "returns_to"),
    [
        ("http://testserver/world/a-story/", "/world/a-story/"),
        ("http://elsewhere.example/world/a-story/", "/account/"),
        ("http://testserver/login/code/", "/account/"),
        ("http://testserver//elsewhere.example/", "/account/"),
        ("", "/account/"),
    ],
)
def test_who_follows_the_link_of_the_notice_returns_to_the_story_without_any_script(
    browser: Browser, referrer: str, returns_to: str
) -> None:
    page = browser.get("/register/", Referer=referrer).content.decode()
    assert f'name="next" value="{returns_to}"' in page


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a@b", "a b@example.org", "x@" + "y" * 300 + ".org", "a@example.org\nBcc: b@example.org"]
)
def test_what_is_no_address_is_refused_and_nothing_sent(browser: Browser, outbox: Outbox, typed: str) -> None:
    answer = browser.post("/register/", {"email": typed, "next": "/world/"})
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert 'value="/world/"' in answer.content.decode()
    assert outbox.mails() == []


def test_whoever_is_signed_in_goes_straight_on(browser: Browser, outbox: Outbox) -> None:
    browser.sign_in(new_address(), outbox)
    for path in ("/register/", "/login/", "/login/password/"):
        assert browser.get(f"{path}?next=/world/")["Location"] == "/world/"


def test_the_mail_is_one_that_people_and_programs_can_read(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.post("/register/", {"email": address})
    (mail,) = outbox.mails(address)
    code = outbox.code_for(address)
    assert mail["Subject"] == "Your code for The Broadsheet"
    assert "The Broadsheet" in mail["From"]
    html = text_of(mail, "html")
    assert f">{code}<" in html
    assert "{{" not in html + text_of(mail)
    assert "src=" not in html  # no picture that tells when it was opened
    assert code not in mail["Message-ID"] + mail["Subject"]


def test_a_closed_account_is_said_only_to_the_owner_of_the_mailbox(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    User.objects.create_user(address, is_active=False)
    asked = browser.post("/login/", {"email": address})
    assert asked["Location"] == "/login/code/"
    browser.get("/login/code/")
    answer = browser.post("/login/code/", {"code": outbox.code_for(address)})
    assert answer.status_code == 403
    assert "closed" in answer.content.decode()
    assert not browser.is_signed_in
    assert "pass" not in browser.client.cookies


def test_account_pages_are_kept_by_nobody(browser: Browser, outbox: Outbox) -> None:
    pages = [browser.get(path) for path in ("/register/", "/login/", "/login/password/", "/account/reads/")]
    browser.sign_in(new_address(), outbox)
    pages += [browser.get(path) for path in ("/account/", "/account/reads/", "/account/sessions/", "/logout/")]
    for page in pages:
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        assert "unsafe-inline" not in page["Content-Security-Policy"]
        html = page.content.decode()
        assert "<style" not in html
        assert " style=" not in html
        assert "<script>" not in html
