"""The publication's name as it stands in the nameplate: its logo, or the words."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from broadsheet.newsroom.models import Publication

register = template.Library()

# As high as the front page's nameplate on a screen of two pixels a point. WebP keeps what is transparent.
SIZE = "max-1600x256|format-webp"


@register.simple_tag
def logo(publication: Publication) -> SafeString:
    picture = getattr(publication, "logo", None)
    if picture is None:
        return conditional_escape(publication.name)
    day = picture.get_rendition(SIZE)
    night = picture.dark.get_rendition(SIZE) if picture.dark else None
    source = (
        format_html('<source media="(prefers-color-scheme: dark)" srcset="{}">', night.url) if night else SafeString("")
    )
    return format_html(
        '<picture>{}<img src="{}" alt="{}" width="{}" height="{}"></picture>',
        source,
        day.url,
        publication.name,
        day.width,
        day.height,
    )
