"""Every address of the site, in the order they are tried. Articles come last: theirs may be anything."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    path("", include("broadsheet.readers.urls")),  # before the admin: it takes the place of its sign-in pages
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
]
