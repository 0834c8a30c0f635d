"""What models and their fields are called on the newsroom's screens, where Django's guess cannot be translated: a field's name
with spaces, a plural with an s."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Field, Model

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

M = TypeVar("M", bound=Model)


def called(plural: _StrPromise, /, **fields: _StrPromise) -> Callable[[type[M]], type[M]]:
    """Name a model's plural and its fields. Beside the fields and not in them: what a field says of itself is copied into
    migrations, and a better word for it would be a migration of the database."""

    def name(model: type[M]) -> type[M]:
        model._meta.verbose_name_plural = plural
        for field_name, words in fields.items():
            field = model._meta.get_field(field_name)
            if not isinstance(field, Field) or field.model is not model:
                raise TypeError(f"{model.__name__} has no field “{field_name}” of its own.")
            field.verbose_name = words
        return model

    return name
