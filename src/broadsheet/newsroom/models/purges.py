from __future__ import annotations

from django.db import models


class Purge(models.Model):
    """Pages to be taken from the page store: written with the change that makes them old, gone once carried out."""

    tags = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{len(self.tags)} tags at {self.made_at:%H:%M:%S}"
