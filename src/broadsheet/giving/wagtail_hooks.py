"""What giving adds to Wagtail's admin. Wagtail hears what is registered where it is imported here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.giving.models import Appeal, GivingSettings
from broadsheet.giving.offer import offered

import_module("broadsheet.giving.desk.hooks")  # the money desk


class Appeals(SnippetViewSet):
    """Beside the settings of giving, in the menu."""

    model = Appeal
    icon = "pick"
    menu_label = gettext_lazy("Appeals")
    menu_name = "appeals"
    menu_order = 116
    add_to_settings_menu = True
    list_display = [
        "said_heading",
        Column("get_place_display", label=gettext_lazy("Place")),
        BooleanColumn("is_on", label=gettext_lazy("On")),
        DateColumn("from_at", label=gettext_lazy("From")),
        DateColumn("until_at", label=gettext_lazy("Until")),
        Column("order", label=gettext_lazy("Order")),
    ]
    list_filter = ["place", "is_on"]
    list_per_page = 50


register_snippet(Appeals)


@hooks.register("after_edit_setting")
def say_what_readers_see(request: HttpRequest, setting: Any) -> None:
    if not isinstance(setting, GivingSettings):
        return
    if offered().is_open:
        messages.success(request, _("In force now: the donation page and all appeals go by these settings."))
    elif setting.on:
        messages.warning(
            request,
            _("Saved, but nothing can be given yet: there is no way to pay, so that no reader is asked to give."),
        )
