"""The newsroom on PostgreSQL: migrations, triggers, pages and search, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_a_morning_in_the_newsroom_on_postgresql(postgres: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": postgres,
        "BROADSHEET_DATA": str(tmp_path),
        "BROADSHEET_BASE_URL": "http://testserver",
        "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
    }
    edition = "import django; django.setup(); from tests.newsroom.edition_on_postgres import main; main()"
    for command in (
        ["-m", "broadsheet.site.cli", "migrate"],
        ["-m", "django", "collectstatic", "--no-input"],
        ["-c", edition],
    ):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
    assert "the edition is out" in done.stdout
