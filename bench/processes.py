"""What processes cost, from /proc: CPU time to the microsecond, and memory with shared pages shared out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.server import family

# The worker looks for pages to compress every twenty seconds: a shorter silence says nothing.
QUIET_S = 24
TICKS = os.sysconf("SC_CLK_TCK")
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


def cpu_us(pids: Iterable[int]) -> float:
    """CPU time these processes have had so far, all their threads, those that ended included."""
    return sum(_cpu_us(pid) for pid in pids)


def _cpu_us(pid: int) -> float:
    with suppress(*_GONE):
        # The threads' own figures are exact but go with them; the process's is kept, in hundredths of a second.
        exact = sum(_scheduled_ns(task) for task in Path(f"/proc/{pid}/task").iterdir()) / 1000
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        rough = (int(fields[11]) + int(fields[12])) * 1e6 / TICKS
        return max(exact, rough)
    return 0.0


def _scheduled_ns(task: Path) -> int:
    with suppress(*_GONE):
        return int((task / "schedstat").read_text().split()[0])
    return 0


def pss_mb(pids: Iterable[int]) -> float:
    """Memory in MB: what is shared between processes is divided among them; the maps of the stores are left out.

    Pages of the LMDB files are the kernel's file cache: they are there as long as nobody needs the room.
    """
    return sum(_own_kb(pid) for pid in pids) / 1024


def _own_kb(pid: int) -> float:
    total, counts = 0.0, True
    with suppress(*_GONE):
        for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                counts = not line.endswith("data.mdb")
            elif counts and line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def wait_until_quiet(founder: int, limit_s: float = 600, share: float = 0.03) -> None:
    """Until the server uses less than `share` of a core: what the first start and warming have set off is done.

    Raises RuntimeError where it does not come to rest: its own work would be measured.
    """
    deadline = time.monotonic() + limit_s
    quiet = 0
    while quiet < QUIET_S:
        if time.monotonic() > deadline:
            raise RuntimeError(f"The server is still busy after {limit_s:.0f} s.")
        before = cpu_us(family(founder))
        time.sleep(1)
        used = cpu_us(family(founder)) - before
        quiet = quiet + 1 if used < share * 1e6 else 0
