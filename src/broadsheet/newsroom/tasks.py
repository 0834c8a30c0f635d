"""Work that nobody waits for."""

from __future__ import annotations

import logging

from django_tasks import task

from broadsheet.newsroom import renditions
from broadsheet.newsroom.models import Picture

log = logging.getLogger(__name__)


@task()
def make_renditions(picture_id: int) -> int:
    """Make the files pages name of a picture; how many there were to make. Safe to run again."""
    picture = Picture.objects.filter(pk=picture_id).first()
    return 0 if picture is None else renditions.make_all(picture)
