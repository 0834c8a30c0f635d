"""IBANs (ISO 13616): numbers of bank accounts whose two check digits prove the rest."""

from __future__ import annotations

import re


def in_fours(number: str) -> str:
    """An IBAN as it is printed; another number as it is.

    >>> in_fours("de89370400440532013000"), in_fours("12-34-56 7890")
    ('DE89 3704 0044 0532 0130 00', '12-34-56 7890')
    """
    iban = compact(number)
    return re.sub(r"(.{4})(?=.)", r"\1 ", iban) if is_iban(iban) else number.strip()


def is_iban(text: str) -> bool:
    """By its check digits (ISO 7064, mod 97-10).

    >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001"), is_iban("GB")
    (True, False, False)
    """
    if not looks_like_one(text):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def looks_like_one(text: str) -> bool:
    """Whether it is meant as an IBAN, right or wrong.

    >>> looks_like_one("DE89370400440532013001"), looks_like_one("12-34-567890")
    (True, False)
    """
    return re.fullmatch(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}", text) is not None


def compact(text: str) -> str:
    return re.sub(r"\s+", "", text).upper()
