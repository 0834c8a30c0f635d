"""Who did what and when: every entry of Wagtail's log and of ours, with filters, as a page, CSV or spreadsheet."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField, QuerySet, Value
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import ContentTypeFilter
from wagtail.admin.views.reports.audit_logging import LogEntriesView, SiteHistoryReportFilterSet
from wagtail.log_actions import registry
from wagtail.models import PageLogEntry


class TrailFilterSet(SiteHistoryReportFilterSet):
    """Wagtail offers only what the one who asks may edit; whoever may see the trail sees all of it."""

    object_type = ContentTypeFilter(
        label=_("Type"),
        method="filter_object_type",
        queryset=lambda request: ContentType.objects.filter(pk__in=_seen("get_content_type_ids")).order_by("model"),
    )

    def get_action_choices(self) -> list[tuple[str, Any]]:
        return [choice for choice in registry.get_choices() if choice[0] in _seen("get_actions")]

    def get_user_choices(self) -> QuerySet[Any]:
        return get_user_model().objects.filter(pk__in=_seen("get_user_ids")).order_by("email")

    class Meta:
        model = PageLogEntry
        fields: list[str] = []


class WhoDidWhat(LogEntriesView):
    page_title = _("Who did what")
    index_url_name = "staff_trail"
    index_results_url_name = "staff_trail_results"
    filterset_class = TrailFilterSet
    list_export = ["timestamp", "user_display_name", "action", "said", "content_type", "object_id", "label"]
    export_headings = {**LogEntriesView.export_headings, "said": _("What happened"), "user_display_name": _("Who")}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm("staff.see_trail"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_filtered_queryset(self) -> QuerySet[Any]:
        """As Wagtail's, but of all entries."""
        self.log_models = list(registry.get_log_entry_models())
        parts = [
            self.filter_queryset(
                model.objects.values("pk", "timestamp").annotate(
                    log_model_index=Value(index, output_field=IntegerField())
                )
            ).order_by()
            for index, model in enumerate(self.log_models)
        ]
        return parts[0].union(*parts[1:], all=True).order_by("-timestamp")

    def decorate_paginated_queryset(self, queryset: Any) -> list[Any]:
        entries = super().decorate_paginated_queryset(queryset)
        for entry in entries:
            entry.said = strip_tags(str(entry.message))
        return entries

    def get_filename(self) -> str:
        return super().get_filename().replace("audit-log", "who-did-what")


def _seen(what: str) -> set[Any]:
    return set().union(*(getattr(model.objects.all(), what)() for model in registry.get_log_entry_models()))
