"""What the meter adds to Wagtail's admin. The settings page itself is Wagtail's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.widgets.button import Button
from wagtail.models import Page

from broadsheet.meter import views
from broadsheet.meter.force import is_in_force
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.models import Article


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("meter/preview/", views.Preview.as_view(), name="meter_preview"),
        path("meter/preview/page/", views.preview_page, name="meter_preview_page"),
        path("meter/open/<int:pk>/", views.OpenToEveryone.as_view(), name="meter_open"),
    ]


@hooks.register("after_edit_setting")
def say_that_it_is_in_force(request: HttpRequest, setting: Any) -> None:
    if not isinstance(setting, MeterSettings):
        return
    if is_in_force():
        preview = messages.button(reverse("meter_preview"), _("See what readers see"))
        messages.success(
            request, _("In force now: the next article a reader opens is decided by these rules."), [preview]
        )
    else:
        messages.error(
            request,
            _("Saved, but not in force: the meter ledger cannot be written. It is tried again twice a minute."),
        )


@hooks.register("register_page_listing_more_buttons")
def in_listings(page: Page, user: Any, next_url: str | None = None) -> Iterator[Button]:
    yield from _open_button(page, user)


@hooks.register("register_page_header_buttons")
def on_the_page(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    yield from _open_button(page, user)


def _open_button(page: Page, user: Any) -> Iterator[Button]:
    if page.live and page.specific_class is Article and page.permissions_for_user(user).can_publish():
        yield Button(
            _("Open to everyone until …"), reverse("meter_open", args=[page.pk]), icon_name="lock-open", priority=45
        )
