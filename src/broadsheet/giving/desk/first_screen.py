"""The money desk's line on the newsroom's first screen: what came in, and how much waits for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from wagtail import hooks
from wagtail.admin.ui.components import Component

from broadsheet.giving.desk.figures import as_it_stands
from broadsheet.giving.desk.overview import waiting
from broadsheet.giving.desk.page import may_see
from broadsheet.giving.models import Attempt


class MoneyToday(Component):
    name = "money-today"
    order = 110  # before what is read
    template_name = "giving/desk/first_screen.html"

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {"now": as_it_stands(), "waiting": len(list(waiting()))}


@hooks.register("construct_homepage_panels")
def on_the_first_screen(request: HttpRequest, panels: list[Component]) -> None:
    """Nothing of it where nobody ever tried to give, nor for those who do not see the money."""
    if may_see(request.user) and Attempt.objects.exists():
        panels.append(MoneyToday())
