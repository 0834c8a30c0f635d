"""Every attempt with its state: whether the way from the ask to the gift is open shows here first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet.core.references import said
from broadsheet.giving.acts.stop_awaiting import stop_awaiting
from broadsheet.giving.amounts import written
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.act import ActPage
from broadsheet.giving.desk.page import Column, DeskPage, ListPage, SpanForm, closes, opens
from broadsheet.giving.models import Attempt, AttemptState, Place, ProviderEvent
from broadsheet.giving.reasons import reason_words
from broadsheet.newsroom.models import Article

ANY = [("", gettext_lazy("any"))]
MOST_EVENTS = 50


class AttemptFilter(SpanForm):
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=[*ANY, *AttemptState.choices])
    provider = forms.ChoiceField(
        label=gettext_lazy("Provider"), required=False, choices=[*ANY, *cells.PROVIDERS.items()]
    )
    place = forms.ChoiceField(label=gettext_lazy("Place"), required=False, choices=[*ANY, *Place.choices])


class Attempts(ListPage):
    page_title = gettext_lazy("Attempts")
    stop = "money_attempts"
    form_class = AttemptFilter
    file_name = "attempts"
    intro = gettext_lazy(
        "Whoever pressed the button, also where nothing came of it. If many fail or are given up, try a gift yourself."
    )
    nothing = gettext_lazy("Nobody has tried to give yet.")
    columns = (
        Column(gettext_lazy("Begun"), cells.attempt, lambda row: row.begun_at),
        Column(
            gettext_lazy("Amount"), lambda row: cells.amount(row.amount), lambda row: row.amount.number, is_number=True
        ),
        Column(gettext_lazy("Currency"), plain=lambda row: row.currency),
        Column(
            gettext_lazy("Frequency"), lambda row: row.get_frequency_display(), lambda row: row.get_frequency_display()
        ),
        Column(gettext_lazy("State"), cells.state, lambda row: row.get_state_display()),
        Column(gettext_lazy("Reason"), plain=lambda row: reason_words(row.fault)),
        Column(gettext_lazy("Provider"), lambda row: cells.provider_words(row.provider), lambda row: row.provider),
        Column(gettext_lazy("Place"), lambda row: place_words(row.place), lambda row: row.place),
        Column(gettext_lazy("Reference"), lambda row: reference_words(row), lambda row: row.reference),
        Column(gettext_lazy("Story"), plain=lambda row: row.article_id or ""),
        Column(gettext_lazy("Newsletter"), plain=lambda row: row.newsletter),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Attempt]:
        found = Attempt.objects.order_by("-begun_at", "-pk")
        if given["first"]:
            found = found.filter(begun_at__gte=opens(given["first"]))
        if given["last"]:
            found = found.filter(begun_at__lt=closes(given["last"]))
        return found.filter(**{name: given[name] for name in ("state", "provider", "place") if given[name]})


def place_words(place: str) -> Any:
    return Place(place).label if place in Place.values else "–"


def reference_words(attempt: Attempt) -> str:
    return said(attempt.reference) if attempt.reference else "–"


class _OfAttempt(DeskPage):
    stop = "money_attempts"

    @cached_property
    def attempt(self) -> Attempt:
        return get_object_or_404(Attempt.objects.select_related("donor", "account", "appeal"), pk=self.kwargs["pk"])

    @property
    def url(self) -> str:
        return reverse("money_attempt", args=[self.attempt.pk])


class AttemptPage(_OfAttempt):
    template_name = "giving/desk/attempt.html"
    page_title = gettext_lazy("Attempt")

    def below(self) -> list[dict[str, Any]]:
        return [{"url": self.url, "label": cells.moment(self.attempt.begun_at)}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attempt = self.attempt
        refs = [attempt.provider_ref] if attempt.provider_ref else []
        return super().get_context_data(
            attempt=attempt,
            state=cells.state(attempt),
            provider=cells.provider_words(attempt.provider),
            place=place_words(attempt.place),
            reference=reference_words(attempt),
            story=Article.objects.filter(pk=attempt.article_id).first() if attempt.article_id else None,
            donor=cells.donor(attempt.donor),
            donations=attempt.donations.order_by("paid_at"),
            pledge=getattr(attempt, "pledge", None),
            events=ProviderEvent.objects.filter(provider=attempt.provider, object_ref__in=refs).order_by("received_at")[
                :MOST_EVENTS
            ],
            is_awaited=attempt.state == AttemptState.AWAITED,
            is_by_hand=attempt.provider == "manual",
            **kwargs,
        )


class StopAwaiting(_OfAttempt, ActPage):
    page_title = gettext_lazy("No longer wait for it")
    button = gettext_lazy("Wait no longer")
    moves = True

    def below(self) -> list[dict[str, Any]]:
        return [
            {"url": self.url, "label": cells.moment(self.attempt.begun_at)},
            {"url": "", "label": self.page_title},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.attempt.state != AttemptState.AWAITED:
            raise PermissionDenied
        says = [
            _("%(amount)s, reference %(reference)s, announced %(day)s.")
            % {
                "amount": written(self.attempt.amount),
                "reference": reference_words(self.attempt),
                "day": cells.day(self.attempt.begun_at),
            },
            _("It leaves the list of transfers that are awaited. Nobody is written to."),
            _("Should the money come after all, it can be entered under the same reference."),
        ]
        return super().get_context_data(says=says, back=self.url, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            stop_awaiting(self.attempt, by=self.by, reason=form.cleaned_data["reason"])
        except ValueError:  # it came meanwhile
            messages.warning(self.request, _("It is awaited no longer: see its state."))
        else:
            messages.success(self.request, _("It is no longer awaited."))
        return redirect(self.url)
