"""Give money back: how much and why; then what will happen; then it is done, once."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet.core.money import Money
from broadsheet.giving.acts.refund import NotRefundable, left_of, refund
from broadsheet.giving.amounts import written
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage, ReasonForm
from broadsheet.giving.desk.donations import OfDonation
from broadsheet.giving.desk.fields import AmountField, KeyField
from broadsheet.giving.models import Donation
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import Declined, NotReached


class RefundForm(ReasonForm):
    """`confirmed` holds the amount that was shown: another one is shown again first."""

    amount = AmountField(label=gettext_lazy("How much"))
    key = KeyField()
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("amount", "reason")

    def __init__(self, *args: Any, left: Money, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._left = left
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = left.currency
        amount.help_text = _("At most %(left)s.") % {"left": written(left)}

    def clean_amount(self) -> Money:
        amount: Money = self.cleaned_data["amount"]
        if amount > self._left and not self.data.get("confirmed"):
            raise forms.ValidationError(_("Of this gift %(left)s is left.") % {"left": written(self._left)})
        return amount


class Refund(OfDonation, ActPage):
    page_title = gettext_lazy("Give it back")
    button = gettext_lazy("See what will happen")
    form_class = RefundForm
    moves = True
    is_grave = True

    def below(self) -> list[dict[str, Any]]:
        return [self.here(), {"url": "", "label": self.page_title}]

    def form_arguments(self) -> dict[str, Any]:
        left = left_of(self.donation)
        first = {"amount": left.number, "key": secrets.token_urlsafe(12)}
        return {"left": left, "initial": first}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if left_of(self.donation):
            return super().get(request, *args, **kwargs)
        messages.warning(request, _("Nothing is left of this gift that could be given back."))
        return redirect(self.url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        donation = self.donation
        if not provider_named(donation.provider).abilities.refunds:
            raise PermissionDenied
        subject = f"{cells.donor_words(donation.donor)}: {written(donation.amount)}, {cells.day(donation.paid_at)}"
        return super().get_context_data(**{"subject": subject, "back": self.url, **kwargs})

    def form_valid(self, form: RefundForm) -> HttpResponse:
        amount = form.cleaned_data["amount"]
        if form.cleaned_data["confirmed"] != amount.number:
            return self._ask(form, amount)
        try:
            done = refund(
                self.donation, amount, key=form.cleaned_data["key"], by=self.by, reason=form.cleaned_data["reason"]
            )
        except NotReached as fault:
            return self._ask(form, amount, _not_reached(self.donation, fault))
        except Declined as fault:
            return self._ask(form, amount, _declined(self.donation, fault))
        except NotRefundable:
            messages.error(self.request, _("So much is no longer left of this gift: somebody was faster. See below."))
        else:
            messages.success(self.request, _done(self.donation, done.amount, done.is_posted))
        return redirect(self.url)

    def _ask(self, form: RefundForm, amount: Money, fault: str = "") -> HttpResponse:
        """Once more, with what will happen. Under the same key, so that pressing twice gives back once."""
        data = {**dict(form.data.items()), "amount": amount.number, "confirmed": amount.number}
        again = RefundForm(data, **self.form_arguments())
        for name in ("amount", "reason"):
            again.fields[name].widget = forms.HiddenInput()
        return self.again(
            again,
            fault=fault,
            says=what_will_happen(self.donation, amount),
            button=_("Give back %(amount)s") % {"amount": written(amount)},
            is_grave=True,
        )


def what_will_happen(donation: Donation, amount: Money) -> list[str]:
    names = {
        "amount": written(amount),
        "gift": written(donation.amount),
        "donor": cells.donor_words(donation.donor),
        "provider": cells.provider_words(donation.provider),
    }
    if donation.provider == "manual":
        moves = _("You send %(amount)s of %(gift)s to %(donor)s yourself; here it is written into the books.")
    else:
        moves = _("%(provider)s sends %(amount)s of %(gift)s to %(donor)s, the way it came. That takes some days.")
    is_whole = amount == left_of(donation)
    receipt = (
        _("The receipt is void; nothing takes its place.")
        if is_whole
        else _("The receipt is void, and another one is issued for what is kept.")
    )
    after = _("The fee of the payment is not always returned: the movements of the gift will show it.")
    says = [moves % names, receipt, after if donation.provider != "manual" else ""]
    if donation.donor.email:
        says.append(_("The donor is written to."))
    if donation.pledge:
        says.append(_("The pledge goes on: end it on its own page if it is not to be paid again."))
    elif is_whole:
        says.append(_("By this gift they are no longer a supporter."))
    return [*filter(None, says), _("It cannot be undone.")]


def _not_reached(donation: Donation, fault: NotReached) -> str:
    return _(
        "%(provider)s could not be reached, and nothing was written into the books: %(fault)s. Press again, now or later:"
        " however often you do, it is given back once."
    ) % {"provider": cells.provider_words(donation.provider), "fault": fault}


def _declined(donation: Donation, fault: Declined) -> str:
    return _("%(provider)s refuses: %(fault)s. Nothing was given back.") % {
        "provider": cells.provider_words(donation.provider),
        "fault": fault,
    }


def _done(donation: Donation, amount: Money, is_posted: bool) -> str:
    if is_posted:
        return _("%(amount)s given back. It is in the books.") % {"amount": written(amount)}
    return _("%(provider)s gives back %(amount)s. It is in the books as soon as that is confirmed.") % {
        "provider": cells.provider_words(donation.provider),
        "amount": written(amount),
    }
