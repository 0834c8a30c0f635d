"""What providers told and we could not post: given up by the worker, and left to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from broadsheet.giving.acts.try_event_again import try_event_again
from broadsheet.giving.desk import cells
from broadsheet.giving.desk.page import Column, DeskPage, ListPage
from broadsheet.giving.desk.pledges import NoForm
from broadsheet.giving.models import ProviderEvent


def given_up() -> QuerySet[ProviderEvent]:
    return ProviderEvent.objects.filter(Q(posted_at=None, due_at=None)).order_by("received_at")


class Events(ListPage):
    """Reached from what waits on the overview."""

    page_title = gettext_lazy("Events given up")
    form_class = NoForm
    intro = gettext_lazy(
        "A payment provider told us of something, and it could not be written into the books. Nothing is lost: what happened"
        " is read at the provider again when it is tried again, and by the next reconciliation."
    )
    nothing = gettext_lazy("None: all that was told stands in the books.")

    def below(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.page_title}]

    def rows(self, given: Mapping[str, Any]) -> QuerySet[ProviderEvent]:
        return given_up()

    @property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]
        shown = (
            Column(gettext_lazy("Told"), lambda row: cells.moment(row.received_at)),
            Column(gettext_lazy("Provider"), lambda row: cells.provider_words(row.provider)),
            Column(
                gettext_lazy("Event"),
                lambda row: format_html("<bdi>{}</bdi> <small><bdi>{}</bdi></small>", row.kind, row.object_ref),
            ),
            Column(gettext_lazy("Why not"), lambda row: format_html("<bdi>{}</bdi>", row.fault)),
        )
        if not self.request.user.has_perm("giving.move_money"):
            return shown
        return (*shown, Column(gettext_lazy("What to do"), self._button))

    def _button(self, row: ProviderEvent) -> Any:
        return format_html(
            '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<button class="button button-small button-secondary">{}</button></form>',
            reverse("money_event_again", args=[row.pk]),
            get_token(self.request),
            _("Try again"),
        )


class TryAgain(DeskPage):
    moves = True
    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        event = get_object_or_404(ProviderEvent, pk=kwargs["pk"])
        if try_event_again(event, by=self.by):
            messages.success(
                request, _("It is tried again at once. If it fails again, it comes back here after some days.")
            )
        else:
            messages.warning(request, _("This one is no longer given up."))
        return redirect("money_events")
