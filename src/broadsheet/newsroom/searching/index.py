"""The index: kept in the transaction of the act that changes what readers may find, and made anew on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Prefetch

from broadsheet.newsroom.blocks import texts_of
from broadsheet.newsroom.models import Article, Byline, PublishedVersion
from broadsheet.newsroom.models.search_entries import SearchEntry
from broadsheet.newsroom.searching.backends import Words, backend, forget_spelling, learn_spelling
from broadsheet.newsroom.searching.words import words_of

AT_ONCE = 200


@dataclass(frozen=True)
class Differences:
    """How the index differs from what is published: ids of articles."""

    missing: frozenset[int]
    surplus: frozenset[int]
    stale: frozenset[int]

    @property
    def count(self) -> int:
        return len(self.missing | self.surplus | self.stale)


def index(article: Article, version: int) -> None:
    """Make `article`, as it is in memory, what is found from the end of this transaction on."""
    learn_spelling(_keep([(article, version)]))


def forget(article_ids: Iterable[int]) -> None:
    SearchEntry.objects.filter(pk__in=list(article_ids)).delete()


def rename(article_ids: Iterable[int]) -> None:
    """A topic or a person of these articles is called otherwise now."""
    of_index = SearchEntry.objects.filter(pk__in=list(article_ids)).values_list("pk", "version")
    versions = dict(of_index)
    learn_spelling(_keep((article, versions[article.pk]) for article in _whole(versions)))


def rebuild(progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Make the whole index anew, some articles at a time; how many are in it. Readers keep finding what is in it meanwhile."""
    versions = _versions()
    forget(set(SearchEntry.objects.values_list("pk", flat=True)) - versions.keys())
    forget_spelling()
    todo = sorted(versions, reverse=True)  # the newest are asked for most
    learned: set[str] = set()
    for start in range(0, len(todo), AT_ONCE):
        with transaction.atomic():
            # Again, and inside: one of them may have been published or taken down since.
            some = _versions(todo[start : start + AT_ONCE])
            words = _keep((article, some[article.pk]) for article in _whole(some))
            learn_spelling(words - learned)
        learned |= words
        progress(min(start + AT_ONCE, len(todo)), len(todo))
    return len(todo)


def fill_if_empty() -> int:
    """Make the index where there is none though there are articles; how many, 0 if there was nothing to do."""
    if SearchEntry.objects.exists() or not Article.objects.filter(live=True).exists():
        return 0
    return rebuild()


def differences() -> Differences:
    published = _versions()
    wordless = backend().wordless()
    indexed = {pk: n for pk, n in SearchEntry.objects.values_list("pk", "version") if pk not in wordless}
    return Differences(
        missing=frozenset(published.keys() - indexed.keys()),
        surplus=frozenset(indexed.keys() - published.keys()),
        stale=frozenset(pk for pk in published.keys() & indexed.keys() if published[pk] != indexed[pk]),
    )


def _keep(published: Iterable[tuple[Article, int]]) -> set[str]:
    """Write what is found of each article, with the number of its version, in few statements; every word of them."""
    entries: list[SearchEntry] = []
    words: dict[int, Words] = {}
    for article, version in published:
        entry = _entry(article, version)
        summary = " ".join([article.kicker, article.standfirst, article.dateline])
        words[article.pk] = Words(*map(words_of, (article.title, summary, entry.names, entry.opening)))
        entries.append(entry)
    SearchEntry.objects.bulk_create(
        entries,
        update_conflicts=True,
        unique_fields=["article"],
        update_fields=["section_id", "published_s", "version", "names", "opening"],
    )
    backend().put(words)
    return {word for one in words.values() for word in one.all}


def _entry(article: Article, version: int) -> SearchEntry:
    published = article.first_published_at
    return SearchEntry(
        article_id=article.pk,
        section_id=article.section_id or 0,
        published_s=int(published.timestamp()) if published else 0,
        version=version,
        names="\n".join(_names(article)),
        opening="\n".join(_open_texts(article)),
    )


def _versions(among: Iterable[int] | None = None) -> dict[int, int]:
    """Live articles, and the number of the version readers see (0: it was never recorded)."""
    live = Article.objects.filter(live=True)
    recorded = PublishedVersion.objects.all()
    if among is not None:
        among = list(among)
        live, recorded = live.filter(pk__in=among), recorded.filter(article_id__in=among)
    numbers = dict(recorded.values_list("article_id").annotate(Max("number")).order_by())
    return {pk: numbers.get(pk, 0) for pk in live.order_by().values_list("pk", flat=True)}


def _whole(article_ids: Iterable[int]) -> Iterable[Article]:
    bylines = Prefetch("bylines", queryset=Byline.objects.select_related("person"))
    return Article.objects.filter(pk__in=list(article_ids)).prefetch_related("topics", bylines)


def _names(article: Article) -> list[str]:
    people = (line.person.name for line in article.bylines.all())
    return list(dict.fromkeys([*(topic.name for topic in article.topics.all()), *people]))


def _open_texts(article: Article) -> Iterable[str]:
    """What everybody may read, today and later: of a story that may meet the wall its opening, however open it is just now.

    The publisher's rules, the public-interest switch and members' stories change who may read on without a version of the
    article; the index would have to follow each of them, and one that came late would tell what is withheld.
    """
    blocks = article.body if article.always_free else article.opening.blocks
    return [text for block in blocks for text in texts_of(block) if text]
