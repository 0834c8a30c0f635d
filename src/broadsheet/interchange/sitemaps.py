"""Which addresses there are, for search engines: an index, a sitemap for every month and one of all that is no story, the news.

`lastmod` is the editorial date, not that of a comma: engines that were told otherwise soon believe none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.db.models import CharField, Count, DateTimeField, Func, Max, Q
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse

from broadsheet import clock
from broadsheet.config import config
from broadsheet.interchange.feeds.entries import characters_of_xml
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article, Person, PlainPage, Publication, Section, Topic
from broadsheet.newsroom.models.addresses import address_in_tree
from broadsheet.newsroom.offering import Page, offer

MOST_ADDRESSES = 50_000  # of one file: https://www.sitemaps.org/protocol.html
MOST_NEWS = 1_000  # of a news sitemap, which holds two days: https://developers.google.com/search/docs, “News sitemaps”
NEWS_FOR = timedelta(days=2)

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
XML = "application/xml; charset=utf-8"

_CHANGED = Coalesce("modified_at", "first_published_at", output_field=DateTimeField())


def index(request: HttpRequest) -> HttpResponse:
    return _offer(request, _index)


def month(request: HttpRequest, year: str, month: str, part: str = "1") -> HttpResponse:
    """The stories first published in a month (UTC); `part` counts files of MOST_ADDRESSES."""
    opens = _first_of_month(int(year), int(month))
    first = (int(part) - 1) * MOST_ADDRESSES
    stories = Article.objects.latest().filter(first_published_at__gte=opens, first_published_at__lt=_next_month(opens))
    # Oldest first, so that a story stays in its file when others follow.
    stories = stories.order_by("first_published_at", "pk")[first : first + MOST_ADDRESSES] if first >= 0 else None
    if stories is None or not stories.exists():
        raise Http404

    def draw() -> str:
        rows = stories.annotate(changed=_CHANGED).values_list("url_path", "changed")
        return _urlset((address_in_tree(url_path), changed) for url_path, changed in rows)

    return _offer(request, draw)


def pages(request: HttpRequest) -> HttpResponse:
    return _offer(request, _pages)


def news(request: HttpRequest) -> HttpResponse:
    return _offer(request, _news)


def _offer(request: HttpRequest, draw: object) -> HttpResponse:
    return offer(request, Page("sitemap", lambda verdict: draw(), content_type=XML, takes_tail=False))  # type: ignore[operator]


class _Month(Func):
    """`2026-11` of a moment, in UTC. Django's own is a function in Python where the database is SQLite: a call for each row."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **options: Any) -> Any:
        return self.as_sql(compiler, connection, template="substr(%(expressions)s, 1, 7)")

    def as_postgresql(self, compiler: Any, connection: Any, **options: Any) -> Any:
        return self.as_sql(compiler, connection, template="to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM')")


def _index() -> str:
    """Once after each publication; counted by the database, as reading fifty thousand dates takes four times as long."""
    root = Element("sitemapindex", xmlns=SITEMAP)
    months = list(
        Article.objects.latest()
        .filter(first_published_at__isnull=False)
        .values(month=_Month("first_published_at"))
        .annotate(stories=Count("pk"), changed=Max(_CHANGED))
        .order_by("-month")
        .values_list("month", "stories", "changed")
    )
    _entry(root, "sitemap", "/sitemap/pages.xml", max((changed for _, _, changed in months), default=None))
    for name, count, changed in months:
        for part in range(1, -(-count // MOST_ADDRESSES) + 1):
            # Of all its parts: which of them changed, only reading every date could tell.
            _entry(root, "sitemap", f"/sitemap/{name}.xml" if part == 1 else f"/sitemap/{name}-{part}.xml", changed)
    return _written(root)


def _pages() -> str:
    """The front, the sections, what the publication says of itself, and the topics and people that have stories."""
    of_stories = Coalesce("articles__modified_at", "articles__first_published_at", output_field=DateTimeField())
    live = Q(articles__live=True)
    sections = Section.objects.in_order().annotate(changed=Max(of_stories, filter=live))
    topics = Topic.objects.filter(live).annotate(changed=Max(of_stories)).order_by("pk")
    of_bylines = Coalesce(
        "bylines__article__modified_at", "bylines__article__first_published_at", output_field=DateTimeField()
    )
    people = Person.objects.filter(bylines__article__live=True).annotate(changed=Max(of_bylines)).order_by("pk")
    newest = Article.objects.latest().aggregate(newest=Max(_CHANGED))["newest"]
    found: list[tuple[str, datetime | None]] = [("/", newest)]
    found += [(section.url, section.changed) for section in sections]
    found += [(page.url, page.last_published_at) for page in PlainPage.objects.in_order()]
    found += [(one.url, one.changed) for kind in (topics, people) for one in kind[: (MOST_ADDRESSES - 1_000) // 2]]
    return _urlset(found)


def _news() -> str:
    """What was published in the last two days. It reads differently when the oldest of them is two days old."""
    publication, now = Publication.ours(), clock.now()
    stories = Article.objects.latest().filter(first_published_at__gt=now - NEWS_FOR)
    rows = list(stories.values_list("url_path", "title", "first_published_at")[:MOST_NEWS])
    root = Element("urlset", {"xmlns": SITEMAP, "xmlns:news": NEWS})
    for url_path, headline, published in rows:
        url = SubElement(root, "url")
        SubElement(url, "loc").text = config().base_url + address_in_tree(url_path)
        of_news = SubElement(url, "news:news")
        by = SubElement(of_news, "news:publication")
        SubElement(by, "news:name").text = characters_of_xml(publication.name)
        SubElement(by, "news:language").text = news_language(publication.language)
        SubElement(of_news, "news:publication_date").text = published.isoformat(timespec="seconds")
        SubElement(of_news, "news:title").text = characters_of_xml(headline)
    tags.note_until(rows[-1][2] + NEWS_FOR if rows else None)
    return _written(root)


def news_language(language: str) -> str:
    """Two letters, three where there are no two; for Chinese alone the script: the schema of news sitemaps.

    >>> news_language("pt-BR"), news_language("zh-Hant"), news_language("zh")
    ('pt', 'zh-tw', 'zh-cn')
    """
    tag = language.lower()
    if tag.startswith("zh"):
        return "zh-tw" if "hant" in tag or tag.endswith(("-tw", "-hk", "-mo")) else "zh-cn"
    return tag.partition("-")[0]


def _urlset(addresses: Iterable[tuple[str, datetime | None]]) -> str:
    root = Element("urlset", xmlns=SITEMAP)
    for path, changed in addresses:
        _entry(root, "url", path, changed)
    return _written(root)


def _entry(root: Element, kind: str, path: str, changed: datetime | None) -> None:
    entry = SubElement(root, kind)
    SubElement(entry, "loc").text = config().base_url + path
    if changed:
        SubElement(entry, "lastmod").text = changed.isoformat(timespec="seconds")


def _written(root: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _first_of_month(year: int, month: int) -> datetime:
    try:
        return datetime(year, month, 1, tzinfo=UTC)
    except ValueError as fault:
        raise Http404 from fault


def _next_month(opens: datetime) -> datetime:
    # 9999 is a year of dates that are never published.
    return datetime(min(opens.year + opens.month // 12, 9999), opens.month % 12 + 1, 1, tzinfo=UTC)
