"""A sheet as PDF: tagged for screen readers (PDF/UA-1), with its letters embedded, and the same bytes whenever it is asked for.

Set by Typst, which brings its faces along: Libertinus has Latin, Greek, Cyrillic, Hebrew. What it lacks is taken from the
fonts of the machine, if they have it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import typst

from broadsheet.giving.models import Receipt
from broadsheet.giving.receipt_sheet import Sheet, Text, plain, receipt_sheet, statement_sheet
from broadsheet.giving.statements import Statement

TEMPLATE = Path(__file__).parent / "typesetting" / "sheet.typ"


def receipt_pdf(receipt: Receipt) -> bytes:
    return set_sheet(receipt_sheet(receipt))


def statement_pdf(statement: Statement) -> bytes:
    return set_sheet(statement_sheet(statement))


def set_sheet(sheet: Sheet) -> bytes:
    told = {"sheet": json.dumps(_plain(sheet), ensure_ascii=False)}
    try:
        typeset = _typesetter(_own_faces()).compile(format="pdf", sys_inputs=told, pdf_standards=["ua-1"], timestamp=0)
    except typst.TypstError:
        # A letter that no face of ours has: the standard refuses an empty box, a receipt is better than none.
        typeset = _typesetter(_all_faces()).compile(format="pdf", sys_inputs=told, timestamp=0)
    assert isinstance(typeset, bytes)  # a list where each page is a picture
    return typeset


def _typesetter(faces: typst.Fonts) -> typst.Compiler:
    """One a sheet: it serves one thread only. The faces are read once."""
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=faces)


@cache
def _own_faces() -> typst.Fonts:
    """What is set with them is the same on every machine."""
    return typst.Fonts(include_system_fonts=False)


@cache
def _all_faces() -> typst.Fonts:
    return typst.Fonts()


def _plain(sheet: Sheet) -> dict[str, object]:
    """As the template reads it: never as markup, whatever a donor is called."""
    table = sheet.table
    return {
        **asdict(sheet),
        "heading": sheet.heading,
        "direction": sheet.direction,
        "issuer": [_text(line) for line in sheet.issuer],
        "amount": _text(sheet.amount) if sheet.amount else None,
        "rows": [{"label": row.label, "values": [_text(value) for value in row.values]} for row in sheet.rows],
        "table": table
        and {
            "head": table.head,
            "rows": [[_text(cell) for cell in row] for row in table.rows],
            "sums": [[_text(cell) for cell in row] for row in table.sums],
            "figures": table.figures,
        },
        "note": [_text(Text(line)) for part in sheet.note.splitlines() if (line := plain(part))],
    }


def _text(text: Text) -> dict[str, str]:
    return {"said": text.said, "direction": text.direction}
