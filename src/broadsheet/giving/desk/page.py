"""What all pages of the money desk have in common: who may see them, the way between them, days, lists and their tables."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _
from django.views.generic import View
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from broadsheet.core.spreadsheets import BYTE_ORDER_MARK, harmless
from broadsheet.giving import reports
from broadsheet.giving.models import Donation
from broadsheet.giving.providers import PRETENDED, is_pretended, uses
from broadsheet.giving.reports import Span
from broadsheet.newsroom.models import Publication
from broadsheet.readers.acts.sign_in import has_proved_lately
from broadsheet.readers.models import User
from broadsheet.readers.views.page import see

ROWS = 50
SEE, MOVE = "giving.see_money", "giving.move_money"


def may_see(user: Any) -> bool:
    return bool(user.has_perm(SEE))


@dataclass(frozen=True)
class Stop:
    """A page that stands in the way between the pages."""

    name: str
    label: Any
    moves: bool = False


STOPS = [
    Stop("money_desk", gettext_lazy("Overview")),
    Stop("money_enter", gettext_lazy("Enter a payment"), moves=True),
    Stop("money_donations", gettext_lazy("Donations")),
    Stop("money_attempts", gettext_lazy("Attempts")),
    Stop("money_pledges", gettext_lazy("Pledges")),
    Stop("money_failing", gettext_lazy("Failed cards")),
    Stop("money_disputes", gettext_lazy("Disputes")),
    Stop("money_donors", gettext_lazy("Donors")),
    Stop("money_thanks", gettext_lazy("Thank-you list")),
    Stop("money_sources", gettext_lazy("What brought it")),
    Stop("money_exports", gettext_lazy("For the accountant")),
]


class DeskPage(WagtailAdminTemplateMixin, View):
    """`stop`: the page of `STOPS` it is, or stands below. `moves`: money, or a promise of it: fewer may."""

    request: HttpRequest
    kwargs: dict[str, Any]
    header_icon = "tag"
    stop: ClassVar[str] = "money_desk"
    moves: ClassVar[bool] = False
    is_grave: ClassVar[bool] = False  # needs proof again that it is they who ask

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_see(request.user) or (self.moves and not request.user.has_perm(MOVE)):
            raise PermissionDenied
        if self.is_grave and not has_proved_lately(request):
            return see("/account/confirm/", next=request.path)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render_to_response(self.get_context_data())

    @property
    def by(self) -> User:
        assert isinstance(self.request.user, User)  # dispatch() lets nobody else in
        return self.request.user

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        way = [{"url": reverse(STOPS[0].name), "label": _("Money desk")}]
        if self.stop != STOPS[0].name:
            here = next(stop for stop in STOPS if stop.name == self.stop)
            way.append({"url": reverse(here.name), "label": here.label})
        way += self.below()
        return [*self.breadcrumbs_items, *way[:-1], {**way[-1], "url": ""}]

    def below(self) -> list[dict[str, Any]]:
        """What follows in the breadcrumbs; the last is this page."""
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_move = self.request.user.has_perm(MOVE)
        stops = [
            (stop.label, reverse(stop.name), stop.name == self.stop) for stop in STOPS if may_move or not stop.moves
        ]
        return super().get_context_data(stops=stops, may_move=may_move, pretence=pretence(), **kwargs)


def pretence() -> str:
    """What of all this is no real money: "all", "some" of what comes in, what is "left" of trying, or "", nothing."""
    if is_pretended():
        return "all"
    if uses(PRETENDED):
        return "some"
    return "left" if Donation.objects.filter(provider=PRETENDED).exists() else ""


# ── days, by the publication's clock


def zone() -> ZoneInfo:
    return Publication.ours().time_zone


def opens(day: date) -> datetime:
    return reports.day(day).since


def closes(day: date) -> datetime:
    """The first moment of the day after."""
    return reports.day(day).until


def span_of(first: date, last: date) -> Span:
    return Span(opens(first), closes(last))


class DayInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class SpanForm(forms.Form):
    """Days from the address; what is missing is open on that side."""

    first = forms.DateField(label=gettext_lazy("From"), required=False, widget=DayInput)
    last = forms.DateField(label=gettext_lazy("To"), required=False, widget=DayInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("first") and given.get("last") and given["first"] > given["last"]:
            raise forms.ValidationError(_("The first day is after the last."))
        return given


class DueSpanForm(SpanForm):
    """Days from the address; what is missing is the last thirty."""

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        last = given.get("last") or reports.today()
        return {**given, "last": last, "first": given.get("first") or last - timedelta(days=29)}


# ── lists


@dataclass(frozen=True)
class Column:
    """`cell`: what stands on the page; `plain`: what the CSV file says, if it has this column."""

    label: Any
    cell: Callable[[Any], Any] | None = None
    plain: Callable[[Any], Any] | None = None
    is_number: bool = False


class ListPage(DeskPage):
    """Rows found by a form in the address, a page at a time, or all of them as CSV."""

    template_name = "giving/desk/list.html"
    form_class: ClassVar[type[forms.Form]] = SpanForm
    columns: ClassVar[Sequence[Column]] = ()
    file_name: ClassVar[str] = ""  # of the CSV; empty: there is none
    intro: Any = ""
    nothing: Any = gettext_lazy("Nothing is there.")  # at all
    nothing_found: Any = gettext_lazy("Nothing fits what you asked for.")

    def rows(self, given: Mapping[str, Any]) -> QuerySet[Any, Any] | Sequence[Any]:
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form_class(request.GET)
        given = form.cleaned_data if form.is_valid() else None
        if given is not None and self.file_name and request.GET.get("export") == "csv":
            return as_csv(self.file_name, self.columns, self.rows(given))
        shown = (
            self.form_class(initial=given) if given is not None else form
        )  # with what is due where nothing was asked
        faults = [*form.non_field_errors(), *(fault for field in form for fault in field.errors)]
        return self.render_to_response(self.get_context_data(form=shown, given=given, faults=faults))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form, given = kwargs["form"], kwargs["given"]
        shown = [column for column in self.columns if column.cell]
        page = Paginator(self.rows(given) if given is not None else [], ROWS).get_page(self.request.GET.get("p"))
        asked = {name: str(value) for name, value in self.request.GET.items() if name in form.fields and value}
        return super().get_context_data(
            filters=list(form),
            is_asked=bool(asked),
            heads=shown,
            lines=list(_cells(page, shown)),
            page=page,
            here=urlencode(asked),
            intro=self.intro,
            nothing=self.nothing_found if asked else self.nothing,
            file_name=self.file_name,
            **kwargs,
        )


def _cells(page: Page[Any], columns: Sequence[Column]) -> Iterator[list[tuple[Column, Any]]]:
    for row in page.object_list:
        yield [(column, column.cell(row)) for column in columns if column.cell]


class _Echo:
    """A file that hands back each line as it is written."""

    def write(self, line: str) -> str:
        return line


def as_csv(name: str, columns: Sequence[Column], rows: QuerySet[Any, Any] | Iterable[Any]) -> HttpResponseBase:
    """Line by line, however many there are."""
    written = [column for column in columns if column.plain]
    return csv_file(
        f"{name}-{reports.today()}.csv",
        [str(column.label) for column in written],
        ([column.plain(row) for column in written if column.plain] for row in _few_at_a_time(rows)),
    )


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """Moments are written by the publication's clock."""
    response = StreamingHttpResponse(
        _lines(heads, rows, zone(), get_language()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(heads: Sequence[str], rows: Iterable[Sequence[Any]], here: ZoneInfo, language: str | None) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with override(language):  # it is drawn when the request is over
        yield BYTE_ORDER_MARK
        yield writer.writerow(heads)
        for row in rows:
            yield writer.writerow([_cell(value, here) for value in row])


def _few_at_a_time(rows: QuerySet[Any, Any] | Iterable[Any]) -> Iterable[Any]:
    return rows.iterator(chunk_size=2000) if isinstance(rows, QuerySet) else rows


def _cell(value: Any, here: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(here).isoformat(sep=" ", timespec="seconds")
    text = "" if value is None else str(value)
    return text if _is_number(text) else harmless(text)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
