"""What the books and a provider say differently; and putting it right by hand, where nothing else can."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet.config import PROVIDERS
from broadsheet.core import books
from broadsheet.core.money import CURRENCIES
from broadsheet.giving.amounts import written
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage
from broadsheet.giving.desk.fields import AmountField
from broadsheet.giving.desk.page import DeskPage
from broadsheet.giving.models import GivingSettings, Kind, Transaction
from broadsheet.giving.posting import correct
from broadsheet.giving.reconciling import Difference, What, differences_of, last_findings

WHATS = {
    What.MISSING_HERE: gettext_lazy("Missing here"),
    What.UNKNOWN_THERE: gettext_lazy("Unknown there"),
    What.AMOUNTS_DIFFER: gettext_lazy("The amounts differ"),
}
ADVICE = {
    What.MISSING_HERE: gettext_lazy(
        "It was looked for again and could not be posted. Look it up in the provider’s own pages."
    ),
    What.UNKNOWN_THERE: gettext_lazy(
        "The provider no longer tells of it. Look it up there before you put anything right."
    ),
    What.AMOUNTS_DIFFER: gettext_lazy(
        "The provider changed it after we had posted it. Put the books right by the difference."
    ),
}


class Differences(DeskPage):
    template_name = "giving/desk/differences.html"
    page_title = gettext_lazy("Books and providers")

    def below(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        findings = [
            (found, cells.provider_words(found.provider), [_row(each) for each in differences_of(found)])
            for found in last_findings()
        ]
        return super().get_context_data(findings=findings, **kwargs)


def _row(difference: Difference) -> dict[str, Any]:
    entry = Transaction.objects.filter(
        provider=difference.provider, object_ref=difference.object_ref, kind=difference.kind
    ).first()
    return {
        "difference": difference,
        "what": WHATS[difference.what],
        "kind": Kind(difference.kind).label,
        "advice": ADVICE[difference.what],
        "entry": entry,
    }


# ── corrections


def accounts() -> list[tuple[str, Any]]:
    """Of the ledger, in the words of the desk."""
    held = [books.balance_of(name) for name in PROVIDERS if name != "manual"]
    names = [books.BANK, *held, books.GIFTS, books.FEES, books.REFUNDS, books.DISPUTES, books.CORRECTIONS]
    return [(name, cells.account_words(name)) for name in names]


class CorrectionForm(forms.Form):
    amount = AmountField(label=gettext_lazy("Amount"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES])
    credit = forms.ChoiceField(label=gettext_lazy("Out of"), choices=accounts)
    debit = forms.ChoiceField(label=gettext_lazy("Into"), choices=accounts)
    note = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It stands in the books for good. Name no address."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount, asked = self.fields["amount"], self.data.get("currency", "")
        assert isinstance(amount, AmountField)
        amount.currency = asked if asked in CURRENCIES else GivingSettings.ours().currency

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("debit") and given.get("debit") == given.get("credit"):
            raise forms.ValidationError(_("Nothing moves from an account to itself."))
        return given


class Correct(ActPage):
    """Of one transaction, which it turns round unless something else is chosen; or of none."""

    page_title = gettext_lazy("Put the books right")
    button = gettext_lazy("Write it into the books")
    form_class = CorrectionForm
    moves = True
    is_grave = True

    def below(self) -> list[dict[str, Any]]:
        return [
            {"url": reverse("money_differences"), "label": Differences.page_title},
            {"url": "", "label": self.page_title},
        ]

    @cached_property
    def corrected(self) -> Transaction | None:
        asked = self.request.GET.get("transaction", "")
        if not asked.isdecimal() or len(asked) > 18:
            return None
        return get_object_or_404(Transaction.objects.select_related("donation"), pk=asked)

    def form_arguments(self) -> dict[str, Any]:
        if self.corrected is None:
            return {"initial": {"currency": GivingSettings.ours().currency}}
        moved = self.corrected.movements.get()
        turned = {"debit": moved.credit, "credit": moved.debit, "amount": moved.amount.number}
        return {"initial": {**turned, "currency": moved.currency}}

    @property
    def back(self) -> str:
        gift = self.corrected.donation_id if self.corrected else None
        return reverse("money_donation", args=[gift]) if gift else reverse("money_differences")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        says = [
            _("The ledger is never changed: a correction is a movement of its own, with its reason and your name."),
            _(
                "No money moves, and no provider is told. A gift that is to be given back is given back on its own page."
            ),
        ]
        entry = self.corrected
        if entry is not None:
            about = {"kind": entry.get_kind_display(), "amount": written(entry.movements.get().amount)}
            says.insert(
                0, _("It was posted: %(kind)s, %(amount)s. As it stands below, all of it is taken back.") % about
            )
        return super().get_context_data(**{"says": says, "back": self.back, **kwargs})

    def form_valid(self, form: CorrectionForm) -> HttpResponse:
        given = form.cleaned_data
        move = books.Movement(given["debit"], given["credit"], given["amount"])
        correct(move, note=given["note"], by=self.by, corrects=self.corrected)
        messages.success(self.request, _("%(amount)s: it stands in the books.") % {"amount": written(move.amount)})
        return redirect(self.back)
