"""Receipts and statements for the desk: as PDF; one voided or issued anew."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet.giving.acts.reissue_receipt import HasSuccessor, reissue_receipt
from broadsheet.giving.acts.void_receipt import AlreadyVoid, void_receipt
from broadsheet.giving.amounts import written
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage, ReasonForm
from broadsheet.giving.desk.donors import same_person
from broadsheet.giving.desk.page import DeskPage
from broadsheet.giving.models import Donor, Receipt
from broadsheet.giving.receipt_links import file_name
from broadsheet.giving.receipt_pdf import set_sheet
from broadsheet.giving.receipt_sheet import Sheet, receipt_sheet, statement_sheet
from broadsheet.giving.receipts import NothingKept
from broadsheet.giving.statements import kept_of, statement_of, years_of


class _OfReceipt(DeskPage):
    stop = "money_donations"

    @cached_property
    def receipt(self) -> Receipt:
        return get_object_or_404(Receipt.objects.select_related("donation__donor", "void"), pk=self.kwargs["pk"])

    @property
    def donation_url(self) -> str:
        return reverse("money_donation", args=[self.receipt.donation_id])


class ReceiptPdf(_OfReceipt):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return pdf(receipt_sheet(self.receipt), file_name(self.receipt.says["number"]))


class StatementPdf(DeskPage):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        donors = same_person(get_object_or_404(Donor, pk=kwargs["pk"]))
        if kwargs["year"] not in years_of(donors):
            raise Http404
        sheet = statement_sheet(statement_of(donors, kwargs["year"]))
        return pdf(sheet, file_name(f"gifts-{kwargs['year']}"))


def pdf(sheet: Sheet, name: str) -> HttpResponse:
    response = HttpResponse(set_sheet(sheet), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


class _Act(_OfReceipt, ActPage):
    moves = True

    def below(self) -> list[dict[str, Any]]:
        donation = self.receipt.donation
        label = f"{cells.donor_words(donation.donor)}, {cells.day(donation.paid_at)}"
        return [{"url": self.donation_url, "label": label}, {"url": "", "label": self.page_title}]

    def says(self) -> list[str]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"subject": self.receipt.says["number"], "says": self.says(), "back": self.donation_url}
        return super().get_context_data(**{**shown, **kwargs})


class VoidReceipt(_Act):
    page_title = gettext_lazy("Void the receipt")
    button = gettext_lazy("Void it")

    def says(self) -> list[str]:
        return [
            _("It says from now on that it no longer holds. Its number stays taken, and the gift stays in the books."),
            _("The reason stands in the books and in “Who did what”, not on the receipt. Nobody is written to."),
            _("It cannot be undone; another one can be issued in its place."),
        ]

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            void_receipt(self.receipt, by=self.by, reason=form.cleaned_data["reason"])
        except AlreadyVoid:
            messages.warning(self.request, _("It was void already."))
        else:
            messages.success(self.request, _("The receipt is void."))
        return redirect(self.donation_url)


class ReissueForm(ReasonForm):
    name = forms.CharField(
        label=gettext_lazy("Name of the donor"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("As it is to stand on the new one. It is put right everywhere."),
    )
    field_order = ("name", "reason")


class ReissueReceipt(_Act):
    page_title = gettext_lazy("Issue it anew")
    button = gettext_lazy("Issue it anew")
    form_class = ReissueForm

    def form_arguments(self) -> dict[str, Any]:
        return {"initial": {"name": self.receipt.donation.donor.name}}

    def says(self) -> list[str]:
        kept = written(kept_of(self.receipt.donation))
        return [
            _("This one is void, and another is issued under a new number, for %(kept)s.") % {"kept": kept},
            _("It is sent to the donor, if we have an address."),
        ]

    def form_valid(self, form: Any) -> HttpResponse:
        given = form.cleaned_data
        try:
            successor = reissue_receipt(self.receipt, by=self.by, reason=given["reason"], name=given["name"])
        except HasSuccessor:
            messages.warning(self.request, _("Another took its place already: issue that one anew."))
        except NothingKept:
            messages.warning(
                self.request, _("All of the gift was given back: there is nothing to issue a receipt for.")
            )
        else:
            messages.success(self.request, _("%(number)s is issued.") % {"number": successor.says["number"]})
        return redirect(self.donation_url)
