"""Under the money desk, where the fake provider is in use: let days pass, dispute a gift, spoil the delivery of events.

So that everything a real provider may do to us can be had on purpose, and looked at.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from broadsheet.config import config
from broadsheet.core.money import Money
from broadsheet.giving.desk.page import DeskPage
from broadsheet.giving.models import PledgeState
from broadsheet.giving.providers import PRETENDED, uses
from broadsheet.giving.providers.fake.asking import Asking, NotThere, SaysNo, Silent
from broadsheet.giving.providers.fake.seen import moment
from broadsheet.giving.providers.fake.telling import Trouble
from broadsheet.readers.views.page import see

MAY = "giving.change_givingsettings"
MONTH = 31  # days: every monthly pledge is due once within them


class TroubleForm(forms.Form):
    late_s = forms.TypedChoiceField(
        label=gettext_lazy("Events come"),
        coerce=int,
        choices=[
            (0, gettext_lazy("at once")),
            (60, gettext_lazy("a minute late")),
            (3600, gettext_lazy("an hour late")),
            (86_400, gettext_lazy("a day late")),
        ],
    )
    spread_s = forms.TypedChoiceField(
        label=gettext_lazy("Their order"),
        coerce=int,
        choices=[
            (0, gettext_lazy("is kept")),
            (10, gettext_lazy("is lost: each up to ten seconds later")),
            (600, gettext_lazy("is lost: each up to ten minutes later")),
        ],
    )
    doubled = forms.IntegerField(
        label=gettext_lazy("Told twice, of a hundred"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("Under the same name or, as providers do, under another."),
    )
    lost = forms.IntegerField(
        label=gettext_lazy("Never told, of a hundred"),
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("The books find these when they are reconciled."),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=10**9,
        help_text=gettext_lazy("The same seed spoils the same events again."),
    )


class PretendPanel(DeskPage):
    template_name = "giving/desk/pretend.html"
    page_title = gettext_lazy("The fake payment provider")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not uses(PRETENDED):
            raise Http404
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act = request.POST.get("act", "")
        form = TroubleForm(request.POST) if act == "trouble" else None
        if form is not None and not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            messages.success(request, self._done(act, request.POST.get("object", ""), form))
        except (SaysNo, NotThere) as refused:
            messages.error(request, _("The provider says no: %(why)s") % {"why": refused})
        except Silent:
            messages.error(request, _("The fake payment provider does not answer."))
        return see(reverse("money_pretend"))

    def _done(self, act: str, ref: str, form: TroubleForm | None) -> str:
        """What was done, in words."""
        asking = Asking(config())
        if act in ("day", "month"):
            days = 1 if act == "day" else MONTH
            asking.post("/control/days", days=days)
            return ngettext(
                "A day has passed at the provider: what was due is done.",
                "%(days)d days have passed at the provider: what was due is done.",
                days,
            ) % {"days": days}
        if act == "payout":
            paid = len(asking.post("/control/payout"))
            return _("What the provider held is paid out.") if paid else _("There was nothing to pay out.")
        if act == "deliver":
            number = asking.post("/control/deliver")["number"]
            return ngettext("One event is told now.", "%(number)d events are told now.", number) % {"number": number}
        if act == "dispute":
            asking.post("/control/disputes", payment=ref)
            return _("The giver’s bank took the money back.")
        if act in ("win", "lose"):
            asking.post(f"/control/disputes/{ref}", is_won=act == "win")
            return _("The dispute is won.") if act == "win" else _("The dispute is lost.")
        if form is not None:
            asking.post("/control/trouble", **asdict(Trouble(**form.cleaned_data)))
            return _("From the next event on, they are told like this.")
        raise SuspiciousOperation(f"{act!r} is nothing to be done here")

    def below(self) -> list[dict[str, Any]]:
        return [{"url": reverse("money_pretend"), "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            shown = _in_our_words(Asking(config()).get("/control"))
        except Silent:
            shown = {"is_silent": True}
        form = kwargs.pop("form", None) or TroubleForm(initial=shown.get("trouble"))
        return super().get_context_data(form=form, is_panel=True, **shown, **kwargs)


def _in_our_words(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "trouble": said["trouble"],
        "waiting": said["waiting"],
        "delivered": said["delivered"],
        "balances": [Money(held, currency) for currency, held in said["balance"].items()],
        "pledges": [(PledgeState(row["state"]).label, row["number"]) for row in said["pledges"]],
        "payments": [
            {
                "ref": payment["id"],
                "amount": Money(payment["amount"], payment["currency"]),
                "email": payment["email"],
                "at": moment(payment["paid_at"]),
                "may_dispute": payment["left"] and not payment["disputes"],
            }
            for payment in said["payments"]
        ],
        "disputes": [
            {
                "ref": dispute["id"],
                "amount": Money(dispute["amount"], dispute["currency"]),
                "at": moment(dispute["at"]),
                "state": dispute["state"],
            }
            for dispute in said["disputes"]
        ],
    }
