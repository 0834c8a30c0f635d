"""Where a bank transfer is to go. Opened by its long, random address, also from the letter; it says nothing of the giver."""

from __future__ import annotations

from io import BytesIO

import qrcode
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from broadsheet.giving.models import Attempt, AttemptState
from broadsheet.giving.providers.manual.details import details_of
from broadsheet.giving.views.page import draw
from broadsheet.readers.views.page import account_page, see

_LARGEST = 13  # EPC069-12, 3.1: the version of the code


@require_safe
@account_page
def transfer(request: HttpRequest, attempt: str) -> HttpResponse:
    found = _announced(attempt)
    if found.state == AttemptState.PAID:
        return see(f"/donate/thanks/{found.pk}/")
    return draw(request, "transfer", {"attempt": found, "details": details_of(found), "is_pretended": False})


@require_safe
@account_page
def square_code(request: HttpRequest, attempt: str) -> HttpResponse:
    """As a picture of its own: the policy of our pages takes none that is written into them."""
    text = details_of(_announced(attempt)).girocode
    if not text:
        raise Http404
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, image_factory=SvgPathImage)
    code.add_data(text.encode())
    code.make(fit=True)
    if code.version > _LARGEST:
        raise Http404
    written = BytesIO()
    code.make_image().save(written)
    return HttpResponse(written.getvalue(), content_type="image/svg+xml")


def _announced(id_: str) -> Attempt:
    found = Attempt.objects.exclude(reference="").filter(pk=id_, provider="manual").first()
    if found is None:
        raise Http404
    return found
