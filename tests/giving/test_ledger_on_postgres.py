"""The ledger on PostgreSQL, where writers do not wait for each other by themselves: in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.on_postgres import said_on_postgres


@pytest.mark.timeout(300)
def test_twenty_at_once_post_each_fact_once_on_postgresql(postgres: str, tmp_path: Path) -> None:
    said = said_on_postgres(postgres, "ledger", tmp_path, "tests.giving.ledger_on_postgres")
    assert "the books are whole" in said
