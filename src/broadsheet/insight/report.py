"""“What was read”: the reading log, by story or by section, between two days. And one story's own days."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from broadsheet import clock
from broadsheet.core.spreadsheets import BYTE_ORDER_MARK, harmless
from broadsheet.insight import registrations
from broadsheet.insight.models import CountedDay, StoryDay
from broadsheet.insight.tally import Question, Span, Tally, from_json, span_of
from broadsheet.newsroom.models import Article, Publication, Section

ROWS = 50
LONGEST = 366  # days: beyond that, distinct readers would need more memory than a small machine has to give
COUNTING_S = 60
REMEMBERED_S = 60  # sorting and paging ask for the same counts again
STORY_DAYS = 30
COUNTS = ("reads", "readers", "notices", "walls", "registrations")


@dataclass(frozen=True)
class Line:
    """A row of the report. `pk` None: what is gone, or stands in no section."""

    name: str
    section: str
    pk: int | None
    tally: Tally
    registrations: int = 0

    def count(self, name: str) -> int:
        """One of COUNTS."""
        return self.registrations if name == "registrations" else getattr(self.tally, name)


class Asked(forms.Form):
    """From the address. Whatever is missing is the last seven days, by story, the most read first."""

    first = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Group by"),
        required=False,
        choices=[("story", gettext_lazy("story")), ("section", gettext_lazy("section"))],
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        today = clock.now().astimezone(Publication.ours().time_zone).date()
        last = given.get("last") or today
        first = given.get("first") or last - timedelta(days=6)
        if first > last:
            raise forms.ValidationError(_("The first day is after the last."))
        if (last - first).days >= LONGEST:
            raise forms.ValidationError(_("At most a year at a time."))
        return {"first": first, "last": last, "by": given.get("by") or "story"}


class WhatWasRead(WagtailAdminTemplateMixin, TemplateView):
    template_name = "insight/what_was_read.html"
    page_title = gettext_lazy("What was read")
    header_icon = "view"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.page_title}]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = Asked(request.GET)
        if asked.is_valid() and request.GET.get("export") == "csv":
            given = asked.cleaned_data
            return _as_csv(_sorted(report(given["first"], given["last"], given["by"]), self.order), given)
        return self.render_to_response(self.get_context_data(asked=asked))

    @property
    def order(self) -> str:
        """A column; with a dash before it, the largest first."""
        order = self.request.GET.get("order", "")
        return order if order.removeprefix("-") in (*COUNTS, "name", "section") else "-reads"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked: Asked = kwargs["asked"]
        given = asked.cleaned_data if asked.is_valid() else {}
        lines = _sorted(report(given["first"], given["last"], given["by"]), self.order) if given else []
        page = Paginator(lines, ROWS).get_page(self.request.GET.get("p"))
        kept = {name: str(value) for name, value in given.items()}
        shown = Asked(initial=given) if given else asked
        return super().get_context_data(
            form=shown,
            faults=list(asked.non_field_errors()) + [fault for field in asked for fault in field.errors],
            by=given.get("by", "story"),
            page=page,
            columns=[_column(name, label, self.order, kept) for name, label in _columns(given.get("by", "story"))],
            total=_total(lines),
            here=urlencode({**kept, "order": self.order}),
            **kwargs,
        )


class StoryReads(WagtailAdminTemplateMixin, TemplateView):
    """One story's days, from what was counted already."""

    template_name = "insight/story.html"
    header_icon = "view"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.article = get_object_or_404(Article, pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get_page_title(self) -> str:
        return _("Reads")

    def get_page_subtitle(self) -> str:
        return self.article.headline

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        report = {"url": reverse("insight_report"), "label": WhatWasRead.page_title}
        return [*self.breadcrumbs_items, report, {"url": "", "label": self.article.headline}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        days = StoryDay.objects.filter(article_id=self.article.pk).select_related("day").order_by("-day__day")
        latest = CountedDay.objects.order_by("-day").first()
        registered = registrations.by_day(self.article.pk)
        total = days.aggregate(**{name: Sum(name) for name in ("reads", "notices", "walls")})
        return super().get_context_data(
            article=self.article,
            days=[(one, registered.get(one.day.day, 0)) for one in days[:STORY_DAYS]],
            total={**total, "registrations": sum(registered.values())},
            counted_at=latest.counted_at if latest else None,
            **kwargs,
        )


# ── the counts


def report(first: date, last: date, by: str) -> list[Line]:
    """In no order."""
    span = span_of(first, last, Publication.ours().time_zone)
    if by == "section":
        sections = dict(Section.objects.values_list("pk", "title"))
        of_article = dict(Article.objects.exclude(section=None).values_list("pk", "section_id"))
        registered = registrations.grouped(registrations.between(first, last), of_article)
        counted = _with_all(counted_between(span, of_article), registered)
        return [
            Line(
                sections.get(pk, _("Stories that are gone")),
                "",
                pk if pk in sections else None,
                tally,
                registered.get(pk, 0),
            )
            for pk, tally in counted.items()
        ]
    registered = registrations.between(first, last)
    counted = _with_all(counted_between(span), registered)
    stories = _stories(list(counted))
    return [
        Line(
            *stories.get(pk, (_("A story that is gone (%d)") % pk, "")),
            pk if pk in stories else None,
            tally,
            registered.get(pk, 0),
        )
        for pk, tally in counted.items()
    ]


def _with_all(counted: Mapping[int, Tally], registered: Mapping[int, int]) -> dict[int, Tally]:
    """Also where somebody registered on a day on which nobody read: the wall was seen the evening before."""
    return {**dict.fromkeys(registered, Tally()), **counted}


def counted_between(span: Span, groups: Mapping[int, int] | None = None) -> dict[int, Tally]:
    """By a program of its own: pyarrow takes some 100 MB, which a site that runs for weeks should not keep."""
    kept = None if groups is None else {str(article): group for article, group in groups.items()}
    question = Question(span.opens.isoformat(), span.closes.isoformat(), kept)
    key = f"insight:{question.opens}:{question.closes}:{'groups' if groups is not None else ''}"
    answer = cache.get(key)
    if answer is None:
        command = [sys.executable, "-m", "broadsheet.insight.counts"]
        asked = json.dumps(asdict(question)).encode()
        answer = subprocess.run(command, input=asked, capture_output=True, check=True, timeout=COUNTING_S).stdout
        cache.set(key, answer, REMEMBERED_S)
    return from_json(answer)


def _stories(ids: Sequence[int], at_once: int = 5000) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), at_once):
        some = Article.objects.filter(pk__in=ids[start : start + at_once])
        found |= {
            pk: (title, section or "") for pk, title, section in some.values_list("pk", "title", "section__title")
        }
    return found


def _sorted(lines: Sequence[Line], order: str) -> list[Line]:
    name = order.removeprefix("-")

    def key(line: Line) -> Any:
        return line.count(name) if name in COUNTS else getattr(line, name).casefold()

    by_name = sorted(lines, key=lambda line: line.name.casefold())
    return sorted(by_name, key=key, reverse=order.startswith("-"))


def _total(lines: Sequence[Line]) -> dict[str, int]:
    """Of what can be added up: a reader of two stories is one reader."""
    return {name: sum(line.count(name) for line in lines) for name in COUNTS if name != "readers"}


# ── how it is shown


def _columns(by: str) -> list[tuple[str, str]]:
    first = [("name", _("Section"))] if by == "section" else [("name", _("Story")), ("section", _("Section"))]
    return [
        *first,
        ("reads", _("Reads")),
        ("readers", _("Readers")),
        ("notices", _("Notices")),
        ("walls", _("Walls")),
        ("registrations", _("Registrations")),
    ]


def _column(name: str, label: str, order: str, kept: Mapping[str, str]) -> dict[str, str]:
    """The head of a column: where it leads, and how it is sorted now (as in `aria-sort`)."""
    is_it = order.removeprefix("-") == name
    falling = order.startswith("-")
    following = (name if falling else f"-{name}") if is_it else (f"-{name}" if name in COUNTS else name)
    sort = ("descending" if falling else "ascending") if is_it else "none"
    return {"label": label, "sort": sort, "url": f"?{urlencode({**kept, 'order': following})}"}


def _as_csv(lines: Sequence[Line], given: Mapping[str, Any]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="read-{given["first"]}-{given["last"]}.csv"'
    response["Cache-Control"] = "no-store"
    response.write(BYTE_ORDER_MARK)
    rows = csv.writer(response)
    rows.writerow([label for _name, label in _columns(given["by"])])
    for line in lines:
        names = [line.name] if given["by"] == "section" else [line.name, line.section]
        rows.writerow([*map(harmless, names), *(line.count(name) for name in COUNTS)])
    return response
