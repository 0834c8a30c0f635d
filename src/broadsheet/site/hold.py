"""What a process takes in of its release at the start, as the next one may be put in place while this one still serves.

Modules are in memory from their import on. What is read from the disk later would be the next release's: its templates ask
for tags that this one does not have, and pages made from them would go by the wrong name.
"""

from __future__ import annotations

from pathlib import Path

from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.template.utils import get_app_template_dirs

from broadsheet.release import release

_PACKAGE = Path(__file__).parents[1]


def hold_release() -> None:
    """Its name and our templates, which Django keeps once they have been asked for. A twentieth of a second."""
    release()
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)
    for folder in {*map(Path, engine.dirs), *map(Path, get_app_template_dirs("templates"))}:
        if folder.is_relative_to(_PACKAGE):
            for file in folder.rglob("*.*"):
                engine.get_template(str(file.relative_to(folder)))
