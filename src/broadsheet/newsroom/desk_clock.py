"""The newsroom's desk goes by the publication's clock: a story scheduled for six appears at six where its readers are.

Wagtail shows and takes times in the zone an editor chose, and where they chose none in settings.TIME_ZONE, which is UTC and
cannot be the publication's, as that is changed in the admin.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from wagtail.users.models import UserProfile

from broadsheet.newsroom.models.publication import Publication


class GoByThePublicationsClock:
    """Middleware, behind the one that says who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_at_desk = request.path_info.startswith(reverse("wagtailadmin_home"))
        if is_at_desk and request.user.has_perm("wagtailadmin.access_admin"):
            profile = UserProfile.get_for_user(request.user)
            if not profile.current_time_zone:
                # Not saved: an editor who chose none follows the publication wherever it moves.
                profile.current_time_zone = Publication.ours().zone
            setattr(request.user, "wagtail_userprofile", profile)  # noqa: B010  the one that Wagtail will ask
        return self._get_response(request)
