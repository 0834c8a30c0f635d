"""`script/bench [soak] [NAME …]`: measure, write docs/performance.md, and fail where a limit was missed."""

from __future__ import annotations

import importlib
import subprocess
import sys

# In the order of docs/performance.md. Each runs in a process of its own, as a publication can be joined only once.
NAMES = ("hits", "pages", "mixed", "publish", "render", "front", "search", "money", "hooks", "memory")


def main(arguments: list[str]) -> int:
    soak = "soak" in arguments
    names = [name for name in arguments if name != "soak"] or list(NAMES)
    if unknown := set(names) - set(NAMES):
        print(f"There is no measurement {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    if len(names) == 1:
        return 0 if importlib.import_module(f"bench.{names[0]}").run(soak) else 1
    missed = [name for name in names if not _alone(name, soak)]
    print(f"Missed a limit: {', '.join(missed)}." if missed else "Every limit was kept.")
    return 1 if missed else 0


def _alone(name: str, soak: bool) -> bool:
    command = [sys.executable, "-m", "bench", *(["soak"] if soak else []), name]
    return subprocess.run(command).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
