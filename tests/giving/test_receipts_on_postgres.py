"""Receipts and letters on PostgreSQL, where writers do not wait for each other by themselves: in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.on_postgres import said_on_postgres


@pytest.mark.timeout(300)
def test_twenty_gifts_at_once_leave_no_gap_on_postgresql(postgres: str, tmp_path: Path) -> None:
    said = said_on_postgres(postgres, "receipts", tmp_path, "tests.giving.receipts_on_postgres")
    assert "no gap" in said
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 21
