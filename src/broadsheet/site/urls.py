"""Every address of the site, in the order they are tried. Articles come last: theirs may be anything."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from broadsheet.interchange import feeds, sitemaps


def ready(request: HttpRequest) -> HttpResponse:
    """For whoever balances load: the site answers, and so does its database."""
    from broadsheet.newsroom.models import FrontPage

    FrontPage.objects.exists()
    return HttpResponse("ready\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


urlpatterns = [
    path("", include("broadsheet.readers.urls")),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("readyz", ready),
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
