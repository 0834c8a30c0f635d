"""Accounts in the newsroom's admin: one name, an address in lower case, a password only if wanted."""

from __future__ import annotations

import pytest
from django.test import Client

from broadsheet import clock
from broadsheet.readers.models import User
from tests.readers.conftest import new_address

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(new_address("chief")))
    session = client.session
    session["proved_at"] = clock.timestamp()
    session.save()
    return client


def test_an_administrator_makes_an_account_without_a_password(desk: Client) -> None:
    page = desk.get("/admin/users/new/").content.decode()
    assert "First Name" not in page
    address = new_address("colleague")
    answer = desk.post("/admin/users/new/", {"email": address.upper(), "name": "A Colleague", "is_superuser": ""})
    assert answer.status_code == 302
    made = User.objects.get(email=address)
    assert made.name == "A Colleague"
    assert not made.has_usable_password()


def test_an_administrator_renames_and_closes_an_account(desk: Client) -> None:
    colleague = User.objects.create_user(new_address("colleague"), "unlikely pelican battery")
    edit = f"/admin/users/edit/{colleague.pk}/"
    assert 'name="name"' in desk.get(edit).content.decode()
    answer = desk.post(edit, {"email": colleague.email, "name": "Renamed", "is_active": ""})
    assert answer.status_code == 302
    colleague.refresh_from_db()
    assert (colleague.name, colleague.is_active) == ("Renamed", False)
    assert colleague.check_password("unlikely pelican battery")


def test_an_address_has_one_account_in_the_admin_too(desk: Client) -> None:
    taken = User.objects.create_user(new_address("colleague"))
    answer = desk.post("/admin/users/new/", {"email": taken.email.upper(), "name": "Another"})
    assert answer.status_code == 200
    assert User.objects.filter(email__iexact=taken.email).count() == 1


def test_an_editor_changes_their_name_and_finds_the_rest_at_their_account(desk: Client) -> None:
    page = desk.get("/admin/account/").content.decode()
    assert "/account/" in page
    assert "password" not in page.lower().replace("your password", "")
    fields = {
        "name-name": "Chief Editor",
        "theme-theme": "system",
        "theme-contrast": "system",
        "theme-density": "default",
        "locale-preferred_language": "",
        "locale-current_time_zone": "",
    }
    desk.post("/admin/account/", fields)
    assert User.objects.filter(name="Chief Editor").exists()
