"""What crawlers are told: where they may go, and which addresses there are."""

from __future__ import annotations

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpRequest, HttpResponse

from broadsheet.config import config
from broadsheet.newsroom.models import Article, Section
from broadsheet.newsroom.offering import Page, offer

MOST_ADDRESSES = 50_000  # https://www.sitemaps.org/protocol.html

ROBOTS = """User-agent: *
Disallow: /admin/
Disallow: /account/
Disallow: /login/
Disallow: /register/
Disallow: /search/

Sitemap: {base}/sitemap.xml
"""


def robots(request: HttpRequest) -> HttpResponse:
    def draw(verdict: object) -> str:
        return ROBOTS.format(base=config().base_url)

    return offer(request, Page("robots", draw, content_type="text/plain; charset=utf-8", takes_tail=False))


def sitemap(request: HttpRequest) -> HttpResponse:
    return offer(
        request,
        Page("sitemap", lambda verdict: _sitemap(), content_type="application/xml; charset=utf-8", takes_tail=False),
    )


def _sitemap() -> str:
    """The front, the sections and the newest articles; `lastmod` is the editorial date, not that of a comma."""
    root = Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    _url(root, "/", None)
    for section in Section.objects.in_order():
        _url(root, section.url, None)
    rows = Article.objects.latest().values_list("url_path", "modified_at", "first_published_at")
    for article_path, modified_at, published_at in rows[: MOST_ADDRESSES - 100]:
        _url(root, "/" + article_path.split("/", 2)[2], modified_at or published_at)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _url(root: Element, path: str, changed: datetime | None) -> None:
    url = SubElement(root, "url")
    SubElement(url, "loc").text = config().base_url + path
    if changed:
        SubElement(url, "lastmod").text = changed.isoformat(timespec="seconds")
