"""docs/performance.md, written by the measurements themselves: one section each, replaced when it is measured again."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = Path("docs/performance.md")
HEAD = """\
# Performance

Written by `script/bench`; change a figure by measuring it again. Each section says when and on what it was measured.
Single rates on a shared machine drift by a third between minutes: trust CPU time per request, and ratios of pairs that
were measured one right after the other.
"""


@dataclass(frozen=True)
class Figure:
    """One measured thing. `limit` in words; `kept` None where there is none."""

    what: str
    value: str
    limit: str = ""
    kept: bool | None = None


def write(name: str, soak: bool, title: str, explanation: str, figures: Sequence[Figure]) -> bool:
    """Replace the section of measurement `name`; whether every limit was kept."""
    rows = "\n".join(f"| {figure.what} | {figure.value} | {_limit(figure)} |" for figure in figures)
    origin = _origin(f"soak {name}" if soak else name)
    body = f"## {title}\n\n{origin}\n\n{explanation.strip()}\n\n| | measured | limit |\n|---|---|---|\n{rows}\n"
    FILE.write_text(_with_section(FILE.read_text() if FILE.exists() else HEAD, title, body))
    print(f"\n{body}")
    return all(figure.kept is not False for figure in figures)


def _limit(figure: Figure) -> str:
    if figure.kept is None:
        return figure.limit
    return f"{figure.limit}: {'kept' if figure.kept else '**missed**'}"


def _origin(name: str) -> str:
    return f"*{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, `script/bench {name}`, {machine()}*"


def machine() -> str:
    """The machine in a few words, without its name."""
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory_kb = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    cores = os.cpu_count()
    return (
        f"{cores} core{'s' * (cores != 1)} of {cpu.group(1).strip() if cpu else 'an unnamed processor'},"
        f" {int(memory_kb.group(1)) / 2**20 if memory_kb else 0:.0f} GB, Python {platform.python_version()}"
    )


def _with_section(text: str, title: str, body: str) -> str:
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    kept = [part.rstrip() + "\n" for part in parts]
    for index, part in enumerate(kept):
        if part.startswith(f"## {title}\n"):
            kept[index] = body
            break
    else:
        kept.append(body)
    return "\n".join(kept)
