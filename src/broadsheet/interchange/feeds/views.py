"""The addresses of feeds: below the page that each is of, `feed/` (RSS), `feed.atom` and `feed.json`."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from broadsheet.interchange.feeds.atom import atom
from broadsheet.interchange.feeds.entries import ATOM, ENDINGS, JSON, RSS, Feed, feed_of
from broadsheet.interchange.feeds.json_feed import json_feed
from broadsheet.interchange.feeds.rss import rss
from broadsheet.newsroom.models import Article, Person, Publication, Section, Topic
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.offering import Page, offer

LENGTH = 30

FORMATS: dict[str, Callable[[Feed], str]] = {RSS: rss, ATOM: atom, JSON: json_feed}


def newest(request: HttpRequest, ending: str) -> HttpResponse:
    return _feed(request, ending, "", "/", Article.objects.latest())


def section(request: HttpRequest, section: str, ending: str) -> HttpResponse:
    found = get_object_or_404(Section.objects.filter(live=True), slug=section)
    return _feed(request, ending, found.name, found.url, Article.objects.in_section(found))


def topic(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    return _feed(request, ending, found.name, found.url, Article.objects.about(found))


def person(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    found = get_object_or_404(Person, slug=slug)
    return _feed(request, ending, found.name, found.url, Article.objects.by_person(found))


def _feed(request: HttpRequest, ending: str, name: str, path: str, articles: ArticleQuerySet) -> HttpResponse:
    media_type = next(kind for kind, end in ENDINGS.items() if end == ending)

    def draw(verdict: object) -> str:
        # First which, then whole: sorting all of a section with their bodies takes ten times as long.
        newest = Article.objects.published().for_feed().filter(pk__in=articles.newest_ids(LENGTH))
        return FORMATS[media_type](feed_of(Publication.ours(), name, path, newest))

    return offer(request, Page("feed", draw, content_type=f"{media_type}; charset=utf-8", takes_tail=False))
