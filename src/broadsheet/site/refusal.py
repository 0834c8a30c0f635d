"""What a reader sees whose form Django's own check does not believe: the same page as every other refusal."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from broadsheet.newsroom.views import forbidden


def form_not_believed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return forbidden(request, PermissionDenied(reason))
