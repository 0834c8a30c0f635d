"""What brought it: attempts and gifts by appeal, place, story and newsletter. First-party, as the links of our own appeals
say it; and never which reader read what.

A pledge counts with all its payments in the span, wherever it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.core.money import Money
from broadsheet.giving.amounts import written
from broadsheet.giving.desk.attempts import place_words
from broadsheet.giving.desk.page import Column, DueSpanForm, ListPage, closes, opens
from broadsheet.giving.models import Appeal, Attempt, Donation
from broadsheet.newsroom.models import Article

GROUPS = {
    "place": gettext_lazy("place"),
    "appeal": gettext_lazy("appeal"),
    "article_id": gettext_lazy("story"),
    "newsletter": gettext_lazy("newsletter"),
}


class SourceFilter(DueSpanForm):
    by = forms.ChoiceField(label=gettext_lazy("Group by"), required=False, choices=list(GROUPS.items()))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        return {**given, "by": given.get("by") or "place"}


@dataclass
class Source:
    """`key` None or empty: they came by themselves. `sums`: one a currency, in minor units."""

    key: Any
    name: str
    attempts: int
    paid: int
    gifts: int
    sums: dict[str, int]


def sources(by: str, from_: datetime, until: datetime) -> list[Source]:
    """The most that came, first; in the publication's own currency or the first there is."""
    found: dict[Any, Source] = {}

    def of(key: Any) -> Source:
        return found.setdefault(key or None, Source(key or None, "", 0, 0, 0, {}))

    attempts = Attempt.objects.filter(begun_at__gte=from_, begun_at__lt=until)
    for row in attempts.values(by).annotate(number=Count("pk"), paid=Count("pk", filter=Q(state="paid"))).order_by():
        source = of(row[by])
        source.attempts += row["number"]
        source.paid += row["paid"]
    for row in _gifts(by, from_, until):
        source = of(row["came"])
        source.gifts += row["number"]
        source.sums[row["currency"]] = source.sums.get(row["currency"], 0) + row["minor"]
    _name(by, found.values())
    return sorted(found.values(), key=lambda one: (-sum(one.sums.values()), -one.attempts, one.name))


def _gifts(by: str, from_: datetime, until: datetime) -> Iterable[Mapping[str, Any]]:
    """Each payment of a pledge where the pledge came from."""
    donations = Donation.objects.filter(paid_at__gte=from_, paid_at__lt=until)
    came = Coalesce(F(f"attempt__{by}"), F(f"pledge__attempt__{by}"))
    counted = donations.values("currency", came=came).annotate(number=Count("pk"), minor=Sum("amount_minor"))
    return list(counted.order_by())


def _name(by: str, found: Iterable[Source]) -> None:
    named = _names(by, [one.key for one in found if one.key])
    for one in found:
        one.name = str(named.get(one.key, _("one that is gone (%s)") % one.key)) if one.key else _("by themselves")


def _names(by: str, keys: list[Any]) -> Mapping[Any, Any]:
    if by == "appeal":
        return {appeal.pk: str(appeal) for appeal in Appeal.objects.filter(pk__in=keys)}
    if by == "article_id":
        return dict(Article.objects.filter(pk__in=keys).values_list("pk", "title"))
    if by == "place":
        return {key: place_words(key) for key in keys}
    return {key: key for key in keys}


def sums_words(one: Source) -> str:
    return ", ".join(written(Money(minor, currency)) for currency, minor in sorted(one.sums.items())) or "–"


class Sources(ListPage):
    page_title = gettext_lazy("What brought it")
    stop = "money_sources"
    form_class = SourceFilter
    file_name = "what-brought-it"
    intro = gettext_lazy(
        "Our own links say which appeal they stand in, nothing else: no tracker, and not who read what. Payments of a pledge"
        " count where the pledge began."
    )
    nothing = nothing_found = gettext_lazy("Nobody tried to give on these days.")
    columns = (
        Column(gettext_lazy("From"), lambda row: row.name, lambda row: row.name),
        Column(gettext_lazy("Attempts"), lambda row: row.attempts, lambda row: row.attempts, is_number=True),
        Column(gettext_lazy("Of them paid"), lambda row: row.paid, lambda row: row.paid, is_number=True),
        Column(gettext_lazy("Gifts"), lambda row: row.gifts, lambda row: row.gifts, is_number=True),
        Column(gettext_lazy("Sum"), sums_words, sums_words, is_number=True),
    )

    def rows(self, given: Mapping[str, Any]) -> list[Source]:
        return sources(given["by"], opens(given["first"]), closes(given["last"]))
