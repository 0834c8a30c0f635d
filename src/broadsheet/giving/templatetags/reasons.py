"""Providers' reasons, in words."""

from __future__ import annotations

from django import template

from broadsheet.giving import reasons

register = template.Library()
register.filter("reason_words", reasons.reason_words)
