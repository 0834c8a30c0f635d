"""The form of what holds words of ours: shown as readers read them, in the edition's language and not the editor's."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from wagtail.admin.forms import WagtailAdminModelForm

from broadsheet.giving import words
from broadsheet.newsroom.language import speaking


class HouseWordsForm(WagtailAdminModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with speaking():
            for field in _of_words(self._meta.model):
                if field in self.initial:
                    self.initial[field] = words.said(self.initial[field])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean()
        with speaking():
            return given | {field: words.kept(given[field]) for field in _of_words(self._meta.model) if field in given}


def _of_words(model: type[Model]) -> list[str]:
    """The fields that hold the house's words until the publisher writes others."""
    return [field.name for field in model._meta.concrete_fields if field.default in words.HOUSE]
