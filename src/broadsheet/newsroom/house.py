"""What stands on every page beside the publication itself."""

from __future__ import annotations

from broadsheet.newsroom.kept import Kept
from broadsheet.newsroom.models import Section

# The sections in order. While a page is made, the same to all: read them, and nothing more.
menu: Kept[tuple[Section, ...]] = Kept(lambda: tuple(Section.objects.in_order()))
