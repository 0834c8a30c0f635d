"""Every address of the site, in the order they are tried. Articles come last: theirs may be anything."""

from django.urls import include, path, re_path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from broadsheet.interchange import feeds, sitemaps

urlpatterns = [
    path("", include("broadsheet.readers.urls")),
    path("", include("broadsheet.staff.urls")),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("robots.txt", sitemaps.robots),
    path("sitemap.xml", sitemaps.sitemap),
    path("feed/", feeds.newest),
    re_path(r"^topics/(?P<slug>[-\w]+)/feed/$", feeds.topic),
    re_path(r"^people/(?P<slug>[-\w]+)/feed/$", feeds.person),
    re_path(r"^(?P<section>[-\w]+)/feed/$", feeds.section),
    path("", include("broadsheet.newsroom.urls")),
]

handler403 = "broadsheet.newsroom.views.forbidden"
handler404 = "broadsheet.newsroom.views.not_found"
handler500 = "broadsheet.newsroom.views.failed"
