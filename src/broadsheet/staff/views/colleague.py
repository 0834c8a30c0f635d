"""What is done with a colleague's account beside the form for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from broadsheet.readers.acts.sign_in import has_proved_lately
from broadsheet.readers.models import User
from broadsheet.readers.views.page import see
from broadsheet.staff.accounts import may_change
from broadsheet.staff.acts.reset_factor import reset_factor


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("It stands beside the act in “Who did what”. Name no article and no address."),
    )


class ResetFactor(WagtailAdminTemplateMixin, FormView):
    form_class = ReasonForm
    template_name = "staff/admin/act.html"
    page_title = gettext_lazy("Reset the second factor")
    header_icon = "key"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.account = get_object_or_404(User, pk=kwargs["pk"])
        if not request.user.has_perm("readers.change_user") or not may_change(request.user, self.account):
            raise PermissionDenied
        if not has_proved_lately(request):
            return see("/account/confirm/", next=request.path)
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        account = {"url": reverse("wagtailusers_users:edit", args=[self.account.pk]), "label": str(self.account)}
        return [*self.breadcrumbs_items, account, {"url": "", "label": self.page_title}]

    def form_valid(self, form: ReasonForm) -> HttpResponse:
        assert isinstance(self.request.user, User)
        reset_factor(self.account, by=self.request.user, reason=form.cleaned_data["reason"])
        messages.success(
            self.request,
            _("%(name)s is signed out, and sets up a new factor at the next sign-in.") % {"name": self.account},
        )
        return redirect("wagtailusers_users:edit", self.account.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        says = [
            _(
                "Their authenticator app, passkeys and recovery codes no longer work, and they are signed out everywhere."
            ),
            _(
                "Until they set up a new one, password or mailbox alone open the account: make sure that it is they who ask."
            ),
        ]
        shown = {
            "subject": str(self.account),
            "says": says,
            "button": _("Reset it"),
            "is_grave": True,
            "back": reverse("wagtailusers_users:edit", args=[self.account.pk]),
        }
        return super().get_context_data(**shown, **kwargs)
