"""Say what is read most: the list beside the front page, from whoever counts readers (the newsroom does not)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from broadsheet.newsroom import purge, tags
from broadsheet.newsroom.front import MOST_READ as SHOWN
from broadsheet.newsroom.models.articles import Article
from broadsheet.newsroom.models.compositions import MostRead

KEPT = 10  # more than are shown: one of them may be taken down before the next count


def say_most_read(article_ids: Sequence[int]) -> bool:
    """Keep the first ten that are public, the most read first. Whether the list is another than before.

    The front page is purged only where what it shows of the list has changed.
    """
    live = set(Article.objects.filter(pk__in=article_ids, live=True).values_list("pk", flat=True))
    wanted = [pk for pk in article_ids if pk in live][:KEPT]
    with transaction.atomic():
        before = list(MostRead.objects.values_list("article_id", flat=True))
        if wanted == before:
            return False
        MostRead.objects.all().delete()
        MostRead.objects.bulk_create(MostRead(position=at, article_id=pk) for at, pk in enumerate(wanted, 1))
        if wanted[:SHOWN] != before[:SHOWN]:
            purge.purge([tags.MOST_READ])
    return True
