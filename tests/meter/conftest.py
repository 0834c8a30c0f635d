from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadsheet.meter.force import publish_snapshot
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.models import Publication


@pytest.fixture(autouse=True)
def meter_as_it_was(transactional_db: None) -> Iterator[None]:
    """The ledger outlives the database of a test: its policy is put back."""
    yield
    MeterSettings.objects.all().delete()
    Publication.objects.all().delete()
    publish_snapshot()
