"""Nobody learns from page, status, headers, time or mail whether an address has an account."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from broadsheet.readers.models import User
from tests.readers.conftest import Browser, Outbox, another, new_address, text_of

pytestmark = pytest.mark.django_db

ACCOUNTS = {
    "reader": lambda address: User.objects.create_user(address),
    "reader with a password": lambda address: User.objects.create_user(address, "correct horse battery"),
    "closed": lambda address: User.objects.create_user(address, is_active=False),
    "editor": lambda address: User.objects.create_superuser(address, "correct horse battery"),
}


def seen(answer: HttpResponse, address: str) -> tuple[int, dict[str, str], str]:
    """All that an answer says, without what is drawn by lot and the address that was typed."""
    text = answer.content.decode().replace(address, "ADDRESS")
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "TOKEN", text)
    text = re.sub(r'name="code" value="\d+"', "TYPED", text)
    text = re.sub(r"\bin \d+ seconds?\b", "WAIT", text)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("Expires", "Retry-After", "Content-Length")
    }
    return answer.status_code, headers, text


def statements(queries: CaptureQueriesContext) -> list[str]:
    """What was asked of the database, without the values."""
    return [re.sub(r"'[^']*'|\b\d+\b|\bs\d+_x\d+\b", "?", query["sql"]) for query in queries]


def walk(path: str, address: str, outbox: Outbox) -> list[object]:
    """Everything that somebody sees who types an address and cannot read its mailbox."""
    browser, trace = Browser(), []
    with CaptureQueriesContext(connection) as queries:
        trace.append(seen(browser.post(path, {"email": address, "next": "/world/"}), address))
        trace.append(seen(browser.get("/login/code/"), address))
        wrong = another(outbox.code_for(address))
        for _ in range(6):
            trace.append(seen(browser.post("/login/code/", {"code": wrong}), address))
        trace.append(seen(browser.post("/login/code/again/", {}), address))
        trace.append(seen(browser.get("/login/code/"), address))
        trace.append(seen(browser.post(path, {"email": address, "next": "/world/"}), address))
    trace.append(statements(queries))
    trace.append([(name, morsel["max-age"]) for name, morsel in browser.client.cookies.items()])
    for mail in outbox.mails(address):
        code = outbox.code_for(address)
        trace.append([part.get_content_type() for part in mail.walk()])
        trace.append({name: mail[name] for name in mail if name in ("Subject", "From")})
        trace.append(sorted(mail.keys()))
        trace.append(text_of(mail).replace(code, "CODE"))
        trace.append(text_of(mail, "html").replace(code, "CODE"))
    return trace


@pytest.mark.parametrize("path", ["/register/", "/login/"])
@pytest.mark.parametrize("kind", ACCOUNTS)
def test_known_and_unknown_addresses_are_told_the_same(outbox: Outbox, path: str, kind: str) -> None:
    known, unknown = new_address(), new_address()
    ACCOUNTS[kind](known)
    walk(path, new_address(), outbox)  # templates are read once
    assert walk(path, known, outbox) == walk(path, unknown, outbox)
    assert not User.objects.filter(email=unknown).exists()
    assert len(outbox.mails(known)) == len(outbox.mails(unknown)) == 1


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_a_wrong_password_and_no_account_are_told_the_same(outbox: Outbox, kind: str) -> None:
    def tried(address: str) -> list[object]:
        browser, trace = Browser(), []
        browser.get("/login/password/")
        with CaptureQueriesContext(connection) as queries:
            for _ in range(7):  # the last two are over the limit
                trace.append(seen(browser.post("/login/password/", {"email": address, "password": "not it"}), address))
        trace.append(statements(queries))
        return trace

    known, unknown = new_address(), new_address()
    ACCOUNTS[kind](known)
    tried(new_address())
    assert tried(known) == tried(unknown)
    assert outbox.mails() == []


def test_a_password_is_hashed_once_whether_there_is_an_account_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes time is the hash: the same number of them, with the same parameters, whoever is asked for."""
    from broadsheet.readers.hashers import ModestArgon2

    hashed: list[str] = []
    real = ModestArgon2.encode, ModestArgon2.verify
    monkeypatch.setattr(ModestArgon2, "encode", lambda self, *a: (hashed.append("hash"), real[0](self, *a))[1])
    monkeypatch.setattr(ModestArgon2, "verify", lambda self, *a: (hashed.append("hash"), real[1](self, *a))[1])

    def hashes(address: str) -> int:
        browser = Browser()
        browser.get("/login/password/")
        hashed.clear()
        browser.post("/login/password/", {"email": address, "password": "not it"})
        return len(hashed)

    with_password, without, closed = (new_address() for _ in range(3))
    User.objects.create_user(with_password, "correct horse battery")
    User.objects.create_user(without)
    User.objects.create_user(closed, "correct horse battery", is_active=False)
    assert [hashes(address) for address in (with_password, without, closed, new_address())] == [1, 1, 1, 1]
