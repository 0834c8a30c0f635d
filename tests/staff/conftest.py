"""People at the admin, who proved a moment ago that it is they, and a meter that counts for registered readers too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.test import Client
from wagtail.models import ModelLogEntry

from broadsheet import clock
from broadsheet.config import config
from broadsheet.core.meter import Ladder, Policy, ReaderClass
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.policy import PolicySnapshot
from broadsheet.meter.force import publish_snapshot
from broadsheet.readers.models import User
from broadsheet.staff import middleware
from broadsheet.staff.acts import change_factor
from broadsheet.staff.views import factor
from tests.readers.conftest import browser as browser
from tests.readers.conftest import outbox as outbox


def at_the_admin(user: User, *, proved: bool = True) -> Client:
    client = Client(HTTP_HOST="testserver")
    client.force_login(user)
    if proved:
        session = client.session
        session["proved_at"] = clock.timestamp()
        session.save()
    return client


def trail(action: str) -> list[ModelLogEntry]:
    return list(ModelLogEntry.objects.filter(action=action).order_by("pk"))


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside the demo."""
    ours = replace(config(), staff_second_factor="required")
    for module in (middleware, change_factor, factor):
        monkeypatch.setattr(module, "config", lambda: ours)


@pytest.fixture
def three_a_month() -> Iterator[None]:
    """Registered readers may open three articles; strangers two."""
    ladders = {ReaderClass.ANONYMOUS: Ladder(2), ReaderClass.REGISTERED: Ladder(3, 1)}
    open_ledger().publish_policy(PolicySnapshot(Policy(ladders=ladders), "", "The Broadsheet"))
    yield
    publish_snapshot()
