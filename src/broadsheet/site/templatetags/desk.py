"""The newsroom in the publication's dress: its name and icon where Wagtail has its own."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from broadsheet.newsroom.models import Publication

register = template.Library()


@register.simple_tag
def desk_name() -> str:
    return Publication.ours().name


@register.simple_tag
def desk_icon() -> str:
    return Publication.ours().icon_url or static("img/icon.svg")


@register.simple_tag
def desk_logo() -> SafeString:
    """For the head of the sidebar: it is narrow when it is folded, so the icon, and the name where there is room."""
    return format_html(
        '<img class="desk-logo" src="{}" alt="" width="40" height="40"><span class="desk-name">{}</span>',
        desk_icon(),
        desk_name(),
    )
