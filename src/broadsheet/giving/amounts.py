"""How an amount reads, in the language that is spoken now: €12.50 · 12,50 € · ¥1,250."""

from __future__ import annotations

import re
from copy import copy
from decimal import Decimal

from babel import Locale
from babel.core import UnknownLocaleError
from django.conf import settings
from django.utils import translation

from broadsheet.core.money import Money


def written(amount: Money) -> str:
    """Always with all its decimals, those of ISO 4217: the pattern's own would round dinars and afghanis.

    >>> with translation.override("en"):
    ...     written(Money(125050, "EUR")), written(Money(-1250, "JPY")), written(Money(1250, "IQD"))
    ('€1,250.50', '-¥1,250', 'IQD\\xa01.250')
    """
    return _written(amount, amount.decimals)


def brief(amount: Money) -> str:
    """As on a button or in a sentence that suggests it: a whole amount without its zeros.

    >>> with translation.override("en"):
    ...     brief(Money(2500, "EUR")), brief(Money(2550, "EUR")), brief(Money(2500, "JPY"))
    ('€25', '€25.50', '¥2,500')
    """
    is_whole = amount.amount_minor % 10**amount.decimals == 0
    return _written(amount, 0 if is_whole else amount.decimals)


def _written(amount: Money, decimals: int) -> str:
    locale = _locale()
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    text = pattern.apply(Decimal(amount.number), locale, currency=amount.currency, currency_digits=False)
    return _LETTER_BEFORE_NUMBER.sub("\N{NO-BREAK SPACE}", text)


_LETTER_BEFORE_NUMBER = re.compile(r"(?<=[A-Z])(?=\d)")


def _locale() -> Locale:
    spoken = translation.get_language() or settings.LANGUAGE_CODE
    try:
        return Locale.parse(spoken, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(settings.LANGUAGE_CODE, sep="-")
