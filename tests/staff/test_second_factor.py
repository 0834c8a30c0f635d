"""The second factor, through the pages: set up, asked for, lost, recovered."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.http import HttpResponse

from broadsheet.readers.models import User
from broadsheet.readers.second_factor import has_second_factor
from broadsheet.staff.acts.give_role import create_with_role
from broadsheet.staff.acts.recover_editor import NoSuchEditor, recover_editor
from broadsheet.staff.views import factor
from tests.readers.conftest import Browser, Outbox, new_address, text_of
from tests.staff.conftest import at_the_admin, trail

pytestmark = pytest.mark.django_db

PASSWORD = "unlikely pelican battery"


def digits(secret: str, step: int = 0) -> str:
    cache.clear()  # a code works once; the next test may fall into the same half minute
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def staff_member(role: str = "editor") -> User:
    return create_with_role(new_address(role), PASSWORD, role)


def with_password(browser: Browser, user: User, next_path: str = "/admin/") -> HttpResponse:
    browser.get("/login/password/")
    return browser.post("/login/password/", {"email": user.email, "password": PASSWORD, "next": next_path})


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """The seed and the recovery codes, as the pages show them."""
    html = browser.get("/account/second-factor/app/").content.decode()
    found = re.search(r'<code dir="ltr">([A-Z2-7 ]+)</code>', html)
    assert found
    secret = found[1].replace(" ", "")
    answer = browser.post("/account/second-factor/app/", {"code": digits(secret)})
    assert answer["Location"] == "/account/second-factor/codes/"
    shown = browser.get("/account/second-factor/codes/").content.decode()
    return secret, re.findall(r"<li><code>(\d{8})</code></li>", shown)


def test_staff_without_a_second_factor_are_led_to_one_before_they_see_the_newsroom(
    browser: Browser, required: None, outbox: Outbox
) -> None:
    user = staff_member()
    assert with_password(browser, user)["Location"] == "/admin/"
    answer = browser.get("/admin/")
    assert answer.status_code == 303
    assert answer["Location"] == "/account/second-factor/?next=%2Fadmin%2F"
    assert browser.get("/admin/images/")["Location"].startswith("/account/second-factor/")
    browser.get(answer["Location"])
    set_up(browser)
    assert browser.get("/admin/").status_code == 200
    assert "added" in text_of(outbox.mails(user.email)[-1])


def test_the_demo_asks_nobody(browser: Browser) -> None:
    with_password(browser, staff_member())
    assert browser.get("/admin/").status_code == 200


def test_readers_are_never_asked(browser: Browser, required: None, outbox: Outbox) -> None:
    browser.sign_in(new_address(), outbox)
    assert browser.is_signed_in
    assert browser.get("/account/second-factor/").status_code == 404
    assert browser.get("/account/second-factor/app/").status_code == 404


def test_a_password_alone_no_longer_signs_in(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    secret, codes = set_up(browser)
    assert len(set(codes)) == 10
    other = Browser()
    assert with_password(other, user)["Location"] == "/login/factor/?next=%2Fadmin%2F"
    assert not other.is_signed_in
    assert other.get("/admin/").status_code in (302, 303)
    wrong = other.post("/login/factor/", {"code": "000000", "next": "/admin/"})
    assert "did not match" in wrong.content.decode()
    right = other.post("/login/factor/", {"code": digits(secret, 1), "next": "/admin/"})
    assert right["Location"] == "/admin/"
    assert other.get("/admin/").status_code == 200
    assert len(trail("staff.factor_failed")) == 1


def test_a_code_to_the_mailbox_alone_no_longer_signs_in(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    secret, _ = set_up(browser)
    other = Browser()
    assert other.sign_in(user.email, outbox)["Location"].startswith("/login/factor/")
    assert not other.is_signed_in
    other.post("/login/factor/", {"code": digits(secret, 1), "next": "/account/"})
    assert other.is_signed_in


def test_setting_one_up_ends_sessions_that_were_opened_without(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    elsewhere = Browser()
    with_password(elsewhere, user)
    with_password(browser, user)
    set_up(browser)
    assert browser.is_signed_in
    assert not elsewhere.is_signed_in


def test_a_recovery_code_works_once(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    _, codes = set_up(browser)
    for expected in (True, False):
        other = Browser()
        with_password(other, user)
        other.post("/login/factor/", {"code": codes[0], "next": "/account/"})
        assert other.is_signed_in is expected
    assert len(trail("staff.code_used")) == 1


def test_recovery_codes_are_shown_once_and_can_be_downloaded(browser: Browser, outbox: Outbox) -> None:
    with_password(browser, staff_member())
    html = browser.get("/account/second-factor/app/").content.decode()
    secret = re.search(r'<code dir="ltr">([A-Z2-7 ]+)</code>', html)[1].replace(" ", "")  # type: ignore[index]
    browser.post("/account/second-factor/app/", {"code": digits(secret)})
    first = browser.get("/account/second-factor/codes/").content.decode()
    codes = re.findall(r"<li><code>(\d{8})</code></li>", first)
    file = unquote(re.search(r'download="recovery-codes.txt" href="data:text/plain;charset=utf-8,([^"]+)"', first)[1])  # type: ignore[index]
    assert all(code in file.splitlines() for code in codes)
    again = browser.get("/account/second-factor/codes/").content.decode()
    assert not any(code in again for code in codes)
    browser.post("/account/second-factor/codes/", {})
    renewed = re.findall(
        r"<li><code>(\d{8})</code></li>", browser.get("/account/second-factor/codes/").content.decode()
    )
    assert len(renewed) == 10
    assert not set(renewed) & set(codes)


def test_tries_are_limited_and_the_page_says_for_how_long(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    secret, _ = set_up(browser)
    other = Browser()
    with_password(other, user)
    for _ in range(6):
        assert other.post("/login/factor/", {"code": "000000"}).status_code == 200
    refused = other.post("/login/factor/", {"code": digits(secret, 1)})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 300
    assert re.search(r"in [45] minutes", refused.content.decode())
    # From another network, the owner gets in.
    elsewhere = Browser()
    with_password(elsewhere, user)
    elsewhere.post("/login/factor/", {"code": digits(secret, 1), "next": "/account/"})
    assert elsewhere.is_signed_in


def test_the_mailbox_alone_cannot_take_the_factor_away(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    secret, _ = set_up(browser)
    session = browser.client.session
    session["proved_at"] = time.time() - 3600
    session.save()
    app = Authenticator.objects.get(user=user, type="totp")
    path = f"/account/second-factor/{app.pk}/remove/"
    to_confirm = browser.post(path, {})
    assert to_confirm["Location"].startswith("/account/confirm/")
    asked = browser.get(to_confirm["Location"])
    assert asked["Location"].startswith("/account/confirm/factor/")
    browser.post("/account/confirm/", {"next": path})
    assert not [mail for mail in outbox.mails(user.email) if "code" in mail["Subject"].lower()]
    browser.get("/account/confirm/factor/")
    browser.post("/account/confirm/factor/", {"code": digits(secret, 1), "next": path})
    assert browser.get(path).status_code == 200
    browser.post(path, {})
    assert not has_second_factor(user)


def test_the_only_factor_stays_where_one_is_required(browser: Browser, required: None, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    set_up(browser)
    app = Authenticator.objects.get(user=user, type="totp")
    browser.post(f"/account/second-factor/{app.pk}/remove/", {})
    assert has_second_factor(user)
    assert "only second factor" in browser.get("/account/second-factor/").content.decode()


def test_the_seed_lies_encrypted_and_leaves_with_no_download(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    secret, codes = set_up(browser)
    kept = str(list(Authenticator.objects.filter(user=user).values_list("data", flat=True)))
    assert secret not in kept
    download = browser.post("/account/data/", {}).content.decode()
    assert '"totp"' in download
    assert secret not in download
    assert codes[0] not in download


def test_a_publisher_resets_a_colleagues_factor(browser: Browser, outbox: Outbox) -> None:
    user = staff_member()
    with_password(browser, user)
    set_up(browser)
    publisher = staff_member("publisher")
    desk = at_the_admin(publisher)
    path = f"/admin/staff/{user.pk}/reset-factor/"
    assert "Reset it" in desk.get(path).content.decode()
    assert desk.post(path, {"reason": ""}).status_code == 200
    assert has_second_factor(user)
    assert desk.post(path, {"reason": "Telephone lost; known by voice."}).status_code == 302
    assert not has_second_factor(user)
    assert not browser.is_signed_in
    (entry,) = trail("staff.factor_reset")
    assert entry.user_id == publisher.pk
    assert "known by voice" in entry.message
    assert "reset by a colleague" in text_of(outbox.mails(user.email)[-1])


def test_an_editor_resets_nobodys_factor_and_a_publisher_no_administrators() -> None:
    administrator = staff_member("administrator")
    colleague = staff_member("reporter")
    assert at_the_admin(staff_member()).get(f"/admin/staff/{colleague.pk}/reset-factor/").status_code in (302, 403)
    publisher = at_the_admin(staff_member("publisher"))
    assert publisher.get(f"/admin/staff/{colleague.pk}/reset-factor/").status_code == 200
    assert publisher.get(f"/admin/staff/{administrator.pk}/reset-factor/").status_code in (302, 403)


def test_the_command_line_recovers_who_lost_everything(browser: Browser, outbox: Outbox) -> None:
    user = staff_member("editor")
    with_password(browser, user)
    set_up(browser)
    recover_editor(user.email, "another pelican battery")
    assert not has_second_factor(user)
    assert not browser.is_signed_in
    user.refresh_from_db()
    assert user.check_password("another pelican battery")
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["Editors"]
    assert len(trail("staff.recovered")) == 1
    with pytest.raises(NoSuchEditor):
        recover_editor(User.objects.create_user(new_address()).email, "x" * 12)


def given(**response: str) -> str:
    return json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": response})


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "[]",
        '"x"',
        "null",
        "{}",
        '{"id": 1, "rawId": 2, "type": 3, "response": 4}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": null}}',
        given(clientDataJSON="AA", authenticatorData="AA", signature="AA", userHandle="///"),
        given(clientDataJSON="e30", authenticatorData="AA", signature="AA", userHandle="MQ"),
        given(clientDataJSON="e30", attestationObject="AA"),
        "{" * 2000,
    ],
)
def test_what_is_no_passkey_signs_nobody_in(
    browser: Browser, outbox: Outbox, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factor, "can_passkeys", lambda: True)  # as behind https
    assert browser.get("/login/passkey/").status_code == 200
    assert browser.post("/login/passkey/", {"credential": credential}).status_code == 200
    assert not browser.is_signed_in
    user = staff_member()
    with_password(browser, user)
    set_up(browser)
    browser.post("/account/second-factor/passkey/", {"name": "x", "credential": credential})
    other = Browser()
    with_password(other, user)
    assert other.post("/login/factor/", {"credential": credential}).status_code == 200
    assert not other.is_signed_in


def test_a_passkey_form_sent_without_script_says_one_thing(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factor, "can_passkeys", lambda: True)  # as behind https
    browser.get("/login/passkey/")
    page = browser.post("/login/passkey/", {"credential": ""}).content.decode()
    assert page.count('class="error" role="alert">The browser gave no passkey.') == 1
    assert "This field is required" not in page


def test_a_stranger_at_the_passkey_page_is_remembered_for_two_hours_only(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.get("/login/passkey/")
    assert "sessionid" not in browser.client.cookies, "without passkeys there is nothing to remember"
    monkeypatch.setattr(factor, "can_passkeys", lambda: True)
    browser.get("/login/passkey/")
    assert browser.client.session.get_expiry_age() <= 2 * 3600
