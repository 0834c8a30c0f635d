from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.documents.models import AbstractDocument

from broadsheet.newsroom import tags
from broadsheet.newsroom.models.called import called


@called(_("files"))
class File(tags.Tagged, AbstractDocument):
    """A file readers can open or hear. A model of our own so that changing one reaches the pages that name it."""

    tag_name = "file"
    search_auto_update = False  # receivers.index_at_once

    admin_form_fields = ("title", "file", "collection")

    class Meta(AbstractDocument.Meta):
        verbose_name = _("file")
