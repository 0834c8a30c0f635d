"""The money desk's first page: what came in, what is promised, and what waits for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from broadsheet.core.money import Money, nothing
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.disputes import open_disputes
from broadsheet.giving.desk.donations import how_often
from broadsheet.giving.desk.entering import awaited
from broadsheet.giving.desk.events import given_up
from broadsheet.giving.desk.figures import (
    Flow,
    Gifts,
    Recurring,
    currencies,
    flow,
    gifts_between,
    latest_gifts,
    month_before,
    month_of,
    recurring,
)
from broadsheet.giving.desk.page import DeskPage, DueSpanForm, closes, opens, today
from broadsheet.giving.desk.pledges import failing
from broadsheet.giving.models import Appeal, Attempt, Donation, GivingSettings
from broadsheet.giving.offer import offered

LATEST = 10


@dataclass(frozen=True)
class Now:
    """One currency, as it stands."""

    currency: str
    today: Gifts
    month: Gifts
    before: Gifts
    recurring: Recurring

    @property
    def more(self) -> Money:
        """Than in the month before to the same day."""
        return self.month.given - self.before.given

    @property
    def less(self) -> Money:
        return -self.more


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
        shown = DueSpanForm(initial=given) if given else form
        return self.render_to_response(
            self.get_context_data(
                filters=list(shown),
                faults=form.non_field_errors(),
                given=given,
                flows=list(_flows(given["first"], given["last"])) if given else [],
            )
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        latest = latest_gifts(LATEST)
        return super().get_context_data(
            now=[standing(currency) for currency in currencies()],
            waiting=list(waiting()),
            latest=[
                (cells.donation(gift), cells.donor(gift.donor), cells.amount(gift.amount), how_often(gift))
                for gift in latest
            ],
            steps=[] if latest else list(first_steps()),
            **kwargs,
        )


def standing(currency: str) -> Now:
    day = today()
    promised = recurring()
    return Now(
        currency,
        gifts_between(currency, opens(day), closes(day)),
        gifts_between(currency, *month_of(day)),
        gifts_between(currency, *month_before(day)),
        promised.get(currency, Recurring(0, nothing(currency))),
    )


def _flows(first: Any, last: Any) -> Iterator[Flow]:
    for currency in currencies():
        yield flow(currency, opens(first), closes(last))


def waiting() -> Iterator[Waiting]:
    """The gravest first."""
    if events := given_up().count():
        words = ngettext(
            "One event of a payment provider could not be posted.",
            "%(count)d events of payment providers could not be posted.",
            events,
        )
        yield Waiting(words % {"count": events}, reverse("money_events"), is_grave=True)
    disputes = list(open_disputes())
    if disputes:
        words = ngettext("One dispute is to be answered", "%(count)d disputes are to be answered", len(disputes)) % {
            "count": len(disputes)
        }
        if first := disputes[0].answer_by:
            words = _("%(disputes)s, the first by %(day)s.") % {"disputes": words, "day": cells.moment(first)}
        yield Waiting(words, f"{reverse('money_disputes')}?outcome=open", is_grave=True)
    if cards := failing().count():
        words = ngettext("One payment of a pledge is failing.", "%(count)d payments of pledges are failing.", cards)
        yield Waiting(words % {"count": cards}, reverse("money_failing"))
    if transfers := awaited().count():
        words = ngettext("One transfer is awaited.", "%(count)d transfers are awaited.", transfers)
        yield Waiting(words % {"count": transfers}, f"{reverse('money_enter')}#awaited")


def first_steps() -> Iterator[Step]:
    """Each is ticked by what is there, not by anybody's click."""
    offer, settings = offered(), reverse("wagtailsettings:edit", args=["giving", "givingsettings"])
    ours = GivingSettings.ours()
    yield Step(
        _("Choose how readers pay"),
        _(
            "Bank transfer needs an account under Settings, Giving. Cards need a payment provider: PAYMENTS on the server."
        ),
        settings,
        bool(offer.providers),
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
        _appeals_url() or settings,
        Appeal.objects.filter(is_on=True).exists(),
    )
    yield Step(
        _("Try it"),
        _("Give something yourself, and give it back from here."),
        "/donate/",
        Attempt.objects.exists() or Donation.objects.exists(),
    )


def _appeals_url() -> str:
    """Where appeals are edited; they are a snippet."""
    return reverse(Appeal.snippet_viewset.get_url_name("list"))
