"""A small cast: browsers of readers and strangers, each in a network of its own, and the mails they are sent."""

from __future__ import annotations

import email.policy
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from broadsheet.config import config
from broadsheet.readers.models import SentCode

_networks = itertools.count(1)
_names = itertools.count(1)


def new_address(name: str = "reader") -> str:
    """An address nobody in this run had before: limits outlive a test."""
    return f"{name}{next(_names)}@example.org"


@dataclass
class Browser:
    """One jar, one network, and what a browser says of itself when it sends a form of our own pages."""

    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    network: str = field(default_factory=lambda: "10.{}.{}.1".format(*divmod(next(_networks), 250)))

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(path, headers={"X-Broadsheet-Client": self.network, "User-Agent": self.agent, **headers})

    def post(self, path: str, fields: dict[str, str], **headers: str) -> HttpResponse:
        """With the token, if this browser was given one."""
        token = self.client.cookies.get("csrftoken")
        own = {
            "Origin": "http://testserver",
            "Sec-Fetch-Site": "same-origin",
            "X-Broadsheet-Client": self.network,
            "User-Agent": self.agent,
        }
        given = {"csrfmiddlewaretoken": token.value, **fields} if token else fields
        return self.client.post(path, given, headers={k: v for k, v in {**own, **headers}.items() if v})

    def sign_in(self, address: str, outbox: Outbox) -> HttpResponse:
        """Register or sign in by code."""
        self.post("/register/", {"email": address, "next": "/account/"})
        self.get("/login/code/")
        return self.post("/login/code/", {"code": outbox.code_for(address)})

    @property
    def is_signed_in(self) -> bool:
        return self.get("/account/").status_code == 200


@dataclass
class Outbox:
    folder: Path
    before: frozenset[Path]

    def mails(self, address: str | None = None) -> list[EmailMessage]:
        """Those written since the test began, oldest first."""
        files = sorted(set(self.folder.glob("*.eml")) - self.before)
        parser = BytesParser(policy=email.policy.default)
        mails: list[Any] = [parser.parsebytes(file.read_bytes()) for file in files]
        return [mail for mail in mails if address is None or mail["To"] == address]

    def code_for(self, address: str) -> str:
        """The six digits of the last mail to this address: alone on a line, and the only six digits in it."""
        text = text_of(self.mails(address)[-1])
        (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", text)
        assert code in text.splitlines()
        return code


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content()


def another(code: str) -> str:
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def pass_time(minutes: float) -> None:
    """Everything that was sent so far was sent that much earlier."""
    earlier = timedelta(minutes=minutes)
    SentCode.objects.update(sent_at=F("sent_at") - earlier, expires_at=F("expires_at") - earlier)


@pytest.fixture
def outbox(settings: Settings) -> Iterator[Outbox]:
    # pytest-django puts a list in memory in its place; what we promise is files.
    settings.EMAIL_BACKEND = "broadsheet.site.mail.ConfiguredBackend"
    folder = config().outbox
    yield Outbox(folder, frozenset(folder.glob("*.eml")))


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def reader(outbox: Outbox) -> Callable[[], tuple[Browser, str]]:
    """Somebody who has registered, at their browser."""

    def registered() -> tuple[Browser, str]:
        browser, address = Browser(), new_address()
        browser.sign_in(address, outbox)
        return browser, address

    return registered
