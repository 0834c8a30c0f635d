"""What readers are told while the site cannot answer. The site writes it beforehand, in the language of the edition."""

from __future__ import annotations

from pathlib import Path

NAME = "down.html"  # in the folder of what runs

_UNTIL_WRITTEN = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>One moment</title>
</head><body><h1>One moment, please</h1>
<p>This page cannot be made just now. Please try again shortly.</p></body></html>
"""


class DownPage:
    """`html`: what the site wrote last, or our own words where it has written nothing that can be read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._written_at: int | None = None
        self.html = _UNTIL_WRITTEN
        self.look()

    def look(self) -> None:
        """See whether it was written anew; asks the disk for its date and no more, if not."""
        try:
            written_at = self._file.stat().st_mtime_ns
            if written_at == self._written_at:
                return
            html = self._file.read_bytes()
        except OSError:  # this page is shown when something is wrong already
            self._written_at, self.html = None, _UNTIL_WRITTEN
            return
        self._written_at, self.html = written_at, html or _UNTIL_WRITTEN
