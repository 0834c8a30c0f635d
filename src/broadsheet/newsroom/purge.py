"""Purge: take the pages that a change made old from the page store, before whoever changed it is told that it is done.

The row is written with the change and carried out when it commits. A crash in between leaves the row: it is carried out before
the first request, and by the worker.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models, transaction

from broadsheet.config import config
from broadsheet.gate.pages import PageStore, open_pages

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Purge

log = logging.getLogger(__name__)


def page_store() -> PageStore:
    """The page store of this process."""
    return open_pages(config().pages)


def purge(tags: Iterable[str]) -> None:
    """Remove the pages that carry one of `tags` when the transaction commits; at once outside of one."""
    row = _rows().create(tags=sorted(tags))
    transaction.on_commit(lambda: _carry_out([row]))


def carry_out_purges() -> int:
    """What a crash between commit and purge left behind; how many."""
    rows = list(_rows().order_by("pk"))
    _carry_out(rows)
    return len(rows)


def _carry_out(rows: list[Purge]) -> None:
    if not rows:
        return
    page_store().purge({tag for row in rows for tag in row.tags})
    _rows().filter(pk__in=[row.pk for row in rows]).delete()


def _rows() -> models.Manager[Purge]:
    # Asked by name: the models import this module, as saving one purges.
    return apps.get_model("newsroom", "Purge").objects
