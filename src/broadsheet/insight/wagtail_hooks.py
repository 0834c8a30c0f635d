"""What the reading log adds to Wagtail's admin: a report, a story's own numbers, and what is read most today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component
from wagtail.admin.widgets.button import Button
from wagtail.models import Page

from broadsheet.insight import report
from broadsheet.insight.models import CountedDay, StoryDay
from broadsheet.newsroom.models import Article

SHOWN = 5


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("reports/what-was-read/", report.WhatWasRead.as_view(), name="insight_report"),
        path("reports/what-was-read/<int:pk>/", report.StoryReads.as_view(), name="insight_story"),
    ]


@hooks.register("register_reports_menu_item")
def in_the_menu() -> MenuItem:
    return MenuItem(_("What was read"), reverse("insight_report"), name="what-was-read", icon_name="view", order=0)


@hooks.register("register_page_header_buttons")
def on_a_story(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    if page.specific_class is Article and page.first_published_at:
        reads = StoryDay.objects.filter(article_id=page.pk).aggregate(Sum("reads"))["reads__sum"] or 0
        label = ngettext("%(reads)s read", "%(reads)s reads", reads) % {"reads": f"{reads:,}"}
        yield Button(label, reverse("insight_story", args=[page.pk]), icon_name="view", priority=5)


@hooks.register("register_page_listing_more_buttons")
def in_listings(page: Page, user: Any, next_url: str | None = None) -> Iterator[Button]:
    if page.specific_class is Article and page.first_published_at:
        yield Button(_("Reads"), reverse("insight_story", args=[page.pk]), icon_name="view", priority=46)


class ReadToday(Component):
    """On the first screen: the most read today, as counted last."""

    name = "read_today"
    template_name = "insight/read_today.html"
    order = 120

    def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
        day = CountedDay.objects.order_by("-day").first()
        counted = list(StoryDay.objects.filter(day=day, reads__gt=0).order_by("-reads", "-article_id")[:SHOWN])
        stories = Article.objects.only("title", "url_path").in_bulk([one.article_id for one in counted])
        return {
            "day": day,
            "lines": [(stories[one.article_id], one) for one in counted if one.article_id in stories],
        }


@hooks.register("construct_homepage_panels")
def on_the_first_screen(request: HttpRequest, panels: list[Component]) -> None:
    panels.append(ReadToday())
