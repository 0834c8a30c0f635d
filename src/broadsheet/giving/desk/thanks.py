"""The thank-you list: who gave in a span, to be printed in the paper or read out. Who did not say so is not named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadsheet.giving.desk.page import DeskPage, DueSpanForm, closes, csv_file, opens
from broadsheet.giving.models import Donation
from broadsheet.giving.supporters import kept


class ThanksFilter(DueSpanForm):
    new = forms.BooleanField(label=gettext_lazy("Only who gave for the first time"), required=False)


@dataclass(frozen=True)
class Thanked:
    """`anonymous`: how many more gave and are not to be named."""

    names: list[str]
    anonymous: int

    @property
    def as_text(self) -> str:
        """Ready to be pasted."""
        return "\n".join([*self.names, *([self.others] if self.anonymous else [])])

    @property
    def others(self) -> str:
        if not self.names:
            return ngettext(
                "One reader who wishes not to be named", "%(count)d readers who wish not to be named", self.anonymous
            ) % {"count": self.anonymous}
        return ngettext(
            "and one reader who wishes not to be named",
            "and %(count)d readers who wish not to be named",
            self.anonymous,
        ) % {"count": self.anonymous}


def who_gave(first: date, last: date, *, new: bool) -> Thanked:
    """Each once, by name; not those to whom all was given back."""
    span = Q(paid_at__gte=opens(first), paid_at__lt=closes(last))
    gifts = kept(Donation.objects.filter(span)).values_list("donor", "donor__is_named", "donor__name")
    givers = {donor: name.strip() if is_named else "" for donor, is_named, name in gifts}
    if new:
        before = Donation.objects.filter(
            donor__in=Donation.objects.filter(span).values("donor"), paid_at__lt=opens(first)
        )
        for donor in before.values_list("donor", flat=True):
            givers.pop(donor, None)
    names = sorted((name for name in givers.values() if name), key=str.casefold)
    return Thanked(names, sum(1 for name in givers.values() if not name))


class ThankYouList(DeskPage):
    template_name = "giving/desk/thanks.html"
    page_title = gettext_lazy("Thank-you list")
    stop = "money_thanks"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = ThanksFilter(request.GET)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(filters=list(form), faults=form.non_field_errors()))
        given = form.cleaned_data
        thanked = who_gave(given["first"], given["last"], new=given["new"])
        if request.GET.get("export") == "csv":
            rows = [[name] for name in thanked.names] + [[_("anonymous")]] * thanked.anonymous
            return csv_file(f"thanks-{given['first']}-{given['last']}.csv", [_("Name")], rows)
        shown = ThanksFilter(initial=given)
        return self.render_to_response(
            self.get_context_data(filters=list(shown), thanked=thanked, given=given, lines=len(thanked.names) + 1)
        )
