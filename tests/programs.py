"""Programs of the machine that tests and measurements use."""

import os
import shutil
from pathlib import Path


def program(name: str) -> str | None:
    """The path of a program, also where Debian keeps it off the path."""
    places = [*os.environ["PATH"].split(os.pathsep), "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(name, path=os.pathsep.join(places))
