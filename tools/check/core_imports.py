"""`broadsheet.core` imports the standard library and itself, nothing else: the trade's rules know no web."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

CORE = Path("src/broadsheet/core")


def main() -> int:
    strangers = sorted(
        f"{file}: imports {name}"
        for file in CORE.rglob("*.py")
        for name in _imported(file)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("broadsheet.core")
    )
    print("\n".join(strangers))
    return 1 if strangers else 0


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


if __name__ == "__main__":
    sys.exit(main())
