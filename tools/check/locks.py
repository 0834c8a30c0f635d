"""The lock files say what pyproject.toml asks for: every name, a version that fits, a hash, and no host to ask."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RUNTIME, DEVELOPMENT = Path("requirements.lock"), Path("requirements-dev.lock")


def main() -> int:
    project = tomllib.loads(Path("pyproject.toml").read_text())
    wanted = project["project"]["dependencies"]
    for_development = project["dependency-groups"]["dev"]
    runtime, development = _pins(RUNTIME), _pins(DEVELOPMENT)
    faults = [
        *_missing(wanted, runtime, RUNTIME),
        *_missing([*wanted, *for_development], development, DEVELOPMENT),
        *(f"{DEVELOPMENT}: lacks {pin} of {RUNTIME}" for pin in sorted(runtime.items() - development.items())),
        *(fault for lock in (RUNTIME, DEVELOPMENT) for fault in _loose_lines(lock)),
    ]
    print("\n".join(faults))
    return 1 if faults else 0


def _pins(lock: Path) -> dict[str, frozenset[str]]:
    """Package to its pinned versions: more than one where they depend on Python's version."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return {name: frozenset(versions) for name, versions in pins.items()}


def _missing(wanted: Sequence[str], pins: Mapping[str, frozenset[str]], lock: Path) -> Iterator[str]:
    for requirement in map(Requirement, wanted):
        versions = pins.get(canonicalize_name(requirement.name))
        if not versions:
            yield f"{lock}: lacks {requirement.name}"
        elif not all(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{lock}: has {requirement.name} {', '.join(versions)}, but pyproject.toml asks for {requirement}"


def _loose_lines(lock: Path) -> Iterator[str]:
    blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
    for block in blocks:
        first = block.partition("\n")[0]
        if first.startswith("-") or "://" in block:
            yield f"{lock}: names a place to fetch from: {first}"
        elif not first.startswith("#") and "--hash=sha256:" not in block:
            yield f"{lock}: has no hash for {first}"


if __name__ == "__main__":
    sys.exit(main())
