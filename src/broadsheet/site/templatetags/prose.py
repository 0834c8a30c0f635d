"""The body of an article, block by block."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from wagtail.blocks.base import BoundBlock

from broadsheet.giving.appeals import Ask

register = template.Library()

_FIRST_PARAGRAPH = re.compile(r"<p\b[^>]*>")
_END_OF_PARAGRAPH = re.compile(r"</p>")
_BLOCK_KEY = re.compile(r' data-block-key="[^"]*"')  # the editor's bookmark, of no use to a reader


@register.simple_tag(takes_context=True)
def prose(context: Context, blocks: Sequence[BoundBlock], dateline: str = "", ask: Ask | None = None) -> SafeString:
    """The blocks that may be shown, in order; the dateline runs into the first paragraph, if that comes first.

    `ask`: an appeal that stands among them.
    """
    shown = context.flatten()
    rendered = [_BLOCK_KEY.sub("", str(block.render({**shown, "block_id": block.id}))).strip() for block in blocks]
    if dateline and rendered and (opening := _FIRST_PARAGRAPH.match(rendered[0])):
        place = format_html('<span class="dateline">{}</span> ', dateline)
        rendered[0] = rendered[0][: opening.end()] + place + rendered[0][opening.end() :]
    if ask is not None:
        _ask_among(rendered, ask)
    return mark_safe("\n".join(rendered))  # noqa: S308  each block has escaped what it shows


def _ask_among(rendered: list[str], ask: Ask) -> None:
    """Before a block, or between two paragraphs of one, which is then in two pieces."""
    appeal = render_to_string("components/appeal.html", {"ask": ask}).strip()
    block, paragraphs = ask.spot
    if not paragraphs:
        rendered.insert(block, appeal)
        return
    text = rendered[block]
    cut = [end.end() for end in _END_OF_PARAGRAPH.finditer(text)][paragraphs - 1]
    rendered[block : block + 1] = [text[:cut], appeal, text[cut:].lstrip()]
