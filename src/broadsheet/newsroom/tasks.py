"""Work that nobody waits for."""

from __future__ import annotations

import logging

from django_tasks import task

from broadsheet.newsroom import renditions
from broadsheet.newsroom.models import Picture
from broadsheet.newsroom.models.pictures import Files

log = logging.getLogger(__name__)


@task()
def make_renditions(picture_id: int) -> int:
    """Make the files pages name of a picture; how many there were to make. Safe to run again.

    What goes wrong with one picture is written on it, where the editor sees it and may try again; the worker goes on.
    """
    picture = Picture.objects.filter(pk=picture_id).first()
    if picture is None:
        return 0
    row = Picture.objects.filter(pk=picture_id)
    try:
        made = renditions.make_all(picture)
    except Exception as fault:  # whatever decoders and disks raise
        log.warning("The sizes of picture %s could not be made: %s", picture_id, fault)
        row.update(files=Files.FAILED, why_failed=f"{type(fault).__name__}: {fault}"[:300])
        return 0
    row.update(files=Files.READY, why_failed="")
    return made
