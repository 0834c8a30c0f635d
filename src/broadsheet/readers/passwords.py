"""What a new password is refused for, in words Django has no translation of in every language we speak."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import ngettext


class LongEnough(MinimumLengthValidator):
    def get_error_message(self) -> str:
        said = ngettext(
            "This password is too short. It must contain at least %(least)d character.",
            "This password is too short. It must contain at least %(least)d characters.",
            self.min_length,
        )
        return said % {"least": self.min_length}
