"""Addresses of our pages: short, and cheap to make. One publication per installation, so no site has to be looked up."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.http import HttpRequest
from wagtail.query import PageQuerySet

from broadsheet.config import config

# Names in our address space: no section may be called one of these, now or later.
RESERVED_SLUGS = frozenset(
    "feed feed.atom feed.json topics people search register login logout account donate alerts corrections about privacy"
    " masthead admin static media hooks healthz readyz sitemap.xml news-sitemap.xml sitemap robots.txt robots page documents"
    " history comments newsletter newsletters subscribe giving api api-v3 oembed embed embeds preview draft archive latest"
    " contact imprint terms cookies reads gift favicon.ico manifest.webmanifest trust.txt license.xml well-known .well-known"
    " accounts appeals pay pages images files dress assets passkeys sessions live today".split()
)


# Columns of Wagtail's page that the admin needs and no reader sees. Left out, a page is read in half the time.
FURNITURE = (
    "alias_of",
    "content_type",
    "depth",
    "draft_title",
    "expire_at",
    "expired",
    "go_live_at",
    "has_unpublished_changes",
    "last_published_at",
    "latest_revision",
    "latest_revision_created_at",
    "live_revision",
    "locale",
    "locked",
    "locked_at",
    "locked_by",
    "numchild",
    "owner",
    "search_description",
    "seo_title",
    "show_in_menus",
    "translation_key",
)


class FewQuerySet(PageQuerySet):
    """Of a kind of page there are few of, among the many of the tree."""

    def as_they_stand(self) -> Self:
        """The published ones, in the order of the tree."""
        # Their own table first. SQLite takes all tables to be of one size unless told, and would read every page of the tree
        # for the sake of its order: at fifty thousand articles half of what a page takes to be made.
        few = self.model._base_manager.values("pk")
        return self.filter(live=True, pk__in=few).order_by("path").defer(*FURNITURE)


def address_in_tree(url_path: str) -> str:
    """The address of a page from where it hangs in the tree: everything below the front page.

    >>> address_in_tree("/front/europe/a-headline/")
    '/europe/a-headline/'
    """
    return "/" + url_path.split("/", 2)[2]


class Addressed(models.Model):
    """For pages of the tree. Wagtail asks these methods wherever it shows or links a page."""

    url_path: str

    class Meta:
        abstract = True

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str]:
        return (1, config().base_url, self.get_url())

    def get_url(self, request: HttpRequest | None = None, current_site: Any = None) -> str:
        return address_in_tree(self.url_path)

    def get_full_url(self, request: HttpRequest | None = None) -> str:
        return config().base_url + self.get_url()

    def relative_url(self, current_site: Any, request: HttpRequest | None = None) -> str:
        return self.get_url()

    @property
    def url(self) -> str:
        return self.get_url()

    @property
    def full_url(self) -> str:
        return self.get_full_url()
