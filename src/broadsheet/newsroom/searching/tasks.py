"""Work on the index that nobody waits for."""

from __future__ import annotations

from django.db import transaction
from django_tasks import task

from broadsheet.newsroom.searching import index

AT_ONCE = 100


@task()
def rename_in_index(article_ids: list[int]) -> None:
    """Index these articles again: somebody or something in them has another name. Safe to run again."""
    with transaction.atomic():
        index.rename(article_ids)
