"""How the desk's pages call what the ledger has its own names for."""

from __future__ import annotations

from typing import Any

from django import template

from broadsheet.core.references import said
from broadsheet.giving.desk.cells import account_words

register = template.Library()


@register.filter
def account(name: str) -> Any:
    return account_words(name)


@register.filter
def reference(text: str) -> str:
    return said(text) if text else "–"
