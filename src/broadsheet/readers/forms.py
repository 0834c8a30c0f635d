"""What a reader types on account pages."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from broadsheet.readers.models import User

_DASHES_AND_SPACES = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014\u00a0\u2009\u202f")


class Plain(forms.Form):
    """Labels without a colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class EmailForm(Plain):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True, "dir": "ltr"}),
        error_messages={
            "required": _("Please type your e-mail address."),
            "invalid": _("That is not an e-mail address we can write to."),
        },
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class CodeForm(Plain):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "autofocus": True,
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
        error_messages={"required": _("Please type the six digits from the mail.")},
    )

    def clean_code(self) -> str:
        """Six digits, however they were copied: “123 456”, full-width, with a dash."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["code"]).translate(_DASHES_AND_SPACES)
        if len(typed) != 6 or not (typed.isascii() and typed.isdigit()):
            raise ValidationError(_("The code is six digits. This did not use up a try."))
        return typed


class PasswordSignInForm(Plain):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True, "dir": "ltr"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,  # hashing a megabyte would be a favour to nobody
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class OwnPasswordForm(Plain):
    password = forms.CharField(
        label=_("Your password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(Plain):
    password = forms.CharField(
        label=_("New password"),
        max_length=1024,
        strip=False,
        help_text=_("At least ten characters. A few unrelated words are good; your name or address are not."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password


class NameForm(Plain):
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=120,
        help_text=_("As it should stand on what you write here. You may leave it empty."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class NewAddressForm(EmailForm):
    next = None  # type: ignore[assignment]


class DeleteForm(Plain):
    email = forms.CharField(
        label=_("Your e-mail address"),
        help_text=_("Type it to say that you mean it."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_email(self) -> str:
        typed = self.cleaned_data["email"].strip().lower()
        if typed != self._user.email:
            raise ValidationError(_("That is not the address of this account."))
        return typed
