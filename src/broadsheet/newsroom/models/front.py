from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from broadsheet.newsroom.models.addresses import Addressed
from broadsheet.newsroom.models.called import called


@called(_("front pages"))
class FrontPage(Addressed, Page):
    """The root of the publication. What stands on it is chosen by `front.compose`, not kept here."""

    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["newsroom.Section", "newsroom.PlainPage"]
    promote_panels = []
    settings_panels = []
    preview_modes = []

    class Meta:
        verbose_name = _("front page")
