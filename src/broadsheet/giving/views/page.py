"""A page of giving: in our dress, kept by nobody, its forms allowed to lead to those who take the money."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse

from broadsheet.giving.providers import is_pretended
from broadsheet.readers.views import page


def draw(request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    given = {"is_pretended": is_pretended(), **(context or {})}
    return page.draw(request, template, given, status, folder="giving")


def lead_to(response: HttpResponse, sites: Iterable[str]) -> HttpResponse:
    """Let the forms of this answer, and the redirects that follow them, lead there and nowhere else."""
    if admitted := list(sites):
        response._csp_update = {"form-action": admitted}  # type: ignore[attr-defined]
    return response
