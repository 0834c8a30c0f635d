"""What pages outside of giving need to know of it."""

from __future__ import annotations

from typing import Any

from django import template

from broadsheet.giving.models import IS_OPEN_TAG
from broadsheet.giving.offer import Offer, offered
from broadsheet.newsroom import tags

register = template.Library()


@register.simple_tag(takes_context=True)
def can_give(context: template.Context) -> bool:
    """Whether the donation page takes gifts: `{% can_give as is_open %}`. A page that asks depends on the answer."""
    tags.note(IS_OPEN_TAG)
    return offered_on(context).is_open


def offered_on(context: template.Context) -> Offer:
    """What is offered: asked once for a page, whichever of its parts asks first."""
    # Of the whole page; what a template included in it keeps is the template's own.
    page: dict[Any, Any] = context.render_context.dicts[0]
    if "offer" not in page:
        page["offer"] = offered()
    found: Offer = page["offer"]
    return found
