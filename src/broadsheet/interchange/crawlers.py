"""What is told to programs before they look around: where they may go, and whom to tell of a hole."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse

from broadsheet import clock
from broadsheet.config import config
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.offering import Page, offer

TEXT = "text/plain; charset=utf-8"

# Nothing a search engine could show, or nothing two readers see alike. An account is closed by asking who comes.
CLOSED = ("/accounts/", "/admin/", "/documents/", "/login/", "/logout/", "/register/", "/search/")

# RFC 9116, 2.5.5: less than a year ahead. It is told anew each month, so that it never runs out while we are here.
EXPIRES_AFTER = timedelta(days=180)
TOLD_ANEW_AFTER = timedelta(days=30)


def robots(request: HttpRequest) -> HttpResponse:
    def draw(verdict: object) -> str:
        base = config().base_url
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), ""]
        lines += [f"Sitemap: {base}/sitemap.xml", f"Sitemap: {base}/news-sitemap.xml"]
        return "\n".join(lines) + "\n"

    return offer(request, Page("robots", draw, content_type=TEXT, takes_tail=False))


def security(request: HttpRequest) -> HttpResponse:
    """RFC 9116. Without an address to write to there is nothing to say."""
    publication = Publication.ours()
    if not publication.contact:
        raise Http404
    now = clock.now()
    tags.note_until(now + TOLD_ANEW_AFTER)

    def draw(verdict: object) -> str:
        lines = [
            f"Contact: mailto:{publication.contact}",
            f"Expires: {(now + EXPIRES_AFTER):%Y-%m-%dT%H:%M:%SZ}",
            f"Preferred-Languages: {publication.language}",
            f"Canonical: {config().base_url}/.well-known/security.txt",
        ]
        return "\n".join(lines) + "\n"

    return offer(request, Page("security", draw, content_type=TEXT, takes_tail=False))
