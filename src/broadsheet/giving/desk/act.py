"""A page that says what will happen, asks for a reason, does it, and says what happened: as the help desk's acts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy

from broadsheet.giving.desk.page import DeskPage


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("It stands beside the act in “Who did what”. Name no address."),
    )


class ActPage(DeskPage):
    template_name = "giving/desk/act.html"
    form_class: type[forms.Form] = ReasonForm
    button: Any = ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render_to_response(self.get_context_data(form=self.form_class(**self.form_arguments())))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form_class(request.POST, **self.form_arguments())
        return self.form_valid(form) if form.is_valid() else self.again(form)

    def form_arguments(self) -> dict[str, Any]:
        return {}

    def form_valid(self, form: Any) -> HttpResponse:
        raise NotImplementedError

    def again(self, form: Any, **shown: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **shown))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"button": self.button, **kwargs})
