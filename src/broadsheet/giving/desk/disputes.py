"""Disputes: what is to be answered, until when, and how the others ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.giving.desk import cells
from broadsheet.giving.desk.attempts import ANY
from broadsheet.giving.desk.page import Column, ListPage, SpanForm, closes, opens
from broadsheet.giving.models import Dispute
from broadsheet.giving.reasons import reason_words

OPEN = Q(won_at=None, lost_at=None)


class DisputeFilter(SpanForm):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[
            *ANY,
            ("open", gettext_lazy("open")),
            ("won", gettext_lazy("won")),
            ("lost", gettext_lazy("lost")),
        ],
    )


_OUTCOMES = {"": Q(), "open": OPEN, "won": Q(won_at__isnull=False), "lost": Q(lost_at__isnull=False)}


def open_disputes() -> QuerySet[Dispute]:
    """Those to be answered first, first."""
    return (
        Dispute.objects.filter(OPEN)
        .select_related("donation__donor")
        .order_by(F("answer_by").asc(nulls_last=True), "opened_at")
    )


def outcome(dispute: Dispute) -> str:
    return _("won") if dispute.won_at else _("lost") if dispute.lost_at else _("open")


class Disputes(ListPage):
    page_title = gettext_lazy("Disputes")
    stop = "money_disputes"
    form_class = DisputeFilter
    file_name = "disputes"
    intro = gettext_lazy(
        "A giver told their bank that they did not mean to pay, and the bank took the money back. It is answered at the"
        " payment provider, in its own pages; a friendly letter to the giver often ends it sooner."
    )
    nothing = gettext_lazy("No payment was ever disputed.")
    columns = (
        Column(gettext_lazy("Opened"), lambda row: cells.day(row.opened_at), lambda row: row.opened_at),
        Column(gettext_lazy("Donor"), lambda row: cells.donor(row.donation.donor), lambda row: row.donation.donor.name),
        Column(
            gettext_lazy("Amount"),
            lambda row: cells.amount(row.amount),
            lambda row: row.amount.number,
            is_number=True,
        ),
        Column(gettext_lazy("Currency"), plain=lambda row: row.currency),
        Column(gettext_lazy("Donation"), lambda row: cells.donation(row.donation), lambda row: row.donation.pk),
        Column(gettext_lazy("Outcome"), lambda row: state(row), outcome),
        Column(gettext_lazy("Answer by"), plain=lambda row: row.answer_by or ""),
        Column(gettext_lazy("Reason"), plain=lambda row: reason_words(row.reason)),
        Column(
            gettext_lazy("Provider"),
            lambda row: format_html(
                "{} <small><bdi>{}</bdi></small>", cells.provider_words(row.provider), row.provider_ref
            ),
            lambda row: row.provider,
        ),
    )

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Dispute]:
        found = Dispute.objects.select_related("donation__donor").filter(_OUTCOMES[given["outcome"]])
        if given["first"]:
            found = found.filter(opened_at__gte=opens(given["first"]))
        if given["last"]:
            found = found.filter(opened_at__lt=closes(given["last"]))
        return found.order_by("-opened_at", "-pk")


def state(dispute: Dispute) -> str:
    return render_to_string("giving/desk/dispute_state.html", {"dispute": dispute})
