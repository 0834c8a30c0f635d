"""What search engines are told of an article, in schema.org's words. Only what everyone may read, never the body."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from broadsheet.config import config
from broadsheet.newsroom.renditions import share_rendition

if TYPE_CHECKING:
    from broadsheet.newsroom.models import Article, Byline, Topic

register = template.Library()

# schema.org has a name for some kinds; a program that does not know it still sees a NewsArticle.
KINDS = {
    "analysis": ["NewsArticle", "AnalysisNewsArticle"],
    "opinion": ["NewsArticle", "OpinionNewsArticle"],
    "review": ["NewsArticle", "ReviewNewsArticle"],
    "explainer": ["NewsArticle", "BackgroundNewsArticle"],
}

# Inside <script>, "</script" and "<!--" would end or change the element (HTML standard, §4.12.1.3).
_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def json_ld(context: Context, article: Article, bylines: Iterable[Byline], topics: Iterable[Topic]) -> SafeString:
    """The article as NewsArticle. A data block: browsers never run it, so it passes a policy without inline scripts."""
    text = json.dumps(news_article(context, article, bylines, topics), ensure_ascii=False, separators=(",", ":"))
    return mark_safe(f'<script type="application/ld+json">{text.translate(_ESCAPES)}</script>')  # noqa: S308


def news_article(
    context: Context, article: Article, bylines: Iterable[Byline], topics: Iterable[Topic]
) -> dict[str, Any]:
    base, publication = config().base_url, context["publication"]
    url = context.get("canonical_url") or urljoin(base, article.url)
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": KINDS.get(article.kind, "NewsArticle"),
        "@id": f"{url}#article",
        "url": url,
        "mainEntityOfPage": url,
        "headline": article.headline,
        "description": article.standfirst,
        "inLanguage": publication.language,
        "articleSection": article.section.name if article.section else "",
        "keywords": [topic.name for topic in topics],
        "wordCount": article.words,
        "dateline": article.dateline,
        "isAccessibleForFree": not article.is_metered,
        "author": [
            {
                "@type": "Organization" if byline.person.is_organisation else "Person",
                "name": byline.person.name,
                "url": urljoin(base, byline.person.url),
            }
            for byline in bylines
        ],
        "publisher": {
            "@type": "NewsMediaOrganization",
            "@id": f"{base}/#publication",
            "name": publication.name,
            "url": f"{base}/",
        },
    }
    if article.published_at:
        told["datePublished"] = article.published_at.isoformat(timespec="seconds")
        told["dateModified"] = (article.modified_at or article.published_at).isoformat(timespec="seconds")
    if article.picture:
        told["image"] = _image(article.picture)
    rights = article.rights
    if rights.licence_url:
        told["license"] = rights.licence_url
    if rights.source_url:
        told["isBasedOn"] = rights.source_url
    return {name: value for name, value in told.items() if value not in ("", None, [])}


def _image(picture: Any) -> dict[str, Any]:
    rendition = share_rendition(picture)
    told = {
        "@type": "ImageObject",
        "url": urljoin(config().base_url, rendition.url),
        "width": rendition.width,
        "height": rendition.height,
        "caption": picture.caption,
        "creditText": picture.credit,
    }
    return {name: value for name, value in told.items() if value}
