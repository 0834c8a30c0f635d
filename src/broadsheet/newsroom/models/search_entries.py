from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchEntry(models.Model):
    """What the search knows of one published article; nothing of it may be withheld from anybody.

    The words themselves are kept beside it in the way of each database: see `searching/backends.py`. Section and moment are
    repeated here, so that a filter and an order by date read one narrow table.
    """

    article = models.OneToOneField("newsroom.Article", primary_key=True, on_delete=models.CASCADE, related_name="+")
    section_id = models.BigIntegerField(db_index=True)
    published_s = models.BigIntegerField(db_index=True, help_text=_("Seconds since 1970."))
    version = models.PositiveIntegerField(help_text=_("Number of the published version this was made from."))
    names = models.TextField(help_text=_("Topics and people, a line each."))
    opening = models.TextField(help_text=_("What everybody may read of the text."))

    class Meta:
        verbose_name = _("search entry")
        verbose_name_plural = _("search entries")
        # What filters, counts and order ask, without the texts: a common word is answered from a tenth of the pages.
        indexes = [models.Index(fields=["article", "section_id", "published_s"], name="search_entry_narrow")]

    def __str__(self) -> str:
        return f"article {self.article_id}, version {self.version}"
