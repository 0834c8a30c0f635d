"""The money desk's first page: what came in, what is promised, and what waits for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadsheet.core.money import nothing
from broadsheet.giving import reports
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.disputes import open_disputes
from broadsheet.giving.desk.donations import how_often
from broadsheet.giving.desk.entering import awaited
from broadsheet.giving.desk.events import given_up
from broadsheet.giving.desk.figures import Now, as_it_stands, latest_gifts
from broadsheet.giving.desk.page import DeskPage, DueSpanForm, span_of
from broadsheet.giving.desk.pledges import failing
from broadsheet.giving.models import Appeal, Attempt, GivingSettings
from broadsheet.giving.offer import offered
from broadsheet.giving.reconciling import differing
from broadsheet.giving.reports import Turn, Turned

LATEST = 10
TURNS = {
    Turn.NEW: gettext_lazy("New"),
    Turn.RAISED: gettext_lazy("Raised"),
    Turn.LOWERED: gettext_lazy("Lowered"),
    Turn.FAILING: gettext_lazy("Failing"),
    Turn.LAPSED: gettext_lazy("Lapsed"),
    Turn.ENDED: gettext_lazy("Cancelled"),
}


@dataclass(frozen=True)
class Waiting:
    """Something only people can do. `is_grave`: money or trust is lost while nobody does."""

    words: str
    url: str
    is_grave: bool = False


@dataclass(frozen=True)
class Step:
    """On the way to the first gift."""

    title: str
    why: str
    url: str
    is_done: bool


class Overview(DeskPage):
    template_name = "giving/desk/overview.html"
    page_title = gettext_lazy("Money desk")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = DueSpanForm(request.GET)
        given = form.cleaned_data if form.is_valid() else None
        now = as_it_stands()
        return self.render_to_response(
            self.get_context_data(
                filters=list(DueSpanForm(initial=given) if given else form),
                faults=form.non_field_errors(),
                now=now,
                turns=turns(now, given["first"], given["last"]) if given else [],
            )
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        latest = latest_gifts(LATEST)
        return super().get_context_data(
            waiting=list(waiting()),
            latest=[
                (cells.donation(gift), cells.donor(gift.donor), cells.amount(gift.amount), how_often(gift))
                for gift in latest
            ],
            steps=[] if latest else list(first_steps()),
            **kwargs,
        )


def turns(now: list[Now], first: date, last: date) -> list[tuple[str, list[tuple[Any, Turned]]]]:
    """For each currency, each turn, also where there was none."""
    found = {(each.turn, each.monthly.currency): each for each in reports.turns_in(span_of(first, last))}

    def of(currency: str) -> list[tuple[Any, Turned]]:
        none = nothing(currency)
        return [(label, found.get((turn, currency), Turned(turn, 0, none))) for turn, label in TURNS.items()]

    currencies = [each.currency for each in now]
    return [(each, of(each)) for each in [*currencies, *sorted({code for _turn, code in found} - set(currencies))]]


def waiting() -> Iterator[Waiting]:
    """The gravest first."""
    for found in differing():
        words = (
            ngettext(
                "The books and %(provider)s differ in one line.",
                "The books and %(provider)s differ in %(count)d lines.",
                len(found.differences),
            )
            if found.differences
            else _("The books could not be compared with %(provider)s.")
        )
        names = {"provider": cells.provider_words(found.provider), "count": len(found.differences)}
        yield Waiting(words % names, reverse("money_differences"), is_grave=True)
    if events := given_up().count():
        words = ngettext(
            "One event of a payment provider could not be posted.",
            "%(count)d events of payment providers could not be posted.",
            events,
        )
        yield Waiting(words % {"count": events}, reverse("money_events"), is_grave=True)
    if disputes := list(open_disputes()):
        yield Waiting(_disputes_words(disputes), f"{reverse('money_disputes')}?outcome=open", is_grave=True)
    if cards := failing().count():
        words = ngettext("One payment of a pledge is failing.", "%(count)d payments of pledges are failing.", cards)
        yield Waiting(words % {"count": cards}, reverse("money_failing"))
    if transfers := awaited().count():
        words = ngettext("One transfer is awaited.", "%(count)d transfers are awaited.", transfers)
        yield Waiting(words % {"count": transfers}, f"{reverse('money_enter')}#awaited")


def _disputes_words(disputes: list[Any]) -> str:
    number, first = len(disputes), disputes[0].answer_by
    if first is None:
        return ngettext("One dispute is open.", "%(count)d disputes are open.", number) % {"count": number}
    words = ngettext(
        "One dispute is to be answered by %(day)s.",
        "%(count)d disputes are open, the first to be answered by %(day)s.",
        number,
    )
    return words % {"count": number, "day": cells.moment(first)}


def first_steps() -> Iterator[Step]:
    """Each is ticked by what is there, not by anybody's click."""
    settings, ours = reverse("wagtailsettings:edit", args=["giving", "givingsettings"]), GivingSettings.ours()
    yield Step(
        _("Choose how readers pay"),
        _("Bank transfers need an account under Settings, Giving; cards a payment provider: PAYMENTS on the server."),
        settings,
        bool(offered().providers),
    )
    yield Step(
        _("Say who receives the money"),
        _("The legal entity, its address and number, as receipts are to name it."),
        settings,
        bool(ours.entity_name),
    )
    yield Step(
        _("Ask"),
        _("An appeal inside articles, at their end or on the wall, in your words."),
        reverse(Appeal.snippet_viewset.get_url_name("list")),
        Appeal.objects.filter(is_on=True).exists(),
    )
    yield Step(
        _("Try it"), _("Give something yourself, and give it back from here."), "/donate/", Attempt.objects.exists()
    )
