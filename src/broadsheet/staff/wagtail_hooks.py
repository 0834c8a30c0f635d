"""What staff and help desk add to Wagtail's admin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.log_actions import LogActionRegistry
from wagtail.models import Page

from broadsheet.newsroom.models import Article
from broadsheet.readers import privacy
from broadsheet.readers.models import User
from broadsheet.staff import accounts, trail
from broadsheet.staff.views import colleague, help_desk
from broadsheet.staff.views.who_did_what import WhoDidWhat


@hooks.register("register_log_actions")
def trail_actions(registry: LogActionRegistry) -> None:
    trail.register(registry)


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("staff/<int:pk>/reset-factor/", colleague.ResetFactor.as_view(), name="staff_reset_factor"),
        path("reports/who-did-what/", WhoDidWhat.as_view(), name="staff_trail"),
        path("reports/who-did-what/results/", WhoDidWhat.as_view(results_only=True), name="staff_trail_results"),
        path("help-desk/", help_desk.Search.as_view(), name="help_desk"),
        path("help-desk/<int:pk>/", help_desk.ReaderPage.as_view(), name="help_desk_reader"),
        path("help-desk/<int:pk>/open/", help_desk.OpenArticle.as_view(), name="help_desk_open"),
        path("help-desk/<int:pk>/reset/", help_desk.ResetCount.as_view(), name="help_desk_reset"),
        path("help-desk/<int:pk>/sign-out/", help_desk.EndSessions.as_view(), name="help_desk_sign_out"),
        path("help-desk/<int:pk>/merge/", help_desk.Merge.as_view(), name="help_desk_merge"),
        path("help-desk/<int:pk>/erase/", help_desk.Erase.as_view(), name="help_desk_erase"),
    ]


class HelpDeskItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return help_desk.may_help(request.user)


class TrailItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("staff.see_trail"))


@hooks.register("register_admin_menu_item")
def help_desk_item() -> MenuItem:
    # Not "help-desk": Wagtail lights every item whose name that of the open page begins with, and it has one called "help".
    return HelpDeskItem(_("Help desk"), reverse("help_desk"), name="readers-help", icon_name="help", order=600)


@hooks.register("register_reports_menu_item")
def trail_item() -> MenuItem:
    return TrailItem(_("Who did what"), reverse("staff_trail"), name="who-did-what", icon_name="history", order=1)


@hooks.register("construct_reports_menu")
def one_trail(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """Wagtail's site history is the same entries with fewer columns."""
    menu_items[:] = [item for item in menu_items if item.name != "site-history"]


# After Wagtail's own, which these replace: a bulk action is known by its name.
for _action in (accounts.AssignRole, accounts.Delete, accounts.SetActiveState):
    hooks.register("register_bulk_action", _action, order=100)


@hooks.register("before_delete_user")
def prepare_to_delete(request: HttpRequest, user: User) -> HttpResponse | None:
    """What must be done elsewhere before an account can go: a refusal is said, and it stays."""
    return _prepared(request, [user]) if request.method == "POST" else None


@hooks.register("before_bulk_action")
def prepare_to_delete_several(
    request: HttpRequest, action_type: str, objects: Sequence[Any], action: Any
) -> HttpResponse | None:
    users = [each for each in objects if isinstance(each, User)]
    return _prepared(request, users) if action_type == "delete" and request.method == "POST" else None


def _prepared(request: HttpRequest, users: Sequence[User]) -> HttpResponse | None:
    try:
        for user in users:
            privacy.prepare_to_erase(user)
    except privacy.CannotErase as why:
        messages.error(request, str(why))
        return redirect("wagtailusers_users:index")
    return None


@hooks.register("before_create_page")
def reporters_begin_stories_only(request: HttpRequest, parent: Page, page_class: type[Page]) -> None:
    """Where somebody may add but not publish, that is for stories: what a section is called is not a draft."""
    if not issubclass(page_class, Article) and not parent.permissions_for_user(request.user).can_publish_subpage():
        raise PermissionDenied
