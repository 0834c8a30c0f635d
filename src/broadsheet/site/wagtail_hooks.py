"""The newsroom's own dress and first screen."""

from __future__ import annotations

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.site_summary import SummaryItem
from wagtail.admin.ui.components import Component

from broadsheet.site import admin_home


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("setup/", admin_home.Setup.as_view(), name="setup"),
        path("mail/", admin_home.Mail.as_view(), name="mail"),
    ]


@hooks.register("construct_homepage_panels")
def first_screen(request: HttpRequest, panels: list[Component]) -> None:
    panels += admin_home.panels(request)


@hooks.register("construct_homepage_summary_items", order=1000)
def no_counts(request: HttpRequest, items: list[SummaryItem]) -> None:
    """Wagtail counts pages and pictures there, which tells an editor nothing."""
    items.clear()


class _TestMail(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(admin_home.PUBLICATION))


@hooks.register("register_settings_menu_item")
def test_mail() -> MenuItem:
    return _TestMail(_("Test mail"), reverse("mail"), name="test-mail", icon_name="mail", order=160)


@hooks.register("construct_help_menu")
def no_news_of_wagtail(request: HttpRequest, items: list[MenuItem]) -> None:
    """Links to Wagtail's release notes and guide: neither is about this program, and both leave the house."""
    items[:] = [
        item for item in items if item.name != "editor-guide" and not item.name.startswith("whats-new-in-wagtail")
    ]


@hooks.register("insert_global_admin_css")
def desk_css() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("desk/desk.css"))
