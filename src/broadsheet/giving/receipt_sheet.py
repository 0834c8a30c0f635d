"""What stands on a sheet of paper, in the language it was issued in: the page, the mail and the PDF draw the same."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from broadsheet.giving.amounts import written
from broadsheet.giving.methods import method_words
from broadsheet.giving.models import Donor, Frequency, GivingSettings, Receipt
from broadsheet.giving.receipts import successor_of
from broadsheet.giving.statements import Line, Statement
from broadsheet.newsroom.language import of_the_edition
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.models.publication import direction_of


@dataclass(frozen=True)
class Text:
    """With the way it is written, which may be another than that of the words around it."""

    said: str

    @property
    def direction(self) -> str:
        """By its first letter, as HTML's `dir=auto` finds it; what has none, a number, is written from left to right."""
        for letter in self.said:
            if (kind := unicodedata.bidirectional(letter)) in ("L", "R", "AL"):
                return "ltr" if kind == "L" else "rtl"
        return "ltr"


@dataclass(frozen=True)
class Row:
    label: str
    values: tuple[Text, ...]


@dataclass(frozen=True)
class Cell:
    label: str
    text: Text
    is_figure: bool


@dataclass(frozen=True)
class Table:
    """Rows of texts under their headings; `sums` come last."""

    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    sums: tuple[tuple[Text, ...], ...]
    figures: tuple[int, ...]  # the columns whose texts stand at the end

    @property
    def headings(self) -> list[tuple[str, bool]]:
        return [(label, place in self.figures) for place, label in enumerate(self.head)]

    @property
    def lines(self) -> list[list[Cell]]:
        return [self._cells(row) for row in self.rows]

    @property
    def last_lines(self) -> list[list[Cell]]:
        return [self._cells(row) for row in self.sums]

    def _cells(self, row: tuple[Text, ...]) -> list[Cell]:
        """Each with its heading: on a narrow screen they stand below each other."""
        return [Cell(label, text, is_figure) for (label, is_figure), text in zip(self.headings, row, strict=True)]


@dataclass(frozen=True)
class Sheet:
    """`mark`: a word across it, where it no longer holds; `marked`: the sentence that says so."""

    title: str
    number: str
    language: str
    issuer: tuple[Text, ...]
    amount: Text | None
    rows: tuple[Row, ...]
    table: Table | None = None
    note: str = ""
    mark: str = ""
    marked: str = ""

    @property
    def direction(self) -> str:
        return str(direction_of(self.language))

    @property
    def heading(self) -> str:
        return f"{self.title} {self.number}"


def receipt_sheet(receipt: Receipt) -> Sheet:
    says = receipt.says
    with translation.override(says["language"]):
        mark, marked = _mark(receipt, is_pretended=says.get("is_pretended", False))
        return Sheet(
            title=_("Receipt"),
            number=says["number"],
            language=says["language"],
            issuer=_issuer(**says["entity"]),
            amount=Text(says["amount"]),
            rows=tuple(
                _row(label, *values)
                for label, *values in (
                    (_("Received from"), *_donor(says["donor"])),
                    (_("Received on"), says["paid_on"]),
                    (_("Gift"), str(Frequency(says["frequency"]).label)),
                    (_("Paid by"), method_words(says["method"])),
                    (_("Issued on"), says["issued_on"]),
                    (_("In place of"), says["replaces"]),
                )
                if any(values)
            ),
            note=says["note"],
            mark=mark,
            marked=marked,
        )


def statement_sheet(statement: Statement) -> Sheet:
    """In the language of the edition: it is drawn up anew whenever it is asked for."""
    house, settings, language = Publication.ours(), GivingSettings.ours(), of_the_edition()
    is_pretended = any(line.receipt and line.receipt.says.get("is_pretended") for line in statement.lines)
    with translation.override(language):
        mark, marked = _trial() if is_pretended else ("", "")
        return Sheet(
            title=_("Gifts in"),
            number=str(statement.year),
            language=language,
            issuer=_issuer(settings.entity_name or house.name, settings.entity_address, settings.entity_registration),
            amount=None,
            rows=tuple([_row(_("Received from"), *_people(statement.donors))] if _people(statement.donors) else ()),
            table=_table(statement),
            note=settings.receipt_note,
            mark=mark,
            marked=marked,
        )


def _issuer(name: str, address: str, registration: str) -> tuple[Text, ...]:
    lines = [name, *address.splitlines(), registration]
    return tuple(Text(plain(line)) for line in lines if line.strip())


def _donor(donor: dict[str, str]) -> tuple[str, ...]:
    if not donor:
        return (_("a name that is no longer kept"),)
    return tuple(filter(None, [donor["name"], donor["email"]])) or (_("somebody who gave no name"),)


def _people(donors: tuple[Donor, ...]) -> list[str]:
    named = [*(donor.name for donor in donors), *(donor.email for donor in donors)]
    return list(dict.fromkeys(filter(None, named)))


def _mark(receipt: Receipt, *, is_pretended: bool) -> tuple[str, str]:
    """The word across it, and the sentence."""
    if hasattr(receipt, "void"):
        if (successor := successor_of(receipt)) is None:
            return _("Void"), _("This receipt is void: it no longer holds.")
        said = _("This receipt is void: receipt {number} has taken its place.")
        return _("Void"), said.format(number=successor.says["number"])
    return _trial() if is_pretended else ("", "")


def _trial() -> tuple[str, str]:
    return _("Trial"), _("A trial: no real money moved, and this proves no gift.")


def _row(label: str, *values: str) -> Row:
    return Row(label, tuple(Text(plain(value)) for value in values if value))


def _table(statement: Statement) -> Table:
    """Without the columns that nobody needs who was never given anything back."""
    returns = statement.has_returns
    head = [_("Day"), _("Receipt"), _("Given"), *([_("Returned"), _("Kept")] if returns else [])]

    def figures(*amounts: str) -> list[str]:
        return list(amounts if returns else amounts[:1])

    def cells(line: Line) -> list[str]:
        number = line.receipt.says["number"] if line.receipt else "–"
        said = _("{number} (void)").format(number=number) if line.is_void else number
        return [date_format(line.paid_at), said, *figures(*map(written, (line.amount, line.returned, line.kept)))]

    sums = [
        ["", _("Total"), *figures(*map(written, (each.given, each.returned, each.kept)))] for each in statement.totals
    ]
    return Table(
        tuple(head),
        tuple(tuple(map(Text, cells(line))) for line in statement.lines),
        tuple(tuple(map(Text, each)) for each in sums),
        tuple(range(2, len(head))),
    )


def plain(text: str) -> str:
    """Without what cannot be printed: a name comes from anywhere."""
    return "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") else letter for letter in text
    ).strip()
