"""What no file may say: a package registry by name, or a TODO without its reason."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Put together here, so that this file passes its own check.
REGISTRIES = [
    f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
]
BARE_TODO = re.compile(r"(?:#|//|/\*|<!--)\s*TODO(?!: \S.{15,})")


def main() -> int:
    faults = [fault for file in _files() for fault in _faults(file)]
    print("\n".join(faults))
    return 1 if faults else 0


def _files() -> Iterator[Path]:
    """Everything git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=True
    ).stdout
    for name in sorted(filter(None, listed.decode().split("\0"))):
        if (file := Path(name)).is_file():
            yield file


def _faults(file: Path) -> Iterator[str]:
    try:
        text = file.read_text()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for host in REGISTRIES:
            if host in line:
                yield f"{file}:{number}: names {host}"
        if BARE_TODO.search(line):
            yield f"{file}:{number}: a TODO needs a reason and a way to know it is done"


if __name__ == "__main__":
    sys.exit(main())
