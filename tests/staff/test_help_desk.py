"""The help desk: find, explain, put right; each act with a reason, written down, and true at the gate."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from broadsheet import clock
from broadsheet.core.meter import Article as Metered
from broadsheet.core.meter import Policy, Read, ReaderClass, decide
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.newsroom.models import Article
from broadsheet.readers.models import User
from broadsheet.readers.signals import merging
from broadsheet.staff.acts.give_role import create_with_role
from broadsheet.staff.acts.merge_readers import merge_readers
from tests.factories import an_article
from tests.readers.conftest import Browser, Outbox, new_address, text_of
from tests.staff.conftest import at_the_admin, trail

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("three_a_month")]

ROLES = {"reporter": False, "editor": True, "publisher": True}


def staff_member(role: str) -> User:
    return create_with_role(new_address(role), "unlikely pelican battery", role)


@pytest.fixture
def editor() -> User:
    return staff_member("editor")


@pytest.fixture
def desk(editor: User) -> Client:
    return at_the_admin(editor)


def a_reader(*read: int) -> User:
    user = User.objects.create_user(new_address())
    _count(user, *read)
    return user


def _count(user: User, *articles: int) -> None:
    snapshot = open_ledger().policy()
    assert snapshot
    for article in articles:
        open_ledger().count(
            account_key(user.pk), Metered(article), ReaderClass.REGISTERED, None, snapshot.policy, clock.now()
        )


def reads(user: User) -> set[int]:
    return {read.article for read in open_ledger().reads(account_key(user.pk))}


def opens(user: User, article: Article) -> bool:
    """As the gate decides it."""
    snapshot = open_ledger().policy()
    assert snapshot
    kept: list[Read] = open_ledger().reads(account_key(user.pk))
    return decide(snapshot.policy, kept, article.for_meter(), ReaderClass.REGISTERED, clock.now()).opens


def said(client: Client, path: str, **fields: str) -> str:
    html = client.post(path, fields, follow=True).content.decode()
    return re.sub(r"\s+", " ", html)


@pytest.mark.parametrize(("role", "may"), ROLES.items())
def test_who_may_help(role: str, may: bool) -> None:
    reader = a_reader()
    client = at_the_admin(staff_member(role))
    for path in ("", *(f"{reader.pk}/{act}" for act in ("", "open/", "reset/", "sign-out/", "merge/", "erase/"))):
        assert (client.get(f"/admin/help-desk/{path}").status_code == 200) is may


def test_a_reader_is_found_by_part_of_the_address_or_by_number(desk: Client) -> None:
    reader = a_reader()
    for asked in (reader.email.upper(), reader.email[:7], str(reader.pk), f"#{reader.pk}"):
        assert f"/admin/help-desk/{reader.pk}/" in desk.get("/admin/help-desk/", {"q": asked}).content.decode()
    assert "three letters" in desk.get("/admin/help-desk/", {"q": "ex"}).content.decode()
    assert "No reader has" in desk.get("/admin/help-desk/", {"q": "nobody-at-all"}).content.decode()


def test_those_who_work_here_are_not_helped(desk: Client) -> None:
    colleague = staff_member("publisher")
    for asked in (colleague.email, str(colleague.pk)):
        assert "No reader has" in desk.get("/admin/help-desk/", {"q": asked}).content.decode()
    assert desk.get(f"/admin/help-desk/{colleague.pk}/").status_code == 404
    assert desk.post(f"/admin/help-desk/{colleague.pk}/sign-out/", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("role", ["reporter", "administrator"])
def test_a_closed_account_of_staff_is_not_helped_either(desk: Client, role: str) -> None:
    colleague, reader = staff_member(role), a_reader()
    User.objects.filter(pk=colleague.pk).update(is_staff=False)  # the group alone makes them staff
    colleague.refresh_from_db()
    colleague.is_active = False
    colleague.save()
    assert trail("staff.closed")[-1].label == str(colleague)
    for asked in (colleague.email, str(colleague.pk)):
        assert "No reader has" in desk.get("/admin/help-desk/", {"q": asked}).content.decode()
    for act, fields in (("erase", {"address": colleague.email}), ("reset", {})):
        assert desk.post(f"/admin/help-desk/{colleague.pk}/{act}/", {"reason": "x", **fields}).status_code == 404
    page = f"/admin/help-desk/{reader.pk}/merge/"
    assert "No reader has" in said(desk, page, other=colleague.email, reason="x", confirmed=str(colleague.pk))
    assert User.objects.filter(pk=colleague.pk).exists()


def test_a_whole_address_is_found_among_many_that_contain_it(desk: Client) -> None:
    meant = User.objects.create_user(f"z{new_address()}")
    for number in range(25):
        User.objects.create_user(f"a{number}{meant.email}")
    html = desk.get("/admin/help-desk/", {"q": meant.email}).content.decode()
    assert f"/admin/help-desk/{meant.pk}/" in html
    assert "There may be more" in html
    stays = a_reader()
    assert "Merge them" in said(desk, f"/admin/help-desk/{stays.pk}/merge/", other=meant.email, reason="Asked.")


def test_it_says_why_an_article_is_open_or_walled_and_shows_no_list(desk: Client) -> None:
    known, new = an_article(headline="Known to the reader"), an_article(headline="New to the reader")
    reader = a_reader(known.pk, 9001, 9002)
    path = f"/admin/help-desk/{reader.pk}/"
    page = desk.get(path).content.decode()
    assert "3 of 3 articles counted this month" in page
    assert "Known to the reader" not in page
    assert "All 3 articles this month have been opened" in said(desk, path, article=new.url)
    assert "counted before and costs nothing again" in said(desk, path, article="Known to")
    assert "No published article" in said(desk, path, article="/nowhere/at-all/")
    assert "Several articles fit" in said(desk, path, article="to the reader")
    entries = trail("reader.asked_why")
    assert len(entries) == 2
    assert "Known" not in str([(entry.label, entry.data) for entry in entries])


def test_opening_an_article_opens_it_alone(desk: Client, editor: User) -> None:
    walled, other = an_article(), an_article()
    reader = a_reader(9001, 9002, 9003)
    assert not opens(reader, walled)
    assert "is open for them now" in said(
        desk, f"/admin/help-desk/{reader.pk}/open/", article=walled.url, reason="The link in our letter was wrong."
    )
    assert opens(reader, walled)
    assert not opens(reader, other)
    assert reads(reader) == {9001, 9002, 9003, walled.pk}
    (entry,) = trail("reader.article_opened")
    assert (entry.user_id, entry.label) == (editor.pk, f"Reader {reader.pk}")
    assert "letter was wrong" in entry.message


def test_what_is_open_already_is_not_counted_for_them(desk: Client) -> None:
    article, reader = an_article(), a_reader(9001)
    html = said(desk, f"/admin/help-desk/{reader.pk}/open/", article=article.url, reason="Asked.")
    assert "They may read it already" in html
    assert reads(reader) == {9001}
    assert not trail("reader.article_opened")


def test_nothing_happens_without_a_reason(desk: Client) -> None:
    article, reader = an_article(), a_reader(9001, 9002, 9003)
    desk.post(f"/admin/help-desk/{reader.pk}/open/", {"article": article.url, "reason": " "})
    desk.post(f"/admin/help-desk/{reader.pk}/reset/", {"reason": ""})
    desk.post(f"/admin/help-desk/{reader.pk}/erase/", {"reason": "", "address": reader.email})
    assert reads(reader) == {9001, 9002, 9003}
    assert User.objects.filter(pk=reader.pk).exists()


def test_resetting_begins_the_count_anew(desk: Client) -> None:
    article, reader = an_article(), a_reader(9001, 9002, 9003)
    assert "begins anew" in said(desk, f"/admin/help-desk/{reader.pk}/reset/", reason="Shared a computer.")
    assert reads(reader) == set()
    assert opens(reader, article)
    assert len(trail("reader.count_reset")) == 1


def test_signing_out_ends_session_and_pass(desk: Client, browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.sign_in(address, outbox)
    reader = User.objects.get(email=address)
    assert "on 1 browser" in desk.get(f"/admin/help-desk/{reader.pk}/sign-out/").content.decode()
    desk.post(f"/admin/help-desk/{reader.pk}/sign-out/", {"reason": "Lost a telephone."})
    assert not browser.is_signed_in
    assert len(trail("reader.sessions_ended")) == 1


def test_merging_shows_both_first_and_then_joins_what_they_read(desk: Client, outbox: Outbox) -> None:
    stays, goes = a_reader(9001, 9002), a_reader(9002, 9003)
    path = f"/admin/help-desk/{stays.pk}/merge/"
    shown = said(desk, path, other=goes.email, reason="Wrote from both.")
    assert stays.email in shown
    assert goes.email in shown
    assert User.objects.filter(pk=goes.pk).exists()
    said(desk, path, other=str(goes.pk), reason="Wrote from both.", confirmed=str(goes.pk))
    assert not User.objects.filter(pk=goes.pk).exists()
    assert reads(stays) == {9001, 9002, 9003}
    assert open_ledger().entry(account_key(goes.pk)) is None
    (entry,) = trail("reader.merged")
    assert goes.email not in str(entry.data)
    for address in (stays.email, goes.email):
        assert "are one now" in text_of(outbox.mails(address)[-1])


def test_a_confirmation_holds_only_for_the_account_that_was_shown(desk: Client) -> None:
    stays, shown, another = a_reader(), a_reader(), a_reader()
    path = f"/admin/help-desk/{stays.pk}/merge/"
    desk.post(path, {"other": another.email, "reason": "Asked.", "confirmed": str(shown.pk)})
    assert User.objects.filter(pk__in=[shown.pk, another.pk]).count() == 2
    assert "That is this account itself" in said(desk, path, other=stays.email, reason="Asked.")


def test_other_parts_may_move_what_they_hold_before_an_account_goes(editor: User, outbox: Outbox) -> None:
    heard = []

    def hear(kept: User, other: User, **_: object) -> None:
        heard.append((kept.pk, User.objects.filter(pk=other.pk).exists()))

    merging.connect(hear)
    try:
        stays, goes = a_reader(), a_reader()
        merge_readers(stays, goes, by=editor, reason="Asked.")
    finally:
        merging.disconnect(hear)
    assert heard == [(stays.pk, True)]


def test_erasing_needs_the_address_and_leaves_a_number(desk: Client, outbox: Outbox) -> None:
    reader = a_reader(9001)
    number, address = reader.pk, reader.email
    path = f"/admin/help-desk/{number}/erase/"
    said(desk, f"/admin/help-desk/{number}/reset/", reason="First this.")
    page = desk.get(path).content.decode()
    assert "What is kept" in page
    assert f"under the number {number}" in page
    desk.post(path, {"reason": "Asked by letter.", "address": "somebody@example.org"})
    assert User.objects.filter(pk=number).exists()
    assert "is erased" in said(desk, path, reason="Asked by letter.", address=address.upper())
    assert not User.objects.filter(pk=number).exists()
    assert open_ledger().entry(account_key(number)) is None
    (entry,) = trail("reader.erased")
    assert entry.label == f"Reader {number}"
    assert "deleted" in text_of(outbox.mails(address)[-1])


def test_merging_and_erasing_ask_again_who_asks(editor: User) -> None:
    reader, client = a_reader(), at_the_admin(editor, proved=False)
    for act in ("merge", "erase"):
        answer = client.post(f"/admin/help-desk/{reader.pk}/{act}/", {"reason": "x", "address": reader.email})
        assert answer["Location"].startswith("/account/confirm/")
    assert User.objects.filter(pk=reader.pk).exists()


def test_readers_find_their_number_on_their_page(browser: Browser, outbox: Outbox) -> None:
    address = new_address()
    browser.sign_in(address, outbox)
    number = User.objects.get(email=address).pk
    assert re.search(rf"Your number</dt><dd>{number}\b", browser.get("/account/").content.decode())


def test_the_default_policy_counts_nothing_for_readers(desk: Client) -> None:
    open_ledger().publish_policy(PolicySnapshot(Policy(), "", "The Broadsheet"))
    article, reader = an_article(), a_reader()
    assert "Nothing is counted for registered readers" in desk.get(f"/admin/help-desk/{reader.pk}/").content.decode()
    assert "Nothing is counted" in said(desk, f"/admin/help-desk/{reader.pk}/", article=article.url)
