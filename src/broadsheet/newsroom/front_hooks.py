"""What composing the front page adds to Wagtail's admin: its page, its place in the menu, its words in the audit trail."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.log_actions import LogActionRegistry

from broadsheet.newsroom import composing
from broadsheet.newsroom.acts.compose import MAY


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("front/", composing.ComposeFront.as_view(), name="newsroom_front"),
        path("front/preview/", composing.preview, name="newsroom_front_preview"),
    ]


class FrontItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY))


@hooks.register("register_admin_menu_item")
def in_the_menu() -> MenuItem:
    return FrontItem(_("Front page"), reverse("newsroom_front"), name="front", icon_name="home", order=85)


@hooks.register("register_permissions")
def to_be_given_to_groups() -> QuerySet[Permission]:
    return Permission.objects.filter(content_type__app_label="newsroom", codename="change_composition")


@hooks.register("register_log_actions")
def in_the_audit_trail(registry: LogActionRegistry) -> None:
    for action, label, message in (
        ("newsroom.front.compose", _("Compose the front page"), _("Put a front page in place")),
        ("newsroom.front.plan", _("Plan a front page"), _("Planned a front page")),
        ("newsroom.front.call_off", _("Call a front page off"), _("Called a planned front page off")),
        ("newsroom.front.break", _("Break news"), _("Set the breaking bar")),
        ("newsroom.front.end_breaking", _("End the breaking bar"), _("Ended the breaking bar")),
    ):
        registry.register_action(action, label, message)
