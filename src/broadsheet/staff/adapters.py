"""What allauth asks of us about second factors. Its own pages and mails are not used."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from broadsheet.config import config
from broadsheet.gate.keys import derived, house_key
from broadsheet.newsroom.models import Publication


class SecondFactors(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _(
            "That did not match. Codes of the app change every half minute: please use the present one."
        ),
    }

    def encrypt(self, text: str) -> str:
        """A copy of the database alone makes no codes: the key is a file beside it."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as fault:
            # The keys were lost, or belong to another installation: only a reset helps.
            raise ValidationError(
                _("This second factor can no longer be read. Please ask a colleague to reset it.")
            ) from fault

    def get_totp_issuer(self) -> str:
        return Publication.ours().name

    def _get_site_name(self) -> str:
        return Publication.ours().name


@cache
def _cipher() -> Fernet:
    return Fernet(urlsafe_b64encode(derived(house_key(config().keys), b"second factors", b"", 32)))
