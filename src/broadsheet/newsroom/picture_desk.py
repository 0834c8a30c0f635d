"""A picture's page in the admin: how far its sizes are, and having them made once more."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from broadsheet.newsroom.models import Picture
from broadsheet.newsroom.models.pictures import Files
from broadsheet.newsroom.tasks import make_renditions


@require_POST
def make_again(request: HttpRequest, picture_id: int) -> HttpResponse:
    """From the picture's own form, whose other fields are left alone."""
    picture = get_object_or_404(Picture, pk=picture_id)
    if not picture.is_editable_by_user(request.user):
        raise PermissionDenied
    # Whatever was half made goes: a file on a disk that was full may be there and empty.
    picture.renditions.all().delete()
    Picture.objects.filter(pk=picture_id).update(files=Files.WAITING, why_failed="", formats="avif,webp")
    transaction.on_commit(partial(make_renditions.enqueue, picture_id))
    messages.success(request, _("The sizes of “%(title)s” are being made once more.") % {"title": picture.title})
    return redirect("wagtailimages:edit", picture_id)


urlpatterns = [path("pictures/<int:picture_id>/again/", make_again, name="make_picture_again")]
