"""Where a transfer is to go and what it is to say: for the page, the letter, and the square code that banks' apps read."""

from __future__ import annotations

from dataclasses import dataclass

from broadsheet.core.iban import compact, in_fours, is_iban
from broadsheet.core.money import Money
from broadsheet.core.references import said
from broadsheet.giving.models import Attempt, GivingSettings
from broadsheet.newsroom.models import Publication

_LONGEST_HOLDER = 70  # EPC069-12: the beneficiary's name


@dataclass(frozen=True)
class Details:
    """`number`: an IBAN in fours, or an account number as the publisher wrote it."""

    holder: str
    number: str
    bic: str
    reference: str
    amount: Money
    note: str

    @property
    def has_account(self) -> bool:
        return bool(self.number)

    @property
    def is_iban(self) -> bool:
        return is_iban(compact(self.number))

    @property
    def girocode(self) -> str:
        """The text of a “Girocode” (EPC069-12, version 2): a SEPA transfer in euros; empty where there can be none."""
        iban = compact(self.number)
        if self.amount.currency != "EUR" or not self.is_iban or not 0 < self.amount.amount_minor <= 99_999_999_999:
            return ""
        lines = [
            "BCD", "002", "1", "SCT", compact(self.bic), self.holder[:_LONGEST_HOLDER], iban,
            f"EUR{self.amount.number}", "", "", self.reference,
        ]  # fmt: skip
        return "\n".join(lines)


def details_of(attempt: Attempt) -> Details:
    settings = GivingSettings.ours()
    return Details(
        holder=settings.bank_holder or settings.entity_name or Publication.ours().name,
        number=in_fours(settings.bank_iban),
        bic=settings.bank_bic.strip(),
        reference=said(attempt.reference),
        amount=attempt.amount,
        note=settings.bank_note,
    )
