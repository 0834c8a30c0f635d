"""The public record: what a reader could have seen of an article, who put it there, when, and why.

Append-only, by triggers of the database; chained per article by SHA-256, so that a row changed behind its back is found.
`broadsheet.newsroom.versions` writes and verifies it.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.newsroom.models.called import called


class ChangeClass(models.TextChoices):
    """What kind of change a version is. It was wrong; it was right but could mislead; there is more news: never merged."""

    TYPO = "typo", _("Typo: spelling or punctuation")
    STYLE = "style", _("Style: wording, layout, a picture; nothing of the news")
    UPDATE = "update", _("Update: there is more news")
    CLARIFICATION = "clarification", _("Clarification: it was right but could mislead")
    CORRECTION = "correction", _("Correction: it was wrong")
    RETRACTION = "retraction", _("Retraction: we no longer stand by it")

    @property
    def needs_note(self) -> bool:
        return self in (ChangeClass.CLARIFICATION, ChangeClass.CORRECTION, ChangeClass.RETRACTION)

    @property
    def is_news(self) -> bool:
        """Whether it moves the date readers are told: the story says something else than before."""
        return self in (
            ChangeClass.UPDATE,
            ChangeClass.CLARIFICATION,
            ChangeClass.CORRECTION,
            ChangeClass.RETRACTION,
        )


class ActName(models.TextChoices):
    PUBLISH = "publish", _("published")
    UNPUBLISH = "unpublish", _("taken down")
    MOVE = "move", _("moved")


@called(_("published versions"))
class PublishedVersion(models.Model):
    article_id = models.BigIntegerField()  # not a foreign key: the record outlives the article
    number = models.PositiveIntegerField()  # 1, 2, 3 … in one article
    act = models.CharField(max_length=10, choices=ActName.choices)
    change = models.CharField(max_length=14, choices=ChangeClass.choices, blank=True)  # empty: the first version
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)  # the account; None: the program itself (schedule, import)
    # {"fields": {name: {"salt", "value"}}}; of an erased field {"erased": its digest}. Canonical JSON (RFC 8785).
    content = models.TextField()
    previous_seal = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64)  # SHA-256 over all of the above but values: over their digests
    erasures = models.PositiveSmallIntegerField(
        default=0
    )  # fields erased by order of law; only this and `content` may change

    class Meta:
        verbose_name = _("published version")
        ordering = ["article_id", "number"]
        constraints = [models.UniqueConstraint(fields=["article_id", "number"], name="one_version_a_number")]

    def __str__(self) -> str:
        return f"Article {self.article_id}, version {self.number}"
