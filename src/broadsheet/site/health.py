"""`/readyz`: whether this publication can answer its readers, for a load balancer or a monitor."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from broadsheet.config import config
from broadsheet.site.doctor import READY, examine

log = logging.getLogger(__name__)


class Ready:
    """Answers `/readyz` before anything else does: whatever stands behind asks the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return readiness() if request.path_info == "/readyz" else self._get_response(request)


def readiness() -> HttpResponse:
    """200, or 503 and what does not answer. Why it does not is for the log: everybody can ask here."""
    missing = []
    for name, check in READY.items():
        for finding in examine(config(), [check]):
            log.error("Not ready: %s", finding.wrong)
            missing.append(name)
    return HttpResponse(
        f"no {', no '.join(missing)}\n" if missing else "ready\n",
        status=503 if missing else 200,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
