"""Accounts of staff in the admin: roles in words, and who may change whose.

Wagtail lets everybody who may change a user make anybody an administrator, themselves too. Here only an administrator
touches an administrator, and a publisher hands out the ready-made roles and nothing else.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.users.views.bulk_actions import AssignRoleBulkAction, DeleteBulkAction, SetActiveStateBulkAction
from wagtail.users.views.users import CreateView, DeleteView, EditView, IndexView, UserColumn

from broadsheet.readers.acts.sign_in import has_proved_lately
from broadsheet.readers.desk import AccountCreationForm, AccountEditForm, AccountViewSet
from broadsheet.readers.models import User
from broadsheet.readers.second_factor import has_second_factor
from broadsheet.readers.views.page import see
from broadsheet.staff.roles import ROLES, role_of_group


class RolesField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, group: Group) -> str:
        role = role_of_group(group.name)
        return group.name if role is None else f"{role.name}: {role.may}"


class _InRoles(forms.ModelForm):
    """`by`: who fills in the form; it offers what they may give."""

    groups = RolesField(
        label=_("Roles"),
        queryset=Group.objects.none(),
        required=False,
        help_text=_("Several may be held together. Without any, the account is a reader's."),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        self._by = by
        super().__init__(*args, **kwargs)
        ready_made = [role.group for role in ROLES]
        offered = Group.objects.all() if by.is_superuser else Group.objects.filter(name__in=ready_made)
        roles: Any = self.fields["groups"]
        roles.queryset = offered.order_by("pk")
        if (administrator := self.fields.get("is_superuser")) is not None:
            administrator.help_text = _("May do everything, also change who may do what.")
            if not by.is_superuser:
                administrator.disabled = True
                administrator.help_text = _("Only an administrator can make another.")

    def clean_groups(self) -> list[Group]:
        """Groups that were not offered are not taken away by not being ticked."""
        chosen = list(self.cleaned_data["groups"])
        if self.instance.pk is None:
            return chosen
        offered: Any = self.fields["groups"]
        return [*chosen, *self.instance.groups.exclude(pk__in=offered.queryset)]


class StaffCreationForm(_InRoles, AccountCreationForm):
    error_messages = {
        **AccountCreationForm.error_messages,
        "duplicate_username": _(
            "There is an account with that address: a reader’s, perhaps. Search for the whole address under Users, and give"
            " it roles there."
        ),
    }

    class Meta(AccountCreationForm.Meta):
        pass


class StaffEditForm(_InRoles, AccountEditForm):
    class Meta(AccountEditForm.Meta):
        pass

    @property
    def password_enabled(self) -> bool:
        """Whoever sets a password can be somebody else."""
        return bool(self._by.is_superuser)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, **kwargs)
        if self.instance.pk == by.pk and not by.is_superuser:
            self.fields["email"].disabled = True


class _Guarded:
    """Asks for proof again before an account changes, and keeps administrators to themselves."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        account = getattr(self, "object", None)
        if isinstance(account, User) and not may_change(request.user, account):
            raise PermissionDenied
        if request.user.is_authenticated and not has_proved_lately(request):
            return see("/account/confirm/", next=request.path)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class _WithForm(_Guarded):
    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "by": self.request.user}  # type: ignore[misc]


class StaffCreateView(_WithForm, CreateView):
    pass


class StaffEditView(_WithForm, EditView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if has_second_factor(self.object) and self.object != self.request.user:
            context["reset_factor_url"] = reverse("staff_reset_factor", args=[self.object.pk])
        return context


class StaffDeleteView(_Guarded, DeleteView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        return super().dispatch(request, *args, **kwargs)


class StaffIndexView(IndexView):
    """Who works here. Readers are found by the help desk, or here by their whole address, to be given a role."""

    page_title = _("Users")

    def get_base_queryset(self) -> QuerySet[User]:
        works_here = (
            Q(is_superuser=True) | Q(is_staff=True) | Q(groups__isnull=False) | Q(user_permissions__isnull=False)
        )
        whole_address = Q(email__iexact=self.request.GET.get("q", "").strip() or "-")
        return super().get_base_queryset().filter(works_here | whole_address).distinct()

    @property
    def columns(self) -> list[Column]:
        name, *others = [column for column in super().columns if column.name not in ("bulk_actions", "is_superuser")]
        assert isinstance(name, UserColumn)
        return [
            name,
            *others[:1],
            Column("roles", label=_("Roles"), accessor=role_words),
            Column(
                "factor",
                label=_("Second factor"),
                accessor=factor_word,
            ),
            *others[1:],
        ]


class StaffAccounts(AccountViewSet):
    index_view_class = StaffIndexView
    add_view_class = StaffCreateView
    edit_view_class = StaffEditView
    delete_view_class = StaffDeleteView

    def get_form_class(self, for_update: bool = False) -> type[forms.ModelForm]:
        return StaffEditForm if for_update else StaffCreationForm


def role_words(user: User) -> str:
    named = [role_of_group(group.name) for group in user.groups.all()]
    words = [str(_("administrator"))] if user.is_superuser else []
    words += [str(role.name).lower() for role in named if role]
    return capfirst(", ".join(words)) or "–"


def factor_word(user: User) -> Any:
    return _("yes") if has_second_factor(user) else _("none")


def may_change(by: Any, account: User) -> bool:
    return bool(by.is_superuser or not account.is_superuser)


# Wagtail's bulk actions ask for no proof and write no reason: an administrator may still use them.


class AdministratorsOnly:
    request: HttpRequest

    def check_perm(self, obj: User) -> bool:
        return bool(self.request.user.is_superuser) and super().check_perm(obj)  # type: ignore[misc]


class AssignRole(AdministratorsOnly, AssignRoleBulkAction):
    pass


class Delete(AdministratorsOnly, DeleteBulkAction):
    pass


class SetActiveState(AdministratorsOnly, SetActiveStateBulkAction):
    pass
