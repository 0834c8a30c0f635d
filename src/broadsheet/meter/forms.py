from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm

from broadsheet.meter.words import as_kept, in_our_language
from broadsheet.newsroom.language import speaking
from broadsheet.newsroom.models import Kind


class MeterForm(WagtailAdminModelForm):
    """The model checks the policy. The words are shown as readers read them: in the edition's language, not the editor's."""

    free_kinds = forms.MultipleChoiceField(
        label=_("Kinds of article"),
        choices=Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Never metered."),
    )

    class Media:
        css = {"all": ["meter/form.css"]}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sections := self.fields.get("free_sections"):
            sections.queryset = sections.queryset.order_by("path")
        with speaking():
            for field, house in self._meta.model.house_words().items():
                if field in self.initial:
                    self.initial[field] = in_our_language(self.initial[field], house)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean()
        with speaking():
            kept = {
                field: as_kept(given[field], house)
                for field, house in self._meta.model.house_words().items()
                if field in given
            }
        return given | kept
