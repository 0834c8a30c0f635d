"""The newsroom is tested through pages, as the gate asks for them, and through the forms of Wagtail's admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpResponse
from django.test import Client

from broadsheet.newsroom.purge import page_store
from tests.factories import an_editor


@pytest.fixture(autouse=True)
def _empty_page_store() -> Iterator[None]:
    """Ids begin again with every test: a page of the test before would be found at the same address."""
    page_store().purge_all()
    yield


@dataclass
class Gate:
    """Asks for pages as the gate does."""

    client: Client

    def describe(self, path: str) -> HttpResponse:
        return self.client.get(path, headers={"X-Broadsheet-Page": "describe"})

    def page(self, path: str, verdict: str = "a") -> HttpResponse:
        return self.client.get(path, headers={"X-Broadsheet-Page": verdict})

    def kept(self, path: str, verdict: str = "a") -> str | None:
        """What the gate finds in the store."""
        found = page_store().page(path, verdict, "g")
        return None if found is None else found.closed_with(b"</body></html>", "i").decode().rstrip()

    def html(self, path: str, verdict: str = "a") -> str:
        """What a reader of this class is shown: from the store, where it is kept there."""
        kept = self.kept(path, verdict)
        if kept is not None:
            return kept
        answer = self.page(path, verdict)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode().rstrip()


@pytest.fixture
def gate() -> Gate:
    return Gate(Client(HTTP_HOST="testserver"))


@pytest.fixture
def newsroom(db: None) -> Client:
    """The admin, with an editor at the keyboard."""
    client = Client(HTTP_HOST="testserver")
    client.force_login(an_editor())
    return client
