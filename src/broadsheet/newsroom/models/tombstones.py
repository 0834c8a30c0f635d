from __future__ import annotations

from django.db import models


class Tombstone(models.Model):
    """What was published at this address and has been taken down. The address answers 410 with a notice."""

    path = models.CharField(max_length=600, unique=True)
    article_id = models.BigIntegerField(db_index=True)  # the article itself may be gone
    headline = models.CharField(max_length=255)
    notice = models.TextField(blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.path
