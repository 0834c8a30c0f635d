"""The fake payment provider's own process, one for a file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadsheet.config import config
from tests.payments import FakePayments


@pytest.fixture(scope="module")
def process() -> Iterator[FakePayments]:
    running = FakePayments(config().data).start()
    yield running
    running.stop()


@pytest.fixture
def fake(process: FakePayments) -> FakePayments:
    """Started again where a test before this one has killed it."""
    if process.process is None or process.process.poll() is not None:
        process.start()
    return process
