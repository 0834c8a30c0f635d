"""What a test has done on PostgreSQL: in a process and a database of its own, as Django knows one database in a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[1]


def said_on_postgres(postgres: str, database: str, data: Path, module: str) -> str:
    """Migrate a new `database`, run `main()` of `module`, and give what it printed. `postgres`: the fixture's URL."""
    with psycopg.connect(postgres, autocommit=True) as cluster:
        cluster.execute(f"DROP DATABASE IF EXISTS {database}")
        cluster.execute(f"CREATE DATABASE {database}")
    environment = {
        **os.environ,
        "DATABASE_URL": f"{postgres.rpartition('/')[0]}/{database}",
        "BROADSHEET_DATA": str(data),
        "BROADSHEET_BASE_URL": "http://testserver",
        "DJANGO_SETTINGS_MODULE": "broadsheet.site.settings",
    }
    run = f"import django; django.setup(); from {module} import main; main()"
    said = ""
    for command in (["-m", "broadsheet.site.cli", "migrate"], ["-c", run]):
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        said = done.stdout
    return said
