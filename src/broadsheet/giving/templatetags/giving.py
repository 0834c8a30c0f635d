"""What pages outside of giving need to know of it."""

from __future__ import annotations

from django import template

from broadsheet.giving.models import IS_OPEN_TAG
from broadsheet.giving.offer import offered
from broadsheet.newsroom import tags

register = template.Library()


@register.simple_tag
def can_give() -> bool:
    """Whether the donation page takes gifts: `{% can_give as is_open %}`. A page that asks depends on the answer."""
    tags.note(IS_OPEN_TAG)
    return offered().is_open
