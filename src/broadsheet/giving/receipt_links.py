"""Addresses of receipts: one for the account, and one that its own letter carries, for whoever has none."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.text import slugify

from broadsheet.config import config
from broadsheet.giving.models import Receipt


def letter_url(receipt: Receipt) -> str:
    """Opens that one receipt to whoever has the link: it stands in a mail to the donor and nowhere else."""
    return config().base_url + reverse("receipt_by_link", args=[_signer().sign(str(receipt.pk))])


def receipt_of(token: str) -> Receipt | None:
    """None too once the donor was erased: what is kept then is kept for the law, and shown to nobody by a link."""
    try:
        number = _signer().unsign(token)
    except BadSignature:
        return None
    found = Receipt.objects.select_related("donation__donor", "void").filter(pk=int(number)).first()
    return found if found is not None and found.donation.donor.erased_at is None else None


def file_name(number: str) -> str:
    return f"{slugify(number) or 'receipt'}.pdf"


def _signer() -> Signer:
    return Signer(sep=".", salt="broadsheet.giving.receipt")
