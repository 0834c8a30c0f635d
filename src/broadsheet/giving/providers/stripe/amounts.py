"""Amounts as Stripe counts them: whole minor units, with exceptions of its own.

Source: docs.stripe.com/currencies (zero-decimal, three-decimal, special cases, minimum charge amounts), read in November 2026.
HUF and TWD are whole only in payouts that somebody makes by hand; gifts in them have two decimals like any others.
"""

from __future__ import annotations

from broadsheet.core.money import Money
from broadsheet.giving.providers.interface import Declined

_KEEPS_TWO = frozenset({"ISK", "UGX"})  # they have no decimals any more; at Stripe two remain, always 00
_KEEPS_NONE = frozenset({"MGA"})  # two by ISO 4217 (one ariary is five iraimbilanja); at Stripe none
_LAST_DIGIT_IS_ZERO = 3  # decimals: what Stripe's partners can carry

# In our minor units. What is settled in another currency than it is given in has the least of that one: Stripe says so then.
LEAST = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
    "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
    "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip

CURRENCIES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC"
    " CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY"
    " KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO"
    " NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TND"
    " TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW".split()
)


def chargeable(amount: Money) -> int:
    """What to ask Stripe for; Declined, in words, where it would not take that amount."""
    if amount.currency not in CURRENCIES:
        raise Declined(f"Stripe takes no payments in {amount.currency}.")
    least = Money(LEAST.get(amount.currency, 1), amount.currency)
    if amount < least:
        raise Declined(f"{amount} is too little: the least Stripe takes is {least}.")
    return to_stripe(amount)


def to_stripe(amount: Money) -> int:
    """Declined, where Stripe has no number for it.

    >>> to_stripe(Money(500, "ISK")), to_stripe(Money(500, "JPY")), to_stripe(Money(500, "MGA"))
    (50000, 500, 5)
    """
    if amount.currency in _KEEPS_TWO:
        return amount.amount_minor * 100
    if amount.currency in _KEEPS_NONE:
        whole, rest = divmod(amount.amount_minor, 100)
        if rest:
            raise Declined(f"{amount} cannot be paid with Stripe: {amount.currency} only in whole units.")
        return whole
    if amount.decimals == _LAST_DIGIT_IS_ZERO and amount.amount_minor % 10:
        raise Declined(f"{amount} cannot be paid with Stripe: its last digit must be zero.")
    return amount.amount_minor


def from_stripe(number: int, currency: str) -> Money:
    """Without its sign: the kind of thing says which way it went.

    >>> from_stripe(-50000, "isk"), from_stripe(5, "mga")
    (Money(amount_minor=500, currency='ISK'), Money(amount_minor=500, currency='MGA'))
    """
    code, size = currency.upper(), abs(number)
    if code in _KEEPS_TWO:
        return Money((size + 50) // 100, code)  # a fee may end in parts of a króna, which our books have no place for
    return Money(size * 100 if code in _KEEPS_NONE else size, code)
