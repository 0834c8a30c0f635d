"""Receipts and a year's statement, as pages that print well and as PDF: for who gave, and nobody else."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from broadsheet.giving.models import Donor, Receipt
from broadsheet.giving.receipt_links import file_name, receipt_of
from broadsheet.giving.receipt_pdf import set_sheet
from broadsheet.giving.receipt_sheet import Sheet, receipt_sheet, statement_sheet
from broadsheet.giving.receipts import successor_of
from broadsheet.giving.statements import statement_of, years_of
from broadsheet.readers.models import User
from broadsheet.readers.views.page import account_page, draw, for_account


@require_safe
@for_account
def own_receipt(request: HttpRequest, number: int, *, as_pdf: bool = False) -> HttpResponse:
    """`number`: of its row. Somebody else's is answered as one that is not there."""
    found = Receipt.objects.select_related("void").filter(pk=number, donation__donor__account=_giver(request)).first()
    if found is None:
        raise Http404
    sheet = receipt_sheet(found)
    if as_pdf:
        return _pdf(sheet)
    successor = successor_of(found)
    return _page(
        request,
        sheet,
        pdf_url=reverse("own_receipt_pdf", args=[found.pk]),
        successor_url=reverse("own_receipt", args=[successor.pk]) if successor else "",
    )


@require_safe
@account_page
def receipt_by_link(request: HttpRequest, token: str, *, as_pdf: bool = False) -> HttpResponse:
    """The link that a letter carries: whoever has it needs no account, and it opens this one receipt."""
    found = receipt_of(token)
    if found is None:
        raise Http404
    sheet = receipt_sheet(found)
    return _pdf(sheet) if as_pdf else _page(request, sheet, pdf_url=reverse("receipt_by_link_pdf", args=[token]))


@require_safe
@for_account
def own_statement(request: HttpRequest, year: int, *, as_pdf: bool = False) -> HttpResponse:
    donors = list(Donor.objects.filter(account=_giver(request)).order_by("pk"))
    years = years_of(donors)
    if year not in years:
        raise Http404
    sheet = statement_sheet(statement_of(donors, year))
    if as_pdf:
        return _pdf(sheet)
    others = [(each, reverse("own_statement", args=[each])) for each in years if each != year]
    return _page(request, sheet, pdf_url=reverse("own_statement_pdf", args=[year]), years=others)


def _page(request: HttpRequest, sheet: Sheet, **context: object) -> HttpResponse:
    response = draw(request, "receipt", {"sheet": sheet, **context}, folder="giving")
    return _for_nobody_else(response)


def _pdf(sheet: Sheet) -> HttpResponse:
    response = HttpResponse(set_sheet(sheet), content_type="application/pdf")
    name = file_name(sheet.number if sheet.amount else f"gifts-{sheet.number}")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return _for_nobody_else(response)


def _for_nobody_else(response: HttpResponse) -> HttpResponse:
    """`never_cache` has said the rest; a link that opens a receipt is not told to where it leads."""
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _giver(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
