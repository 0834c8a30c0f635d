"""What search engines are told of a page, in schema.org's words. Only what everyone may read, never the body of a story."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from broadsheet.config import config
from broadsheet.interchange.authors import parts_in
from broadsheet.interchange.share_cards.files import card_url
from broadsheet.newsroom.renditions import FileToShow, renditions_of, share_rendition

if TYPE_CHECKING:
    from broadsheet.newsroom.models import (
        Article,
        Byline,
        Person,
        Picture,
        PlainPage,
        Publication,
        Section,
        Topic,
    )

register = template.Library()

Told = dict[str, Any]

# schema.org has a name for some kinds; a program that does not know it still sees a NewsArticle.
KINDS = {
    "analysis": ["NewsArticle", "AnalysisNewsArticle"],
    "opinion": ["NewsArticle", "OpinionNewsArticle"],
    "review": ["NewsArticle", "ReviewNewsArticle"],
    "explainer": ["NewsArticle", "BackgroundNewsArticle"],
}

# https://developers.google.com/search/docs/appearance/structured-data/article: longer ones may be cut. The page has it whole.
LONGEST_HEADLINE = 110

# The element of the article page that the wall closes; it is in the open page and in the walled one.
METERED_PART = ".prose"

# What a plain page says of how we work, by its slug.
POLICIES = {
    "ethics": ("ethicsPolicy", "publishingPrinciples"),
    "corrections": ("correctionsPolicy",),
    "masthead": ("masthead",),
}

# Inside <script>, "</script" and "<!--" would end or change the element (HTML standard, §4.12.1.3).
_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def json_ld(context: Context, article: Article, bylines: Iterable[Byline], topics: Iterable[Topic]) -> SafeString:
    """An article: the story, and the way to it."""
    trail = [(article.section.name, article.section.url)] if article.section else []
    return _written(
        news_article(context, article, bylines, topics),
        _breadcrumbs(context["publication"], [*trail, (article.headline, article.url)]),
    )


@register.simple_tag(takes_context=True)
def front_json_ld(context: Context) -> SafeString:
    """The front page: who publishes this, and what the site is."""
    publication = context["publication"]
    site = {
        "@type": "WebSite",
        "@id": f"{_base()}/#website",
        "url": f"{_base()}/",
        "name": publication.name,
        "description": publication.description,
        "inLanguage": publication.language,
        "publisher": {"@id": _publisher_id()},
    }
    return _written(_organisation(publication), site)


@register.simple_tag(takes_context=True)
def list_json_ld(context: Context, of: Section | Topic) -> SafeString:
    """A section or a topic: its stories in the order of the page."""
    publication = context["publication"]
    stories = [story for story in [context.get("lead"), *_listed(context)] if story is not None]
    told = {
        "@type": "CollectionPage",
        "@id": f"{_page(context, of.url)}#page",
        "url": _page(context, of.url),
        "name": of.name,
        "description": of.description,
        "inLanguage": publication.language,
        "isPartOf": {"@type": "WebSite", "@id": f"{_base()}/#website", "name": publication.name, "url": f"{_base()}/"},
        "publisher": _publisher(publication),
        "mainEntity": _items(stories),
    }
    return _written(told, _breadcrumbs(publication, [(of.name, of.url)]))


@register.simple_tag(takes_context=True)
def profile_json_ld(context: Context, person: Person) -> SafeString:
    """Somebody's page, with what they wrote."""
    publication = context["publication"]
    address = urljoin(_base(), person.url)
    who: Told = {
        "@type": "Organization" if person.is_organisation else "Person",
        "@id": f"{address}#person",
        "name": person.name,
        "url": address,
        "description": person.bio,
        "jobTitle": "" if person.is_organisation else person.role,
        "sameAs": [person.website] if person.website else [],
    }
    if not person.is_organisation:
        works_for = {"@type": "Organization", "name": person.agency} if person.agency else _publisher(publication)
        who["worksFor"] = works_for
    told = {
        "@type": "ProfilePage",
        "@id": f"{_page(context, person.url)}#page",
        "url": _page(context, person.url),
        "inLanguage": publication.language,
        "mainEntity": _said(who),
        "hasPart": [
            {"@type": "NewsArticle", "headline": _short(story.headline), "url": urljoin(_base(), story.url)}
            for story in _listed(context)
        ],
    }
    return _written(told, _breadcrumbs(publication, [(person.name, person.url)]))


@register.simple_tag(takes_context=True)
def plain_json_ld(context: Context, page: PlainPage) -> SafeString:
    """What the publication says of itself."""
    publication = context["publication"]
    told = {
        "@type": {"about": "AboutPage", "contact": "ContactPage"}.get(page.slug, "WebPage"),
        "@id": f"{urljoin(_base(), page.url)}#page",
        "url": urljoin(_base(), page.url),
        "name": page.title,
        "inLanguage": publication.language,
        "about": {"@id": _publisher_id()},
    }
    return _written(told, _organisation(publication), _breadcrumbs(publication, [(page.title, page.url)]))


def news_article(context: Context, article: Article, bylines: Iterable[Byline], topics: Iterable[Topic]) -> Told:
    publication, parts = context["publication"], parts_in(bylines)
    url = context.get("canonical_url") or urljoin(_base(), article.url)
    is_metered = article.is_metered
    told: Told = {
        "@type": KINDS.get(article.kind, "NewsArticle"),
        "@id": f"{url}#article",
        "url": url,
        "mainEntityOfPage": url,
        "headline": _short(article.headline),
        "alternativeHeadline": article.headline if len(article.headline) > LONGEST_HEADLINE else "",
        "description": article.standfirst,
        "inLanguage": publication.language,
        "articleSection": article.section.name if article.section else "",
        "keywords": [topic.name for topic in topics],
        "wordCount": article.words,
        "dateline": article.dateline,
        "isAccessibleForFree": not is_metered,
        "author": [_person(one) for one in parts.writers] or [_publisher(publication)],
        "translator": [_person(one) for one in parts.translators],
        "editor": [_person(one) for one in parts.editors],
        "contributor": [_person(one) for one in parts.others],
        "publisher": _publisher(publication),
        "image": _images(article, publication),
    }
    if is_metered:
        part = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": METERED_PART}
        told["hasPart"] = part
    if article.published_at:
        told["datePublished"] = _moment(context, article.published_at)
        told["dateModified"] = _moment(context, article.modified_at or article.published_at)
    rights = article.rights
    told["license"] = rights.licence_url
    told["isBasedOn"] = rights.source_url
    if rights.source_name and rights.licence_name:
        told["creditText"] = rights.source_name
    return _said(told)


def _moment(context: Context, moment: Any) -> str:
    """With the offset of the newsroom's clock, as readers see it."""
    return moment.astimezone(context["publication"].time_zone).isoformat(timespec="seconds")


def _images(article: Article, publication: Publication) -> list[Told]:
    """The picture as large as we have it, then its other shapes, then the card."""
    told = _of_picture(article.picture, article.picture_caption) if article.picture else []
    card = card_url(article, publication)
    if card:
        told.append({"@type": "ImageObject", "url": card, "width": 1200, "height": 630})
    return told


def _of_picture(picture: Picture, caption: str) -> list[Told]:
    whole = share_rendition(picture)
    jpegs = [file for name, file in renditions_of(picture).items() if name.endswith("format-jpeg")]
    others = [FileToShow(file.url, file.width, file.height) for file in sorted(jpegs, key=lambda file: -file.width)]
    shapes: dict[float, FileToShow] = {}
    for file in (whole, *others):  # of each shape the first, which is the widest
        shapes.setdefault(round(file.width / max(1, file.height), 1), file)
    return [
        _said(
            {
                "@type": "ImageObject",
                "url": urljoin(_base(), file.url),
                "width": file.width,
                "height": file.height,
                "caption": caption or picture.caption,
                "creditText": picture.credit,
                "copyrightNotice": picture.rights,
            }
        )
        for file in shapes.values()
    ]


def _organisation(publication: Publication) -> Told:
    """Whole: on the front page, and where it speaks of itself."""
    told = _publisher(publication) | {
        "description": publication.description,
        "slogan": publication.tagline,
        "email": publication.contact,
        "telephone": publication.telephone,
        "sameAs": [link["url"] for link in publication.social if link["url"].startswith("http")],
    }
    for page in publication.plain_pages:
        for name in POLICIES.get(page.slug, ()):
            told[name] = urljoin(_base(), page.url)
    return _said(told)


def _publisher(publication: Publication) -> Told:
    logo = _logo(publication)
    return _said(
        {
            "@type": "NewsMediaOrganization",
            "@id": _publisher_id(),
            "name": publication.name,
            "url": f"{_base()}/",
            "logo": {"@type": "ImageObject", "url": logo} if logo else "",
        }
    )


def _logo(publication: Publication) -> str:
    found = share_rendition(publication.logo).url if publication.logo else publication.icon_url
    return urljoin(_base(), found) if found else ""


def _person(person: Person) -> Told:
    return {
        "@type": "Organization" if person.is_organisation else "Person",
        "name": person.name,
        "url": urljoin(_base(), person.url),
    }


def _items(stories: Iterable[Article]) -> Told:
    """Addresses only, as lists of pages are told (https://developers.google.com/search/docs, “Carousel”, summary page)."""
    return {
        "@type": "ItemList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "url": urljoin(_base(), story.url)}
            for place, story in enumerate(stories, 1)
        ],
    }


def _breadcrumbs(publication: Publication, trail: list[tuple[str, str]]) -> Told:
    steps = [(gettext("Front page"), "/"), *trail]
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": urljoin(_base(), path)}
            for place, (name, path) in enumerate(steps, 1)
        ],
    }


def _listed(context: Context) -> list[Article]:
    return list(context.get("articles") or ())


def _page(context: Context, path: str) -> str:
    return context.get("canonical_url") or urljoin(_base(), path)


def _base() -> str:
    return config().base_url


def _publisher_id() -> str:
    return f"{_base()}/#publication"


def _short(headline: str) -> str:
    if len(headline) <= LONGEST_HEADLINE:
        return headline
    cut = headline[: LONGEST_HEADLINE - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:–—") + "…"


def _said(told: Told) -> Told:
    return {name: value for name, value in told.items() if value not in ("", None, [])}


def _written(*told: Told) -> SafeString:
    """One element each. Data blocks: browsers never run them, so they pass a policy without inline scripts."""
    elements = []
    for one in told:
        whole = {"@context": "https://schema.org", **_said(one)}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
        elements.append(f'<script type="application/ld+json">{text}</script>')
    return mark_safe("\n".join(elements))  # noqa: S308
