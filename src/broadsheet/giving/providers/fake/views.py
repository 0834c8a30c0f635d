"""The fake provider's pages for readers. A real provider has its own, elsewhere; this one borrows our dress, and our address.

What is typed goes on to the provider's process as it is; what the page shows is what that answers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from broadsheet.config import config
from broadsheet.core.money import Money
from broadsheet.giving.models import Frequency
from broadsheet.giving.providers import PRETENDED, uses
from broadsheet.giving.providers.fake import cards
from broadsheet.giving.providers.fake.asking import Asking, NotThere, SaysNo, Silent
from broadsheet.giving.providers.fake.cards import Card
from broadsheet.giving.providers.fake.provider import page_url
from broadsheet.giving.views.page import draw
from broadsheet.readers.forms import Plain
from broadsheet.readers.views.page import account_page, see

WORDS = {
    Card.PAYS: gettext_lazy("pays"),
    Card.DECLINED: gettext_lazy("is declined"),
    Card.NO_FUNDS: gettext_lazy("has not enough on it"),
    Card.ASKS_BANK: gettext_lazy("has its bank ask back (3-D Secure)"),
    Card.DISPUTED: gettext_lazy("pays; a day later its bank takes the money back"),
    Card.PAYS_ONCE: gettext_lazy("pays once; its renewals fail"),
    Card.EXPIRED: gettext_lazy("has expired"),
}
FAULTS = {
    "card_declined": gettext_lazy("The card was declined. Nothing was taken from it."),
    "insufficient_funds": gettext_lazy("There is not enough on this card. Nothing was taken from it."),
    "expired_card": gettext_lazy("This card has expired. Nothing was taken from it."),
    "authentication_failed": gettext_lazy("The bank did not confirm the payment. Nothing was taken from the card."),
}


class CardForm(Plain):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
        error_messages={
            "required": gettext_lazy("Please type your e-mail address."),
            "invalid": gettext_lazy("That is not an e-mail address we can write to."),
        },
    )
    card = forms.CharField(
        label=gettext_lazy("Card number"),
        max_length=40,
        initial="4242 4242 4242 4242",
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", "dir": "ltr"}
        ),
        help_text=gettext_lazy("One of those below. No others are taken."),
        error_messages={"required": gettext_lazy("Please type one of the numbers below.")},
    )

    def __init__(self, known_email: str, *args: Any) -> None:
        super().__init__(*args)
        if known_email:
            del self.fields["email"]

    def clean_card(self) -> str:
        if cards.read(self.cleaned_data["card"]) is None:
            raise forms.ValidationError(_("That is none of the cards below. Please never type a real one here."))
        return str(self.cleaned_data["card"])


def pretended_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only where the provider is in use; when it does not answer, a page says so."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @account_page
    @wraps(view)
    def answered(request: HttpRequest, page: str) -> HttpResponse:
        if not uses(PRETENDED):
            raise Http404
        try:
            return view(request, Asking(config()), page)
        except NotThere as unknown:
            raise Http404 from unknown
        except SaysNo:
            return draw(
                request, "fake/closed", {"fault": _("This can no longer be changed: the pledge has ended.")}, 409
            )
        except Silent:
            return draw(
                request, "fake/closed", {"fault": _("The payment page does not answer just now."), "again": True}, 503
            )

    return answered


@pretended_page
def pay(request: HttpRequest, asking: Asking, ref: str) -> HttpResponse:
    page = asking.get(f"/pages/{ref}")
    form = CardForm(page["email"], request.POST or None)
    if page["state"] == "open" and form.is_valid():
        given = form.cleaned_data
        page = asking.post(f"/pages/{ref}/pay", card=given["card"], email=given.get("email", ""))
        if page["state"] == "open":
            form = CardForm(page["email"], given)
            form.add_error("card", FAULTS.get(page["fault"], page["fault"]))
            return _form(request, page, form)
    return _further(request, page) or _form(request, page, form)


@pretended_page
def bank(request: HttpRequest, asking: Asking, ref: str) -> HttpResponse:
    """What a bank's own page would ask: was it you?"""
    page = asking.get(f"/pages/{ref}")
    answer = request.POST.get("answer")
    if page["state"] == "bank" and answer in ("confirm", "refuse"):
        page = asking.post(f"/pages/{ref}/bank", is_confirmed=answer == "confirm")
    if page["state"] == "bank":
        return draw(request, "fake/bank", _shown(page))
    return _further(request, page) or see(page_url(ref))


def _further(request: HttpRequest, page: dict[str, Any]) -> HttpResponse | None:
    """Where the reader goes on, if there is nothing more to be filled in here."""
    if page["state"] == "done":
        return see(page["thanks_url"])
    if page["state"] == "bank":
        return see(f"{page_url(page['id'])}bank/")
    if page["state"] == "expired":
        fault = _("This page has expired. Nothing was taken.")
        return draw(request, "fake/closed", {"fault": fault, "back_url": page["back_url"]}, status=410)
    return None


def _form(request: HttpRequest, page: dict[str, Any], form: CardForm) -> HttpResponse:
    return draw(
        request,
        "fake/pay",
        {**_shown(page), "form": form, "fault": "" if form.is_bound else FAULTS.get(page["fault"], "")},
    )


def _shown(page: dict[str, Any]) -> dict[str, Any]:
    return {
        "amount": Money(page["amount"], page["currency"]),
        "frequency": Frequency(page["frequency"]),
        "replaces": page["purpose"] == "card",
        "email": page["email"],
        "back_url": page["back_url"],
        "cards": [(_in_fours(number), WORDS[card]) for number, card in cards.NUMBERS.items()],
    }


def _in_fours(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
