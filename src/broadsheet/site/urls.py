"""Every address of the site, in the order they are tried. Articles come last: theirs may be anything."""

from django.urls import include, path, re_path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from broadsheet.interchange import crawlers, sitemaps
from broadsheet.interchange.feeds import views as feeds
from broadsheet.newsroom.handing_out import hand_out

FEED = r"(?P<ending>feed/|feed\.atom|feed\.json)$"

urlpatterns = [
    path("", include("broadsheet.readers.urls")),
    path("", include("broadsheet.staff.urls")),
    path("", include("broadsheet.giving.urls")),
    path("admin/", include(wagtailadmin_urls)),
    re_path(r"^documents/([0-9]+)/(.+)$", hand_out),
    path("documents/", include(wagtaildocs_urls)),
    path("robots.txt", crawlers.robots),
    path(".well-known/security.txt", crawlers.security),
    path("sitemap.xml", sitemaps.index),
    path("sitemap/pages.xml", sitemaps.pages),
    re_path(r"^sitemap/(?P<year>[0-9]{4})-(?P<month>[0-9]{2})\.xml$", sitemaps.month),
    re_path(r"^sitemap/(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<part>[2-9]|[1-9][0-9]+)\.xml$", sitemaps.month),
    path("news-sitemap.xml", sitemaps.news),
    re_path(rf"^{FEED}", feeds.newest),
    re_path(rf"^topics/(?P<slug>[-\w]+)/{FEED}", feeds.topic),
    re_path(rf"^people/(?P<slug>[-\w]+)/{FEED}", feeds.person),
    re_path(rf"^(?P<section>[-\w]+)/{FEED}", feeds.section),
    path("", include("broadsheet.newsroom.urls")),
]

handler403 = "broadsheet.newsroom.views.forbidden"
handler404 = "broadsheet.newsroom.views.not_found"
handler500 = "broadsheet.newsroom.views.failed"
