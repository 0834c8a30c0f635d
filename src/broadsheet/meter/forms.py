from __future__ import annotations

from typing import Any

from django import forms
from wagtail.admin.forms import WagtailAdminModelForm

from broadsheet.newsroom.models import Kind


class MeterForm(WagtailAdminModelForm):
    """The model checks the policy; here is only what a person ticks."""

    free_kinds = forms.MultipleChoiceField(
        label="Kinds of article",
        choices=Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Never metered.",
    )

    class Media:
        css = {"all": ["meter/form.css"]}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sections := self.fields.get("free_sections"):
            sections.queryset = sections.queryset.order_by("path")
