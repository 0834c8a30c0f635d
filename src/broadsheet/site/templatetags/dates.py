"""Moments as readers see them."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

register = template.Library()


@register.simple_tag
def day(moment: datetime | None) -> SafeString | str:
    """The day of a moment, with the moment itself for programs: a small script may say "two hours ago" from it."""
    if moment is None:
        return ""
    here = localtime(moment)
    return format_html('<time datetime="{}">{}</time>', here.isoformat(timespec="minutes"), date_format(here))
