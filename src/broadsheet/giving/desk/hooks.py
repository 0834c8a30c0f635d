"""The money desk's addresses and place in the admin's menu; Wagtail hears them as `giving/wagtail_hooks.py` imports this."""

from __future__ import annotations

from importlib import import_module

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from broadsheet.giving.desk.page import may_see


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern | URLResolver]:
    return [path("giving/", include("broadsheet.giving.desk.urls"))]


class MoneyItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return may_see(request.user)


@hooks.register("register_admin_menu_item")
def money_item() -> MenuItem:
    return MoneyItem(_("Money desk"), reverse("money_desk"), name="money-desk", icon_name="tag", order=590)


import_module("broadsheet.giving.desk.first_screen")  # its line there
