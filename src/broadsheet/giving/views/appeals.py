from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from broadsheet.giving.acts.close_appeal import close_appeal
from broadsheet.readers.views.page import local_path, see


@require_POST
@never_cache
def close(request: HttpRequest) -> HttpResponse:
    response = see(local_path(request.POST.get("next"), otherwise="/"))
    close_appeal(response)
    return response
