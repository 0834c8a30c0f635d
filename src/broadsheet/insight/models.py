"""What the reading log came to, a day at a time: enough for a story's own numbers without reading the log."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CountedDay(models.Model):
    """A day of the publication's own calendar that was counted, and when last."""

    day = models.DateField(unique=True)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("counted day")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}"


class StoryRegistrations(models.Model):
    """How many registered on a story on a day of the publication's own calendar. That it was somebody, never who."""

    day = models.DateField()
    article_id = models.BigIntegerField(db_index=True)
    number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("registrations of a story")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "article_id"], name="one_number_of_registrations_a_day")]


class StoryDay(models.Model):
    """A story's day. Kept by number, as the counts outlive the story; see `counts.Tally` for what is what."""

    day = models.ForeignKey(CountedDay, on_delete=models.CASCADE, related_name="stories")
    article_id = models.BigIntegerField(db_index=True)
    reads = models.PositiveIntegerField()
    readers = models.PositiveIntegerField()
    strangers = models.PositiveIntegerField()
    notices = models.PositiveIntegerField()
    walls = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("story's day")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "article_id"], name="one_count_a_day")]

    def __str__(self) -> str:
        return f"{self.article_id} on {self.day_id}"
