"""Feeds, sitemaps and cards are asked for as the gate asks for pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpResponse
from django.test import Client

from broadsheet.newsroom.purge import page_store


@pytest.fixture(autouse=True)
def _empty_page_store() -> Iterator[None]:
    """Ids begin again with every test: a page of the test before would be found at the same address."""
    page_store().purge_all()
    yield


@dataclass
class Gate:
    client: Client

    def page(self, path: str, verdict: str = "a") -> HttpResponse:
        return self.client.get(path, headers={"X-Broadsheet-Page": verdict})

    def text(self, path: str, verdict: str = "a") -> str:
        answer = self.page(path, verdict)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()

    def is_kept(self, path: str, verdict: str = "a") -> bool:
        return page_store().page(path, verdict, "g") is not None


@pytest.fixture
def gate(db: None) -> Gate:
    return Gate(Client(HTTP_HOST="testserver"))
