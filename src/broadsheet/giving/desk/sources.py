"""What brought it: attempts and gifts by appeal, place, story and newsletter. First-party, as the links of our own appeals
say it; and never which reader read what.

A pledge counts with all its payments in the span, wherever it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadsheet.core.money import Money
from broadsheet.giving.amounts import written
from broadsheet.giving.desk.attempts import place_words
from broadsheet.giving.desk.page import Column, DueSpanForm, ListPage, span_of
from broadsheet.giving.models import Appeal, Attempt, AttemptState
from broadsheet.giving.reports import Source, Span, brought_by
from broadsheet.newsroom.models import Article

GROUPS = {
    Source.PLACE.value: gettext_lazy("place"),
    Source.APPEAL.value: gettext_lazy("appeal"),
    Source.ARTICLE.value: gettext_lazy("story"),
    Source.NEWSLETTER.value: gettext_lazy("newsletter"),
}


class SourceFilter(DueSpanForm):
    by = forms.ChoiceField(label=gettext_lazy("Group by"), required=False, choices=list(GROUPS.items()))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        return {**given, "by": given.get("by") or Source.PLACE.value}


@dataclass
class From:
    """`key` None: they came by themselves. `kept`: one a currency."""

    key: str | int | None
    name: str = ""
    attempts: int = 0
    paid: int = 0
    gifts: int = 0
    kept: list[Money] = field(default_factory=list)


def brought(by: Source, span: Span) -> list[From]:
    """What brought the most, first."""
    found: dict[str | int | None, From] = {}

    def of(key: Any) -> From:
        return found.setdefault(key or None, From(key or None))

    for each in brought_by(by, span):
        one = of(each.source)
        one.gifts += each.gifts
        one.kept.append(each.kept)
    attempts = Attempt.objects.filter(begun_at__gte=span.since, begun_at__lt=span.until).order_by()
    is_paid = Q(state=AttemptState.PAID)
    for key, number, paid in attempts.values_list(by.value).annotate(Count("pk"), paid=Count("pk", filter=is_paid)):
        one = of(key)
        one.attempts += number
        one.paid += paid
    _name(by, found.values())
    return list(found.values())


def _name(by: Source, found: Iterable[From]) -> None:
    named = _names(by, [one.key for one in found if one.key])
    for one in found:
        gone = _("one that is gone (%(number)s)") % {"number": one.key}
        one.name = str(named.get(one.key, gone)) if one.key else _("by themselves")


def _names(by: Source, keys: list[Any]) -> Mapping[Any, Any]:
    if by is Source.APPEAL:
        return {appeal.pk: str(appeal) for appeal in Appeal.objects.filter(pk__in=keys)}
    if by is Source.ARTICLE:
        return dict(Article.objects.filter(pk__in=keys).values_list("pk", "title"))
    if by is Source.PLACE:
        return {key: place_words(key) for key in keys}
    return {key: key for key in keys}


def kept_words(one: From) -> str:
    return ", ".join(map(written, one.kept)) or "–"


class Sources(ListPage):
    page_title = gettext_lazy("What brought it")
    stop = "money_sources"
    form_class = SourceFilter
    file_name = "what-brought-it"
    intro = gettext_lazy(
        "Our own links say which appeal they stand in, nothing else: no tracker, and not who read what. Payments of a pledge"
        " count where the pledge began; what was given back is taken off."
    )
    nothing = nothing_found = gettext_lazy("Nobody tried to give on these days.")
    columns = (
        Column(gettext_lazy("From"), lambda row: row.name, lambda row: row.name),
        Column(gettext_lazy("Attempts"), lambda row: row.attempts, lambda row: row.attempts, is_number=True),
        Column(gettext_lazy("Of them paid"), lambda row: row.paid, lambda row: row.paid, is_number=True),
        Column(gettext_lazy("Gifts"), lambda row: row.gifts, lambda row: row.gifts, is_number=True),
        Column(gettext_lazy("Sum"), kept_words, kept_words, is_number=True),
    )

    def rows(self, given: Mapping[str, Any]) -> list[From]:
        return brought(Source(given["by"]), span_of(given["first"], given["last"]))
