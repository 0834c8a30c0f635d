"""For the accountant: the books of a year, and the lists of the desk, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from broadsheet.giving import reports
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.page import DeskPage
from broadsheet.giving.journal import donations_csv, journal_beancount, journal_csv
from broadsheet.giving.models import Movement
from broadsheet.newsroom.models import Publication

Export = Callable[[int], Iterator[str]]

EXPORTS: dict[str, tuple[Export, str]] = {
    "donations": (lambda year: donations_csv(year, names=False), "csv"),
    "donations-with-names": (lambda year: donations_csv(year, names=True), "csv"),
    "journal": (journal_csv, "csv"),
    "journal-beancount": (journal_beancount, "beancount"),
}


class Exports(DeskPage):
    template_name = "giving/desk/exports.html"
    page_title = gettext_lazy("For the accountant")
    stop = "money_exports"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tables = [
            (reverse("money_donations"), _("Donations"), _("one line a payment received, with receipt and donor")),
            (reverse("money_attempts"), _("Attempts"), _("one line an attempt, with its state")),
            (reverse("money_pledges"), _("Pledges"), _("one line a promise to give again")),
            (reverse("money_disputes"), _("Disputes"), _("one line a dispute, with its outcome")),
            (reverse("money_donors"), _("Donors"), _("one line a donor")),
        ]
        balances = [(cells.account_words(name), amount) for name, amount in reports.balances()]
        return super().get_context_data(tables=tables, years=years(), balances=balances, **kwargs)


def years() -> list[int]:
    """In which anything moved, the latest first."""
    moments = Movement.objects.order_by("at").values_list("at", flat=True)
    first, last = moments.first(), moments.last()
    if first is None or last is None:
        return []
    zone = Publication.ours().time_zone
    return list(range(timezone.localtime(last, zone).year, timezone.localtime(first, zone).year - 1, -1))


class ExportYear(DeskPage):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        name, year = kwargs["name"], kwargs["year"]
        if name not in EXPORTS or not 1970 <= year <= 9998:
            raise Http404
        export, ending = EXPORTS[name]
        response = StreamingHttpResponse(_speaking(export(year), get_language()), content_type=TYPES[ending])
        response["Content-Disposition"] = f'attachment; filename="{name}-{year}.{ending}"'
        response["Cache-Control"] = "no-store"
        return response


TYPES = {"csv": "text/csv; charset=utf-8", "beancount": "text/plain; charset=utf-8"}


def _speaking(lines: Iterator[str], language: str | None) -> Iterator[str]:
    """It is written when the request is over, and with it its language."""
    with override(language):
        yield from lines
