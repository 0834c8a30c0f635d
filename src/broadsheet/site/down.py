"""The page that the gate shows while the site cannot answer: written beforehand, as nobody can be asked for it then."""

from __future__ import annotations

import logging

from django.template.loader import render_to_string

from broadsheet.config import Config
from broadsheet.gate.down import NAME
from broadsheet.newsroom.language import speaking
from broadsheet.site.whole_files import write_whole

log = logging.getLogger(__name__)


def write_down_page(config: Config) -> None:
    """In the edition's language; the gate's workers take it within a second. Raises OSError."""
    with speaking():
        html = render_to_string("down.html")
    config.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(config.run / NAME, html)


def write_or_complain(config: Config) -> None:
    """After a change of the publication, which does not fail for this: the next start writes it."""
    try:
        write_down_page(config)
    except OSError:
        log.exception("The page for when the site is down could not be written; it stays as it was.")
