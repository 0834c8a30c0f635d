"""Questions that every page asks, put into SQL once.

Django words a question anew each time it is asked, which takes several times as long as the database takes to answer it:
nearly half of a page's making went there. A prepared question is still an ordinary queryset, written once, with slots in
place of what differs:

    @prepared(models.CharField(), models.CharField())
    def found_at(section: str, slug: str) -> ArticleQuerySet:
        return Article.objects.at(section, slug)[:1]

    found_at("europe", "a-headline")  # [<Article: A headline>]

A list is a slot for each of its values, and for each of its lengths a question of its own. No value may be None, which SQL
never finds equal to anything, and no list empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import update_wrapper
from itertools import count
from typing import Any, Generic, ParamSpec

from django.db import connection, models
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

P = ParamSpec("P")
Field = models.Field[Any, Any]


def prepared(*fields: Field) -> Callable[[Callable[P, models.QuerySet[Any]]], Prepared[P]]:
    """`fields`: what kind of value each argument is, in order; of a list, each in it."""
    return lambda question: Prepared(question, fields)


class Prepared(Generic[P]):
    """Asked by calling it; answers with a list of what its queryset finds."""

    def __init__(self, question: Callable[P, models.QuerySet[Any]], fields: Sequence[Field]) -> None:
        self._question = question
        self._fields = fields
        self._worded: dict[tuple[object, ...], _Worded] = {}
        update_wrapper(self, question)

    def __call__(self, *values: P.args, **named: P.kwargs) -> list[Any]:
        lengths = [len(value) if isinstance(value, list) else None for value in values]
        shape = (connection.vendor, *lengths)
        worded = self._worded.get(shape)
        if worded is None:
            worded = self._worded[shape] = self._word(lengths)
        return worded.answer(self._given(values))

    def _word(self, lengths: Iterable[int | None]) -> _Worded:
        places = count()
        slots: list[Any] = [
            _Slot(next(places), field) if length is None else [_Slot(next(places), field) for _ in range(length)]
            for field, length in zip(self._fields, lengths, strict=True)
        ]
        queryset = self._question(*slots)  # type: ignore[call-arg]
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        return _Worded(queryset, compiler, sql, parameters)

    def _given(self, values: Iterable[Any]) -> list[Any]:
        return [
            field.get_db_prep_value(one, connection)
            for field, value in zip(self._fields, values, strict=True)
            for one in (value if isinstance(value, list) else (value,))
        ]


class _Slot(Expression):
    """Stands in a question for the value at this place of those that are given."""

    def __init__(self, place: int, output_field: Field) -> None:
        super().__init__(output_field=output_field)
        self.place = place

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@dataclass(frozen=True)
class _Worded:
    """A question in SQL. `compiler` has also noted which columns of an answer are whose, and changes no more."""

    queryset: models.QuerySet[Any]
    compiler: SQLCompiler
    sql: str
    parameters: Sequence[Any]

    def answer(self, given: Sequence[Any]) -> list[Any]:
        parameters = tuple(given[one.place] if isinstance(one, _Slot) else one for one in self.parameters)
        compiler: Any = copy(self.compiler)
        compiler.connection = connection  # of this thread
        compiler.as_sql = lambda *args, **options: (self.sql, parameters)
        asked: Any = self.queryset.all()
        asked.query.get_compiler = lambda *args, **options: compiler
        return list(asked)
