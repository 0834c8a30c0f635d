"""What `broadsheet doctor` and the newsroom's first screen say of the fake provider."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from broadsheet.config import Config, config
from broadsheet.site import doctor, troubles
from broadsheet.site.doctor import examine, pretended_payments
from tests.payments import FakePayments


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Config]:
    """An installation whose site runs, and which uses the fake provider."""
    house = replace(config(), data=tmp_path, payments=("fake",), base_url="http://127.0.0.1:8000")
    house.run.mkdir()
    with closing(socket.socket(socket.AF_UNIX)) as site:
        site.bind(str(house.site_socket))
        site.listen()
        yield house


def said(house: Config) -> str:
    findings = examine(house, [pretended_payments])
    assert all(finding.advice for finding in findings)
    return "\n".join(finding.wrong for finding in findings)


def test_both_look_at_it() -> None:
    assert pretended_payments in doctor.CHECKS and pretended_payments in troubles.CHECKS


def test_a_fake_provider_that_does_not_answer(house: Config) -> None:
    assert "does not answer" in said(house)
    running = FakePayments(house.data).start()
    assert said(house) == ""
    running.kill()
    assert "does not answer" in said(house)
    assert said(replace(house, payments=("manual",))) == ""


@pytest.mark.parametrize(
    ("base_url", "demo", "is_found"),
    [
        ("https://news.example", False, True),
        ("https://news.example", True, False),
        ("http://127.0.0.1:8000", False, False),
    ],
)
def test_readers_who_could_pretend_to_give_to_a_real_publication(
    house: Config, base_url: str, demo: bool, is_found: bool
) -> None:
    house.site_socket.unlink()
    words = said(replace(house, base_url=base_url, demo=demo))
    assert ("no real money moves" in words) == is_found
