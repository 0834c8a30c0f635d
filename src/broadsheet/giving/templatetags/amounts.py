"""`{{ donation.amount|amount }}`: set apart from the text around it, which may run the other way."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from broadsheet.core.money import Money
from broadsheet.giving.amounts import brief, written

register = template.Library()


@register.filter
def amount(value: Money | None) -> SafeString | str:
    return format_html("<bdi>{}</bdi>", written(value)) if value is not None else "–"


@register.filter
def brief_amount(value: Money) -> SafeString:
    """`€25` where `amount` says `€25.00`: on buttons, and in words that suggest."""
    return format_html("<bdi>{}</bdi>", brief(value))


@register.filter
def plain_amount(value: Money) -> str:
    """For mails in plain text, and where there is no room for markup."""
    return written(value)
