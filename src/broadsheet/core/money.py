"""Money: whole minor units and a currency. No floats anywhere, and nothing lost when an amount is parted.

Currencies and their minor units are those of ISO 4217 (list one, 2026-01-01): yen have none, Kuwaiti dinars three decimals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE"
    " CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR"
    " KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB"
    " PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY"
    " TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
CURRENCIES = tuple(sorted(DECIMALS))

MOST_MINOR = 10**12  # far beyond any gift, far below what a database's whole numbers hold


class Fault(StrEnum):
    """Why a text is no amount."""

    NOT_A_NUMBER = "not a number"
    NEGATIVE = "negative"
    TOO_FINE = "finer than the currency"
    TOO_LARGE = "too large"
    AMBIGUOUS = "thousands or decimals"


class NotAnAmount(ValueError):
    def __init__(self, fault: Fault, text: str, currency: str) -> None:
        super().__init__(f"{text!r} is no amount in {currency}: {fault}")
        self.fault = fault


class CurrenciesDiffer(TypeError):
    """Two currencies have no sum, and neither is more than the other."""


@dataclass(frozen=True)
class Money:
    """
    >>> Money(1250, "EUR") + Money(50, "EUR")
    Money(amount_minor=1300, currency='EUR')
    >>> str(Money(1250, "EUR")), str(Money(1250, "JPY")), str(Money(-5, "KWD"))
    ('12.50 EUR', '1250 JPY', '-0.005 KWD')
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in DECIMALS:
            raise ValueError(f"{self.currency!r} is no currency we know (ISO 4217)")
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise TypeError(f"an amount is a whole number of minor units, not {self.amount_minor!r}")

    @property
    def decimals(self) -> int:
        return DECIMALS[self.currency]

    @property
    def number(self) -> str:
        """In major units, for machines: `12.50`."""
        sign = "-" if self.amount_minor < 0 else ""
        digits = str(abs(self.amount_minor)).rjust(self.decimals + 1, "0")
        if not self.decimals:
            return sign + digits
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    def __str__(self) -> str:
        return f"{self.number} {self.currency}"

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._like(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._like(other), self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount_minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._like(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._like(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount_minor > self._like(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount_minor >= self._like(other)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Part it by `weights`, none negative and not all zero; the parts add up to it, to the last minor unit.

        What does not divide goes to the largest remainders, the first of them where they are alike.

        >>> [part.amount_minor for part in Money(100, "EUR").allocate([1, 1, 1])]
        [34, 33, 33]
        """
        whole = sum(weights)
        if not weights or whole <= 0 or min(weights) < 0:
            raise ValueError(f"cannot be parted by {list(weights)!r}")
        shares = [Fraction(self.amount_minor * weight, whole) for weight in weights]
        parts = [share.numerator // share.denominator for share in shares]
        left = self.amount_minor - sum(parts)
        by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - shares[place], place))
        for place in by_remainder[:left]:
            parts[place] += 1
        return [Money(part, self.currency) for part in parts]

    def _like(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrenciesDiffer(f"{self} and {other}")
        return other.amount_minor


def nothing(currency: str) -> Money:
    return Money(0, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Of amounts in that one currency; CurrenciesDiffer otherwise."""
    return sum(amounts, start=nothing(currency))


@dataclass(frozen=True)
class FeeTerms:
    """What a provider keeps of a payment: hundredths of a percent, and a fixed part in minor units."""

    basis_points: int
    fixed_minor: int

    def __post_init__(self) -> None:
        if self.basis_points < 0 or self.fixed_minor < 0:
            raise ValueError(f"a fee is not less than nothing: {self}")

    def fee(self, paid: Money) -> Money:
        """Rounded half up, as providers do; never more than what was paid."""
        part = (paid.amount_minor * self.basis_points * 2 + 10_000) // 20_000 + self.fixed_minor
        return Money(min(part, paid.amount_minor), paid.currency)

    def covering(self, gift: Money) -> Money:
        """The least to be paid so that, the fee taken off, no less than `gift` is left.

        >>> FeeTerms(basis_points=150, fixed_minor=25).covering(Money(1000, "EUR"))
        Money(amount_minor=1041, currency='EUR')
        """
        if self.basis_points >= 10_000:
            raise ValueError("a fee of everything cannot be covered")
        if gift.amount_minor <= 0:
            return nothing(gift.currency)  # no fee is more than what was paid
        # Each unit more that is paid leaves as much or one more. A fee rounded down by half a unit makes do with less than
        # the exact amount, by that half unit's own share; one rounded up needs as much more.
        exact = -((gift.amount_minor + self.fixed_minor) * -10_000 // (10_000 - self.basis_points))
        slack = 1 + 5_000 // (10_000 - self.basis_points)
        paid = Money(max(exact - slack, gift.amount_minor), gift.currency)
        while (paid - self.fee(paid)) < gift:
            paid += Money(1, gift.currency)
        return paid


# With or without groups of three, and at the end what may be decimals: 1,200.50  1.200,50  1 200  1'200  12,5  ١٬٢٠٠٫٥٠
_SPACES = " \N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_MINUS = "-\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
_GROUP_ONLY = "\N{ARABIC THOUSANDS SEPARATOR}"
_POINT_ONLY = "\N{ARABIC DECIMAL SEPARATOR}"
_NUMBER = re.compile(
    rf"(?P<whole>[1-9][0-9]{{0,2}}(?P<group>[.,' ’{_GROUP_ONLY}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*|[0-9]+)"
    rf"(?:(?P<point>[.,{_POINT_ONLY}])(?P<part>[0-9]+))?"
)
_LONGEST = 40


def parse(text: str, currency: str) -> Money:
    """What somebody typed. Both habits of writing numbers are read, and digits of any script; NotAnAmount otherwise.

    >>> parse("1.200,50", "EUR").amount_minor, parse("1,200.50", "EUR").amount_minor, parse("12,5", "EUR").amount_minor
    (120050, 120050, 1250)

    1.200 may be twelve hundred or one and a fifth: nobody is charged on a guess.

    >>> parse("1.200", "EUR")
    Traceback (most recent call last):
    broadsheet.core.money.NotAnAmount: '1.200' is no amount in EUR: thousands or decimals

    It is none where the currency leaves no doubt: a yen has no parts, and a point before three digits is how dinars are
    written by the people who pay with them, and by machines.

    >>> parse("1,200", "JPY").amount_minor, parse("1.200", "KWD").amount_minor
    (1200, 1200)
    """
    decimals = DECIMALS[currency]
    plain = _plain(text) if len(text) <= _LONGEST else ""
    if plain.startswith(tuple(_MINUS)):
        raise NotAnAmount(Fault.NEGATIVE, text, currency)
    found = _NUMBER.fullmatch(plain)
    if found is None or found["group"] == found["point"] is not None:
        raise NotAnAmount(Fault.NOT_A_NUMBER, text, currency)
    whole, part = found["whole"], found["part"] or ""
    if found["group"] in (".", ",") and found["point"] is None and whole.count(found["group"]) == 1:
        if decimals == 3 and found["group"] == ".":
            whole, part = whole.split(".")
        elif decimals:
            raise NotAnAmount(Fault.AMBIGUOUS, text, currency)
    part = part.rstrip("0")
    if len(part) > decimals:
        raise NotAnAmount(Fault.TOO_FINE, text, currency)
    minor = int(re.sub("[^0-9]", "", whole) + part.ljust(decimals, "0"))
    if minor > MOST_MINOR:
        raise NotAnAmount(Fault.TOO_LARGE, text, currency)
    return Money(minor, currency)


def _plain(text: str) -> str:
    """Digits of every script as ours, spaces of every width as one."""
    digits = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    return re.sub(f"[{_SPACES}]+", " ", digits).strip()
