"""The sockets the gate listens on: how its processes are told of them, and who waits for connections on them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SOCKETS = "BROADSHEET_SOCKETS"  # descriptors, comma-separated


def watched(process: int | str, sockets: set[int]) -> dict[int, list[int]]:
    """Of a process: the descriptors of listening sockets (by inode) that each of its epolls waits for; from /proc."""
    found: dict[int, list[int]] = {}
    with suppress(OSError):
        for file in Path(f"/proc/{process}/fdinfo").iterdir():
            with suppress(OSError):
                for line in file.read_text().splitlines():
                    if line.startswith("tfd:") and int(line.partition(" ino:")[2].split()[0], 16) in sockets:
                        found.setdefault(int(file.name), []).append(int(line.split()[1]))
    return found
