"""The pages of an account: name, address, password, sessions, data, leaving."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session

from broadsheet import clock
from broadsheet.core.meter import Article, Policy, ReaderClass
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.gate.passes import pass_id
from broadsheet.readers import privacy
from broadsheet.readers.acts.create_editor import create_editor
from broadsheet.readers.models import SentCode, User
from broadsheet.readers.signals import account_erased, registered, signed_in, signed_out
from tests.readers.conftest import Browser, Outbox, new_address, text_of

pytestmark = pytest.mark.django_db(transaction=True)

Registered = Callable[[], tuple[Browser, str]]
PASSWORD = "unlikely pelican battery"


def as_if_signed_in_long_ago(browser: Browser) -> None:
    session = browser.client.session
    session["proved_at"] = (clock.now() - timedelta(hours=1)).timestamp()
    session.save()


def carried_pass(browser: Browser) -> bytes:
    id_ = pass_id(browser.client.cookies["pass"].value)
    assert id_ is not None
    return id_


# Name


def test_a_reader_changes_their_name(reader: Registered) -> None:
    browser, address = reader()
    browser.get("/account/name/")
    browser.post("/account/name/", {"name": "Ada <b>Lovelace</b>"})
    assert "Ada &lt;b&gt;Lovelace&lt;/b&gt;" in browser.get("/account/").content.decode()
    assert User.objects.get(email=address).name == "Ada <b>Lovelace</b>"


@pytest.mark.parametrize(
    "path",
    ["/account/", "/account/name/", "/account/email/", "/account/password/", "/account/sessions/", "/account/delete/"],
)
def test_who_is_not_signed_in_signs_in_first_and_comes_back(browser: Browser, path: str) -> None:
    assert browser.get(path)["Location"] == f"/login/?next={path.replace('/', '%2F')}"


# Address


def test_a_new_address_proves_itself_and_the_old_one_is_told(reader: Registered, outbox: Outbox) -> None:
    browser, old = reader()
    new = new_address("new")
    browser.get("/account/email/")
    assert browser.post("/account/email/", {"email": new})["Location"] == "/account/email/code/"
    assert User.objects.filter(email=old).exists()

    browser.get("/account/email/code/")
    browser.post("/account/email/code/", {"code": outbox.code_for(new)})
    user = User.objects.get(email=new)
    assert [row.email for row in EmailAddress.objects.filter(user=user, verified=True, primary=True)] == [new]
    assert not User.objects.filter(email=old).exists()
    notice = outbox.mails(old)[-1]
    assert "was changed" in notice["Subject"]
    assert new not in text_of(notice)
    assert browser.is_signed_in


def test_an_address_that_has_an_account_looks_like_any_other_until_it_is_proved(
    reader: Registered, outbox: Outbox
) -> None:
    (browser, mine), (_, theirs) = reader(), reader()
    browser.get("/account/email/")
    taken = browser.post("/account/email/", {"email": theirs})
    assert taken["Location"] == "/account/email/code/"
    browser.get("/account/email/code/")
    assert browser.post("/account/email/code/", {"code": outbox.code_for(theirs)})["Location"] == "/account/email/"
    assert "Another account has that address" in browser.get("/account/email/").content.decode()
    assert User.objects.filter(email=mine).exists()


def test_a_code_for_one_thing_is_good_for_nothing_else(reader: Registered, outbox: Outbox) -> None:
    browser, _ = reader()
    new = new_address()
    browser.get("/account/email/")
    browser.post("/account/email/", {"email": new})
    code = outbox.code_for(new)
    as_if_signed_in_long_ago(browser)
    assert browser.post("/account/confirm/code/", {"code": code})["Location"] == "/account/confirm/"


# Is it you?


@pytest.mark.parametrize("path", ["/account/email/", "/account/password/", "/account/delete/"])
def test_what_could_take_an_account_away_asks_for_proof_first(reader: Registered, outbox: Outbox, path: str) -> None:
    browser, address = reader()
    as_if_signed_in_long_ago(browser)
    asked = browser.get(path)
    assert asked["Location"].startswith("/account/confirm/?next=")
    browser.get(asked["Location"])
    assert browser.post(path, {"email": address, "password": PASSWORD})["Location"].startswith("/account/confirm/")
    assert User.objects.filter(email=address).exists()

    browser.post("/account/confirm/", {"next": path})
    browser.get("/account/confirm/code/")
    assert browser.post("/account/confirm/code/", {"code": outbox.code_for(address)})["Location"] == path
    assert browser.get(path).status_code == 200


def test_a_password_is_proof_too(reader: Registered) -> None:
    browser, _ = reader()
    browser.get("/account/password/")
    browser.post("/account/password/", {"password": PASSWORD})
    as_if_signed_in_long_ago(browser)
    browser.get("/account/confirm/")
    wrong = browser.post("/account/confirm/", {"password": "not it at all", "next": "/account/email/"})
    assert "not your password" in wrong.content.decode()
    right = browser.post("/account/confirm/", {"password": PASSWORD, "next": "/account/email/"})
    assert right["Location"] == "/account/email/"


# Password


def test_a_password_is_set_used_changed_and_removed(reader: Registered, outbox: Outbox) -> None:
    browser, address = reader()
    elsewhere = Browser()
    elsewhere.sign_in(address, outbox)
    browser.get("/account/password/")
    browser.post("/account/password/", {"password": PASSWORD})
    assert User.objects.get(email=address).password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert browser.is_signed_in
    assert not elsewhere.is_signed_in
    assert "password" in outbox.mails(address)[-1]["Subject"]

    elsewhere = Browser()
    elsewhere.get("/login/password/")
    signed = elsewhere.post("/login/password/", {"email": address, "password": PASSWORD, "next": "/world/"})
    assert (signed.status_code, signed["Location"]) == (303, "/world/")
    assert elsewhere.is_signed_in

    browser.post("/account/password/", {"remove": "1"})
    assert not User.objects.get(email=address).has_usable_password()
    assert not elsewhere.is_signed_in
    assert browser.is_signed_in


@pytest.mark.parametrize("bad", ["short", "password123", "1234567890"])
def test_a_password_that_everybody_guesses_is_refused(reader: Registered, bad: str) -> None:
    browser, address = reader()
    browser.get("/account/password/")
    assert 'class="error"' in browser.post("/account/password/", {"password": bad}).content.decode()
    assert not User.objects.get(email=address).has_usable_password()


def test_a_forgotten_password_is_replaced_after_a_code(outbox: Outbox, browser: Browser) -> None:
    address = new_address()
    User.objects.create_user(address, PASSWORD)
    assert browser.get("/admin/password_reset/")["Location"] == "/login/?next=/account/password/"
    browser.post("/login/", {"email": address, "next": "/account/password/"})
    browser.get("/login/code/")
    assert browser.post("/login/code/", {"code": outbox.code_for(address)})["Location"] == "/account/password/"
    browser.post("/account/password/", {"password": "another unlikely pelican"})
    assert User.objects.get(email=address).check_password("another unlikely pelican")


def test_an_editor_signs_in_at_the_same_door(browser: Browser) -> None:
    address = new_address("editor")
    create_editor(address.upper(), PASSWORD)
    door = browser.get("/admin/")["Location"]
    assert door == "/login/?next=/admin/"
    assert browser.get("/admin/login/?next=/admin/pages/")["Location"] == "/login/?next=/admin/pages/"
    browser.get("/login/password/?next=/admin/")
    signed = browser.post("/login/password/", {"email": address, "password": PASSWORD, "next": "/admin/"})
    assert signed["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert open_ledger().pass_of(carried_pass(browser)).reader is ReaderClass.STAFF
    browser.post("/admin/logout/", {})
    assert browser.get("/admin/").status_code == 302


def test_a_reader_has_no_business_in_the_newsroom(reader: Registered) -> None:
    browser, _ = reader()
    assert browser.get("/admin/").status_code in (302, 403)


# Sessions


def test_a_reader_sees_their_sessions_and_ends_one(reader: Registered, outbox: Outbox) -> None:
    browser, address = reader()
    phone = Browser(
        agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Safari/604"
    )
    phone.sign_in(address, outbox)
    page = browser.get("/account/sessions/").content.decode()
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    kept = carried_pass(phone)
    ended = UserSession.objects.get(user__email=address, user_agent=phone.agent)
    browser.post("/account/sessions/end/", {"session": str(ended.pk)})
    assert open_ledger().pass_of(kept) is None  # the gate has forgotten, without waiting for the phone
    assert not phone.is_signed_in
    assert browser.is_signed_in


def test_a_reader_ends_all_other_sessions(reader: Registered, outbox: Outbox) -> None:
    browser, address = reader()
    others = [Browser(), Browser()]
    for other in others:
        other.sign_in(address, outbox)
    kept = [carried_pass(other) for other in others]
    browser.get("/account/sessions/")
    browser.post("/account/sessions/end/", {"others": "1"})
    assert [open_ledger().pass_of(id_) for id_ in kept] == [None, None]
    assert [other.is_signed_in for other in others] == [False, False]
    assert browser.is_signed_in


def test_nobody_ends_the_sessions_of_others(reader: Registered) -> None:
    (mine, _), (theirs, address) = reader(), reader()
    session = UserSession.objects.get(user__email=address)
    mine.get("/account/sessions/")
    for id_ in (str(session.pk), "0", "-1", "x", "9" * 30, ""):
        assert mine.post("/account/sessions/end/", {"session": id_})["Location"] == "/account/sessions/"
    assert theirs.is_signed_in


# Data, and leaving


def test_a_reader_downloads_what_is_held_about_them(reader: Registered) -> None:
    browser, address = reader()
    user = User.objects.get(email=address)
    open_ledger().count(account_key(user.pk), Article(77), ReaderClass.ANONYMOUS, None, Policy(), clock.now())
    browser.get("/account/")
    answer = browser.post("/account/data/", {})
    assert "attachment" in answer["Content-Disposition"]
    held = json.loads(answer.content)
    assert held["account"]["email"] == address
    assert held["sessions"][0]["address"] == browser.network
    assert [read["article"] for read in held["articles_that_counted"]] == [77]
    assert "password" not in answer.content.decode().replace("has_password", "")


def test_a_deleted_account_leaves_nothing(reader: Registered, outbox: Outbox) -> None:
    browser, address = reader()
    other = Browser()
    other.sign_in(address, outbox)
    user = User.objects.get(email=address)
    passes = [carried_pass(browser), carried_pass(other)]
    open_ledger().count(account_key(user.pk), Article(78), ReaderClass.ANONYMOUS, None, Policy(), clock.now())
    asked: list[User] = []
    privacy.register(privacy.Holder("test", export=lambda user: None, erase=asked.append))
    heard: list[int] = []
    hear = lambda user_id, **_: heard.append(user_id)  # noqa: E731
    account_erased.connect(hear)

    browser.get("/account/delete/")
    refused = browser.post("/account/delete/", {"email": "somebody@example.org"})
    assert "not the address of this account" in refused.content.decode()
    gone = browser.post("/account/delete/", {"email": f" {address.upper()}"})
    assert "is deleted" in gone.content.decode()
    privacy._holders.pop("test")

    assert not User.objects.filter(email=address).exists()
    assert not EmailAddress.objects.filter(email=address).exists()
    assert not SentCode.objects.filter(email=address).exists()
    assert not UserSession.objects.filter(user_id=user.pk).exists()
    assert not any(user.pk == int(row.get_decoded().get("_auth_user_id", 0)) for row in Session.objects.all())
    assert [open_ledger().pass_of(id_) for id_ in passes] == [None, None]
    assert open_ledger().entry(account_key(user.pk)) is None
    assert len(asked) == 1
    assert heard == [user.pk]
    assert "pass" not in {name for name, morsel in browser.client.cookies.items() if morsel.value}
    assert not browser.is_signed_in
    assert not other.is_signed_in
    assert "is deleted" in outbox.mails(address)[-1]["Subject"]


def test_the_only_administrator_cannot_leave_the_publication_alone(outbox: Outbox, browser: Browser) -> None:
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    address = new_address()
    create_editor(address, PASSWORD)
    browser.sign_in(address, outbox)
    browser.get("/account/delete/")
    assert "only administrator" in browser.post("/account/delete/", {"email": address}).content.decode()
    assert User.objects.filter(email=address).exists()


# Passes follow the account


def test_a_pass_is_given_at_sign_in_and_ends_at_sign_out(reader: Registered) -> None:
    browser, address = reader()
    morsel = browser.client.cookies["pass"]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    id_ = carried_pass(browser)
    held = open_ledger().pass_of(id_, clock.timestamp())
    assert held.reader is ReaderClass.REGISTERED
    assert held.account == User.objects.get(email=address).pk
    browser.get("/logout/")
    browser.post("/logout/", {})
    assert open_ledger().pass_of(id_) is None
    assert not browser.is_signed_in


def test_a_lost_pass_is_mended_by_the_next_account_page(reader: Registered) -> None:
    browser, _ = reader()
    lost = carried_pass(browser)
    open_ledger().drop_pass(lost)
    browser.get("/account/")
    assert carried_pass(browser) != lost
    assert open_ledger().pass_of(carried_pass(browser)) is not None
    del browser.client.cookies["pass"]
    browser.get("/account/")
    assert open_ledger().pass_of(carried_pass(browser)) is not None


def test_a_pass_without_its_session_is_taken_away(reader: Registered) -> None:
    browser, _ = reader()
    id_ = carried_pass(browser)
    del browser.client.cookies["sessionid"]
    browser.get("/account/reads/")
    assert browser.client.cookies["pass"].value == ""
    assert open_ledger().pass_of(id_) is None


@pytest.mark.parametrize("forged", ["", "x", "A" * 22, "%00", "é", "A" * 5000])
def test_a_forged_pass_is_worth_nothing(browser: Browser, forged: str) -> None:
    browser.client.cookies["pass"] = forged
    assert browser.get("/account/reads/").status_code == 200
    assert browser.get("/account/").status_code == 303


def test_a_closed_account_loses_its_passes_at_once(reader: Registered) -> None:
    browser, address = reader()
    user = User.objects.get(email=address)
    user.is_active = False
    user.save()
    assert open_ledger().pass_of(carried_pass(browser)) is None
    assert not browser.is_signed_in


def test_who_enters_the_newsroom_reads_as_staff_at_once(reader: Registered) -> None:
    browser, address = reader()
    user = User.objects.get(email=address)
    desk = Group.objects.create(name="Desk of this test")
    desk.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    user.groups.add(desk)
    assert open_ledger().pass_of(carried_pass(browser)).reader is ReaderClass.STAFF
    user.groups.remove(desk)
    assert open_ledger().pass_of(carried_pass(browser)).reader is ReaderClass.REGISTERED


def test_an_account_deleted_in_the_admin_is_forgotten_too(reader: Registered) -> None:
    browser, address = reader()
    user = User.objects.get(email=address)
    open_ledger().count(account_key(user.pk), Article(79), ReaderClass.ANONYMOUS, None, Policy(), clock.now())
    user.delete()
    assert open_ledger().pass_of(carried_pass(browser)) is None
    assert open_ledger().entry(account_key(user.pk or 0)) is None
    assert not SentCode.objects.filter(email=address).exists()


def test_what_happens_to_accounts_is_announced(outbox: Outbox, browser: Browser) -> None:
    heard: list[str] = []
    for name, signal in {"registered": registered, "signed in": signed_in, "signed out": signed_out}.items():
        hear = lambda name=name, **_: heard.append(name)  # noqa: E731
        signal.connect(hear, weak=False, dispatch_uid=f"test {name}")
    address = new_address()
    browser.sign_in(address, outbox)
    browser.post("/logout/", {})
    browser.sign_in(address, outbox)
    for name, signal in {"registered": registered, "signed in": signed_in, "signed out": signed_out}.items():
        signal.disconnect(dispatch_uid=f"test {name}")
    assert heard == ["registered", "signed in", "signed out", "signed in"]


def test_a_page_to_be_stored_knows_nobody(reader: Registered) -> None:
    """The gate sends no cookies with it; if it ever did, neither a pass nor a session may come back."""
    browser, _ = reader()
    lost = carried_pass(browser)
    open_ledger().drop_pass(lost)
    answer = browser.get("/account/reads/", **{"X-Broadsheet-Page": "describe"})
    assert "pass" not in answer.cookies
    assert open_ledger().pass_of(lost) is None
