"""Enter a payment by hand: what was announced is matched by its reference, anything else by who sent it.

What looks like a mistake (another amount than announced, the same payment twice) is asked about once, and then done.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet import clock
from broadsheet.core.money import CURRENCIES
from broadsheet.core.references import references_in
from broadsheet.giving.acts.enter_payment import PROVIDER, EnteredAlready, Entry, enter_payment
from broadsheet.giving.amounts import written
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage
from broadsheet.giving.desk.attempts import reference_words
from broadsheet.giving.desk.fields import AmountField, KeyField
from broadsheet.giving.desk.page import DayInput, closes, opens, zone
from broadsheet.giving.methods import METHODS
from broadsheet.giving.models import Attempt, AttemptState, Donation, Donor, GivingSettings
from broadsheet.giving.reports import today

MOST_AWAITED = 100
LONGEST_AGO_YEARS = 10


class EntryForm(forms.Form):
    """Of an `attempt`, a `donor`, or of whoever is named in it."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        required=False,
        max_length=140,
        help_text=gettext_lazy("If there is one: the whole line of the bank statement will do."),
    )
    amount = AmountField(label=gettext_lazy("Amount"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(code, code) for code in CURRENCIES])
    paid_on = forms.DateField(label=gettext_lazy("Received on"), widget=DayInput)
    method = forms.ChoiceField(
        label=gettext_lazy("How"), choices=[(name, METHODS[name]) for name in ("bank transfer", "cheque", "cash")]
    )
    email = forms.EmailField(
        label=gettext_lazy("Address of the donor"),
        required=False,
        help_text=gettext_lazy("If known: thanks and the receipt are mailed to it. Not needed with a reference."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the donor"), required=False, max_length=120)
    key = KeyField()
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, attempt: Attempt | None = None, donor: Donor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attempt, self.donor = attempt, donor
        if attempt is not None or donor is not None:
            for name in ("reference", "email", "name"):
                del self.fields[name]
        if attempt is not None:
            currency = self.fields["currency"]
            assert isinstance(currency, forms.ChoiceField)
            currency.choices = [(attempt.currency, attempt.currency)]
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        asked = self.data.get("currency", "")
        amount.currency = asked if asked in CURRENCIES else GivingSettings.ours().currency

    def clean_reference(self) -> str:
        text: str = self.cleaned_data["reference"]
        if not text.strip():
            return ""
        found = references_in(text)
        if not found:
            raise forms.ValidationError(_("There is no whole reference in this. One letter may be wrong: compare it."))
        attempts = list(Attempt.objects.filter(reference__in=found))
        if len(attempts) != 1:
            raise forms.ValidationError(
                _("Nobody was given this reference.") if not attempts else _("These are several: enter one at a time.")
            )
        self.attempt = attempts[0]
        return self.attempt.reference

    def clean_paid_on(self) -> date:
        day: date = self.cleaned_data["paid_on"]
        if day > today():
            raise forms.ValidationError(_("That day is still to come."))
        if day.year < today().year - LONGEST_AGO_YEARS:
            raise forms.ValidationError(_("That is too long ago."))
        return day

    def entry(self) -> Entry:
        given = self.cleaned_data
        return Entry(
            key=given["key"],
            amount=given["amount"],
            paid_at=_moment_of(given["paid_on"]),
            method=given["method"],
            attempt=self.attempt,
            donor=self.donor,
            email=given.get("email", ""),
            name=given.get("name", "").strip(),
        )


def _moment_of(day: date) -> datetime:
    """Now, if it is today; noon of a day before, which is that day in any zone a reader is likely to live in."""
    return clock.now() if day == today() else datetime.combine(day, time(12), zone())


class EnterPayment(ActPage):
    template_name = "giving/desk/enter.html"
    page_title = gettext_lazy("Enter a payment")
    stop = "money_enter"
    button = gettext_lazy("Enter it")
    form_class = EntryForm
    moves = True

    @cached_property
    def attempt(self) -> Attempt | None:
        asked = self.request.GET.get("attempt", "")
        return get_object_or_404(Attempt, pk=asked, provider=PROVIDER) if asked else None

    @cached_property
    def donor(self) -> Donor | None:
        asked = self.request.GET.get("donor", "")
        return get_object_or_404(Donor, pk=asked, erased_at=None) if asked.isdecimal() and len(asked) < 19 else None

    def form_arguments(self) -> dict[str, Any]:
        attempt = self.attempt
        first = {
            "currency": attempt.currency if attempt else GivingSettings.ours().currency,
            "amount": attempt.amount.number if attempt else "",
            "paid_on": today(),
        }
        return {"attempt": attempt, "donor": self.donor, "initial": first}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_chosen = self.attempt or self.donor
        shown: dict[str, Any] = {
            "says": [],
            "subject": _subject(self.attempt, self.donor),
            "back": reverse("money_enter") if is_chosen else reverse("money_desk"),
            "awaited": [] if is_chosen else awaited()[:MOST_AWAITED],
        }
        return super().get_context_data(**{**shown, **kwargs})

    def form_valid(self, form: EntryForm) -> HttpResponse:
        entry = form.entry()
        doubts = [] if _is_entered(entry) else list(doubts_about(entry))
        if doubts and form.cleaned_data["confirmed"] != _seal(entry):
            return self._ask(form, entry, doubts)
        try:
            donation = enter_payment(entry, by=self.by)
        except EnteredAlready as done:
            messages.warning(
                self.request, _("This was entered already, a moment ago: here it is. It was not entered twice.")
            )
            return redirect("money_donation", done.donation.pk)
        messages.success(
            self.request,
            _("%(amount)s entered.") % {"amount": written(donation.amount)},
            [messages.button(reverse("money_enter"), _("Enter another"))],
        )
        return redirect("money_donation", donation.pk)

    def _ask(self, form: EntryForm, entry: Entry, doubts: list[str]) -> HttpResponse:
        data = {**dict(form.data.items()), "confirmed": _seal(entry)}
        again = EntryForm(data, **self.form_arguments())
        return self.again(again, doubts=doubts, button=_("Enter it all the same"))


def awaited() -> QuerySet[Attempt]:
    """Transfers that were announced and have not come, the oldest first."""
    return Attempt.objects.filter(provider=PROVIDER, state=AttemptState.AWAITED).order_by("begun_at")


def doubts_about(entry: Entry) -> Iterator[str]:
    """What may be a mistake."""
    attempt = entry.attempt
    if attempt is not None and attempt.amount != entry.amount:
        yield _("Announced were %(announced)s, you entered %(entered)s.") % {
            "announced": written(attempt.amount),
            "entered": written(entry.amount),
        }
    if attempt is not None and attempt.state == AttemptState.PAID:
        yield _("A payment with this reference was entered before. Another one is right if it came again.")
    if entry.email and entry.donor is None and attempt is not None and attempt.email not in ("", entry.email.lower()):
        yield _("The reference was given to another address: the payment is counted as theirs.")
    for same in _same_day(entry)[:1]:
        yield _("%(amount)s from %(donor)s, received on the same day, was entered already.") % {
            "amount": written(same.amount),
            "donor": cells.donor_words(same.donor),
        }


def _same_day(entry: Entry) -> QuerySet[Donation]:
    """Of the same amount, from the same donor as far as we can tell."""
    day = entry.paid_at.astimezone(zone()).date()
    same = Donation.objects.filter(
        provider=PROVIDER,
        amount_minor=entry.amount.amount_minor,
        currency=entry.amount.currency,
        paid_at__gte=opens(day),
        paid_at__lt=closes(day),
    ).select_related("donor")
    if entry.donor is not None:
        return same.filter(donor=entry.donor)
    if entry.attempt is not None:
        return same.filter(attempt=entry.attempt)
    if entry.email:
        return same.filter(donor__email=entry.email.strip().lower())
    return same.filter(donor__email="", donor__name=entry.name)


def _is_entered(entry: Entry) -> bool:
    """By this very form."""
    return Donation.objects.filter(provider=PROVIDER, provider_ref=f"entered {entry.key}").exists()


def _seal(entry: Entry) -> str:
    """What was asked about: changed after that, it is asked about again."""
    about = [entry.amount, entry.attempt and entry.attempt.pk, f"{entry.paid_at:%Y-%m-%d}", entry.email, entry.name]
    return salted_hmac("broadsheet.giving.entering", repr(about)).hexdigest()


def _subject(attempt: Attempt | None, donor: Donor | None) -> str:
    if attempt is not None:
        return _("Reference %(reference)s: %(amount)s, announced %(day)s") % {
            "reference": reference_words(attempt),
            "amount": written(attempt.amount),
            "day": cells.day(attempt.begun_at),
        }
    return cells.donor_words(donor) if donor else ""
