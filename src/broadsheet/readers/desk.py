"""Accounts as the newsroom's admin shows them. Wagtail's own forms ask for a first and a last name; ours has one.

What only administrators and publishers may do with accounts of staff is in `staff/accounts.py`, which builds on this.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.auth import require_admin_access
from wagtail.admin.views.account import AccountView, BaseSettingsPanel, NameEmailSettingsPanel
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views.users import UserViewSet

from broadsheet.readers.models import User

_FIELDS = ["email", "name", "is_superuser", "groups"]


class _Named(forms.ModelForm):
    first_name = None
    last_name = None
    email = forms.EmailField(label=_("E-mail address"))

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class AccountCreationForm(_Named, UserCreationForm):
    class Meta(UserCreationForm.Meta):
        fields = _FIELDS


class AccountEditForm(_Named, UserEditForm):
    class Meta(UserEditForm.Meta):
        fields = [*_FIELDS, "is_active"]
        labels = {"is_active": _("Is active")}


class AccountViewSet(UserViewSet):
    create_template_name = "account/desk/create.html"
    edit_template_name = "account/desk/edit.html"

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        return AccountEditForm if for_update else AccountCreationForm


class _NameForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name"]
        help_texts = {
            "name": _("Your address, your password, your second factor and where you are signed in are at /account/.")
        }


class _NamePanel(BaseSettingsPanel):
    name = "name"
    title = _("Name")
    order = 100
    form_class = _NameForm


class DeskAccountView(AccountView):
    """What an editor sets for the admin alone. Address and password have one place, the account's own pages."""

    def get_panels(self) -> list[BaseSettingsPanel]:
        others = [panel for panel in super().get_panels() if not isinstance(panel, NameEmailSettingsPanel)]
        first: Any = next(iter(others), None)
        profile = first.profile if first else None
        return [_NamePanel(self.request, self.request.user, profile), *others]


desk_account = require_admin_access(DeskAccountView.as_view())
