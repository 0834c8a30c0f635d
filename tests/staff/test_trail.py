"""Who did what: what is written by itself, and the report that shows it."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import get_resolver
from wagtail.models import ModelLogEntry

from broadsheet.readers.models import User
from broadsheet.staff.acts.give_role import create_with_role
from broadsheet.staff.trail import ACTIONS, record
from tests.factories import an_article
from tests.readers.conftest import Browser, Outbox, new_address
from tests.staff.conftest import at_the_admin, trail

pytestmark = pytest.mark.django_db

PASSWORD = "unlikely pelican battery"


def staff_member(role: str) -> User:
    return create_with_role(new_address(role), PASSWORD, role)


def test_staff_signing_in_is_written_down_and_readers_are_not(browser: Browser, outbox: Outbox) -> None:
    editor = staff_member("editor")
    browser.get("/login/password/")
    browser.post("/login/password/", {"email": editor.email, "password": PASSWORD})
    (entry,) = trail("staff.signed_in")
    assert entry.user_id == editor.pk
    Browser().sign_in(new_address(), outbox)
    assert len(trail("staff.signed_in")) == 1


def test_the_report_shows_publishing_settings_and_acts_together_to_a_publisher() -> None:
    editor, publisher = staff_member("editor"), staff_member("publisher")
    article = an_article(headline="Written down")
    desk = at_the_admin(editor)
    desk.post(f"/admin/pages/{article.pk}/unpublish/", {"reason": "Wrong", "notice": "Wrong"})
    record("reader.count_reset", User.objects.create_user(new_address()), by=editor, reason="Asked by telephone")
    html = at_the_admin(publisher).get("/admin/reports/who-did-what/").content.decode()
    assert "Asked by telephone" in html
    assert "Roles:" in html


def test_the_report_filters_and_leaves_as_csv() -> None:
    editor = staff_member("editor")
    reader = User.objects.create_user(new_address())
    record("reader.count_reset", reader, by=editor, reason="Kept, for the count")
    record("reader.sessions_ended", reader, by=editor, reason="Another act")
    desk = at_the_admin(staff_member("publisher"))
    answer = desk.get("/admin/reports/who-did-what/", {"action": "reader.count_reset", "export": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    (row,) = rows
    assert row["What happened"] == "Reset the count. Kept, for the count"
    assert row["Who"] == str(editor)
    assert row["Name"] == f"Reader {reader.pk}"
    assert reader.email not in str(row)


def test_entries_cannot_be_changed_in_the_admin() -> None:
    entry = ModelLogEntry.objects.filter(action="staff.roles_changed").first()
    staff_member("editor")
    names = [str(name) for name in get_resolver().reverse_dict if isinstance(name, str)]
    assert not [name for name in names if "logentry" in name.lower()]
    desk = at_the_admin(staff_member("administrator"))
    before = ModelLogEntry.objects.count()
    assert desk.post("/admin/reports/who-did-what/", {"delete": entry.pk if entry else 1}).status_code == 405
    assert ModelLogEntry.objects.count() == before


def test_every_act_reads_as_a_sentence() -> None:
    user = User.objects.create_user(new_address())
    for action in ACTIONS:
        record(action, user, by=user)
    for entry in ModelLogEntry.objects.for_instance(user):
        assert "{" not in entry.message
        assert str(entry.formatter.label)


def test_erasing_an_account_takes_names_out_of_the_trail() -> None:
    editor = staff_member("editor")
    number, address = editor.pk, editor.email
    record("staff.signed_in", editor, by=editor)
    assert address in ModelLogEntry.objects.for_instance(editor).values_list("label", flat=True)
    editor.delete()
    labels = set(ModelLogEntry.objects.filter(object_id=str(number)).values_list("label", flat=True))
    assert labels == {f"Reader {number}"}
