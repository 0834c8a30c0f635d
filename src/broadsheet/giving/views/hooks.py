"""Where payment providers tell us that something happened: believe it, keep it, answer. Nothing else, so that it is quick."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from broadsheet.giving.events import keep
from broadsheet.giving.providers import provider_named
from broadsheet.giving.providers.interface import NotBelieved

log = logging.getLogger(__name__)

LONGEST = 512 * 1024


@csrf_exempt  # a signature over the body stands in its place
@require_POST
def take_event(request: HttpRequest, provider: str) -> HttpResponse:
    try:
        of = provider_named(provider)
    except KeyError as unknown:
        raise Http404 from unknown
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return HttpResponse("That is longer than any event.", status=413, content_type="text/plain")
    try:
        heard = of.handle_event(request.body, {name.lower(): value for name, value in request.headers.items()})
    except NotBelieved as why:
        log.warning("An event in the name of %s was not believed: %s", provider, why)
        return HttpResponse("The signature does not fit.", status=400, content_type="text/plain")
    keep(provider, heard)
    return HttpResponse(status=200)
