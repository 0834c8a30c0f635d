"""The body of an article, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from wagtail.blocks.base import BoundBlock

register = template.Library()

_FIRST_PARAGRAPH = re.compile(r"<p\b[^>]*>")
_BLOCK_KEY = re.compile(r' data-block-key="[^"]*"')  # the editor's bookmark, of no use to a reader


@register.simple_tag(takes_context=True)
def prose(context: Context, blocks: Iterable[BoundBlock], dateline: str = "") -> SafeString:
    """The blocks that may be shown, in order; the dateline runs into the first paragraph, if that comes first."""
    shown = context.flatten()
    rendered = [_BLOCK_KEY.sub("", str(block.render({**shown, "block_id": block.id}))).strip() for block in blocks]
    if dateline and rendered and (opening := _FIRST_PARAGRAPH.match(rendered[0])):
        place = format_html('<span class="dateline">{}</span> ', dateline)
        rendered[0] = rendered[0][: opening.end()] + place + rendered[0][opening.end() :]
    return mark_safe("\n".join(rendered))  # noqa: S308  each block has escaped what it shows
