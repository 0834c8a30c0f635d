"""The ledger on PostgreSQL, where writers do not wait for each other by themselves: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_twenty_at_once_post_each_fact_once_on_postgresql(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as cluster:
        cluster.execute("CREATE DATABASE ledger")  # other tests have their gifts in the first
    environment = {
        **os.environ,
        "DATABASE_URL": f"{postgres.rpartition('/')[0]}/ledger",
        "BROADSHEET_DATA": str(tmp_path),
        "BROADSHEET_BASE_URL": "http://testserver",
        "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
    }
    run = "import django; django.setup(); from tests.giving.ledger_on_postgres import main; main()"
    for command in (["-m", "broadsheet.site.cli", "migrate"], ["-c", run]):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
    assert "the books are whole" in done.stdout
