"""RSS 2.0: the newest stories of the publication, a section, a topic or a person.

A story that is metered is announced by its standfirst only; what is free for everyone is given whole (`content:encoded`).
The `guid` never changes: a story that is corrected or moved is the same story to a reader of feeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import escape
from wagtail.rich_text import expand_db_html

from broadsheet.config import config
from broadsheet.newsroom.models import Article, Person, Picture, Publication, Section, Topic
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.offering import Page, offer
from broadsheet.newsroom.renditions import share_rendition

LENGTH = 30
RSS = "application/rss+xml; charset=utf-8"

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


def newest(request: HttpRequest) -> HttpResponse:
    return _feed(request, "", "/", Article.objects.latest())


def section(request: HttpRequest, section: str) -> HttpResponse:
    found = get_object_or_404(Section.objects.filter(live=True), slug=section)
    return _feed(request, found.name, found.url, Article.objects.in_section(found))


def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    return _feed(request, found.name, found.url, Article.objects.about(found))


def person(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Person, slug=slug)
    return _feed(request, found.name, found.url, Article.objects.by_person(found))


def _feed(request: HttpRequest, name: str, url: str, articles: ArticleQuerySet) -> HttpResponse:
    def draw(verdict: object) -> str:
        return rss(Publication.ours(), name, url, articles.for_feed()[:LENGTH])

    return offer(request, Page("feed", draw, content_type=RSS, takes_tail=False))


def rss(publication: Publication, name: str, url: str, articles: Iterable[Article]) -> str:
    """`name`: of the section, topic or person; empty for the publication itself. `url`: of the page the feed is of."""
    base = config().base_url
    root = Element("rss", {"version": "2.0", **{f"xmlns:{prefix}": uri for prefix, uri in NAMESPACES.items()}})
    channel = SubElement(root, "channel")
    _text(channel, "title", f"{name} · {publication.name}" if name else publication.name)
    _text(channel, "link", base + url)
    _text(channel, "description", publication.description or publication.tagline or publication.name)
    _text(channel, "language", publication.language)
    SubElement(channel, "atom:link", href=f"{base}{url}feed/", rel="self", type="application/rss+xml")
    for article in articles:
        _item(channel, article, base)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _item(channel: Element, article: Article, base: str) -> None:
    item = SubElement(channel, "item")
    _text(item, "title", article.headline)
    _text(item, "link", base + article.url)
    _text(item, "guid", f"{urlsplit(base).netloc}/article/{article.pk}", isPermaLink="false")
    if article.published_at:
        _text(item, "pubDate", format_datetime(article.published_at, usegmt=True))
    if changed := article.modified_at or article.published_at:
        _text(item, "atom:updated", _iso(changed))
    for line in article.bylines.all():
        _text(item, "dc:creator", line.person.name)
    for label in [article.section.name if article.section else "", *(found.name for found in article.topics.all())]:
        _text(item, "category", label)
    _text(item, "description", article.standfirst)
    if article.licence_name:
        _text(item, "dc:rights", f"{article.source_name}, {article.licence_name}".strip(", "))
    if article.picture:
        _picture(item, article.picture, article.picture_caption, base)
    if not article.is_metered and article.always_free:
        _text(item, "content:encoded", _whole(article, base))


def _picture(item: Element, picture: Picture, caption: str, base: str) -> None:
    rendition = share_rendition(picture)
    media = SubElement(
        item,
        "media:content",
        url=base + rendition.url,
        medium="image",
        type="image/jpeg",
        width=str(rendition.width),
        height=str(rendition.height),
    )
    _text(media, "media:description", caption or picture.caption)
    _text(media, "media:credit", picture.credit)


def _whole(article: Article, base: str) -> str:
    """The text of an article that everyone may read, as plain HTML with whole addresses."""
    return "\n".join(filter(None, (_block(block.block_type, block.value) for block in article.body))).replace(
        'href="/', f'href="{base}/'
    )


def _block(kind: str, value: Any) -> str:
    match kind:
        case "paragraph" | "list":
            return expand_db_html(value.source)
        case "subheading":
            return f"<h2>{escape(value)}</h2>"
        case "quote":
            speaker = ", ".join(filter(None, [value["speaker"], value["role"]]))
            return f"<blockquote><p>{escape(value['text'])}</p><p>{escape(speaker)}</p></blockquote>"
        case "fact_box":
            return f"<h3>{escape(value['heading'])}</h3>{expand_db_html(value['text'].source)}"
    return ""


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    """An element, unless it would be empty. Characters that XML cannot hold are left out."""
    if text:
        SubElement(parent, tag, attributes).text = "".join(c for c in text if c >= " " or c in "\t\n\r")
