"""Years of a newspaper: the stories of the demo edition, again and again, each an hour older than the one before.

Written straight into the database, as publishing fifty thousand stories would take the better part of an hour. What is left
out is what no list asks for: revisions, versions, the search index. No statistics are gathered, as no installation has them.
"""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

AT_ONCE = 2000


def fill_up(number: int) -> None:
    """Until there are `number` published articles."""
    from django.db import connection, transaction
    from wagtail.models import Page

    from broadsheet.newsroom.models import Article, Byline, Section

    models = list(Article.objects.published().order_by("pk"))
    oldest = min(article.first_published_at for article in models)
    topics = {article.pk: [topic.pk for topic in article.topics.all()] for article in models}
    people = {article.pk: [(line.person_id, line.role) for line in article.bylines.all()] for article in models}
    sections = {section.pk: section for section in Section.objects.all()}
    last_page = Page.objects.order_by("-pk").values_list("pk", flat=True)[0]
    page_fields = [field.column for field in Page._meta.concrete_fields]
    own_fields = [field.column for field in Article._meta.local_concrete_fields]
    steps = {pk: itertools.count(section.numchild + 1) for pk, section in sections.items()}
    of_model = itertools.cycle(models)

    def rows(count: int, first: int) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        pages, articles, tagged, named = [], [], [], []
        for pk in range(first, first + count):
            article = next(of_model)
            section = sections[article.section_id]
            moment = oldest - timedelta(hours=pk - last_page)
            slug = f"{article.slug[:200]}-{pk}"
            changed = {
                "id": pk,
                "path": Page._get_path(section.path, section.depth + 1, next(steps[section.pk])),
                "slug": slug,
                "url_path": f"{section.url_path}{slug}/",
                "translation_key": uuid.uuid4(),
                "first_published_at": moment,
                "last_published_at": moment,
                "latest_revision_id": None,
                "live_revision_id": None,
            }
            pages.append([_value(Page, article, column, changed) for column in page_fields])
            changed = {"page_ptr_id": pk, "modified_at": None}
            articles.append([_value(Article, article, column, changed) for column in own_fields])
            tagged += [(pk, topic) for topic in topics[article.pk]]
            named += [(pk, person, role, at) for at, (person, role) in enumerate(people[article.pk])]
        return pages, articles, tagged, named

    missing, first = number - len(models), last_page + 1
    with connection.cursor() as cursor:
        while missing > 0:
            pages, articles, tagged, named = rows(min(missing, AT_ONCE), first)
            with transaction.atomic():
                _insert(cursor, Page._meta.db_table, page_fields, pages)
                _insert(cursor, Article._meta.db_table, own_fields, articles)
                through = Article.topics.through._meta.db_table
                _insert(cursor, through, ["article_id", "topic_id"], tagged)
                columns = ["article_id", "person_id", "role", "sort_order"]
                _insert(cursor, Byline._meta.db_table, columns, named)
            missing, first = missing - len(pages), first + len(pages)
        for section in sections.values():
            count = next(steps[section.pk]) - 1
            Page.objects.filter(pk=section.pk).update(numchild=count)


def picture_each() -> None:
    """Give every story a picture, as newspapers do that have photographers."""
    from django.db import connection

    from broadsheet.newsroom.models import Article, Picture

    pictures = list(Picture.objects.filter(light__isnull=True).values_list("pk", flat=True))
    turns = " ".join(f"WHEN {turn} THEN {pk}" for turn, pk in enumerate(pictures))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Article._meta.db_table} SET picture_id = CASE page_ptr_id % {len(pictures)} {turns} END"
        )


def _value(model: Any, article: Any, column: str, changed: dict[str, Any]) -> Any:
    from django.db import connection

    field = next(field for field in model._meta.concrete_fields if field.column == column)
    value = changed[column] if column in changed else getattr(article, field.attname)
    return field.get_db_prep_save(value, connection)


def _insert(cursor: Any, table: str, columns: list[str], rows: list[Any]) -> None:
    if rows:
        marks = ", ".join(["%s"] * len(columns))
        names = ", ".join(f'"{column}"' for column in columns)
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)
