"""Addresses of the newsroom's pages. `path` ends them all with a slash; Django's redirect adds a missing one."""

from django.urls import path, re_path

from broadsheet.newsroom import views
from broadsheet.newsroom.searching.view import search

urlpatterns = [
    path("", views.front, name="front"),
    path("search/", search, name="search"),
    re_path(r"^dress/(?P<mark>[0-9a-f]{12})\.css$", views.dress, name="dress"),
    re_path(r"^topics/(?P<slug>[-\w]+)/$", views.topic, name="topic"),
    re_path(r"^topics/(?P<slug>[-\w]+)/page/(?P<number>[0-9]{1,6})/$", views.topic),
    re_path(r"^people/(?P<slug>[-\w]+)/$", views.person, name="person"),
    re_path(r"^people/(?P<slug>[-\w]+)/page/(?P<number>[0-9]{1,6})/$", views.person),
    re_path(r"^(?P<section>[-\w]+)/$", views.section, name="section"),
    re_path(r"^(?P<section>[-\w]+)/page/(?P<number>[0-9]{1,6})/$", views.section),
    re_path(r"^(?P<section>[-\w]+)/(?P<slug>[-\w]+)/$", views.article, name="article"),
    # Wagtail asks for this name when it makes addresses.
    re_path(r"^((?:[\w\-]+/)*)$", views.serve, name="wagtail_serve"),
]
