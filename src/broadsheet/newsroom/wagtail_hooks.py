"""What the newsroom adds to Wagtail's admin."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import ResolverMatch, URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.actions.registry import ActionRegistry
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.ui.tables.pages import PageStatusColumn, PageTitleColumn
from wagtail.admin.viewsets.pages import PageListingViewSet
from wagtail.models import Page
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from broadsheet.newsroom import doors, picture_desk
from broadsheet.newsroom import front_hooks as front_hooks  # Wagtail finds hooks through this file only
from broadsheet.newsroom.models import Article, Person, Topic


@hooks.register("register_admin_viewset")
def page_doors() -> list[Any]:
    return [
        doors.ArticleDoors("article_doors"),
        doors.SectionDoors("section_doors"),
        doors.PlainPageDoors("plain_page_doors"),
        doors.FrontPageDoors("front_page_doors"),
        Articles("articles"),
    ]


# After Wagtail's own, which these replace: a bulk action is known by its name.
for _action in (
    doors.PublishInActBulkAction,
    doors.UnpublishInActBulkAction,
    doors.DeleteInActBulkAction,
    doors.MoveInActBulkAction,
):
    hooks.register("register_bulk_action", _action, order=100)


@hooks.register("register_actions", order=100)
def actions(registry: ActionRegistry) -> None:
    for model in (Page, Article):
        registry.register(model, doors.PublishInAct)
        registry.register(model, doors.UnpublishInAct)


class Articles(PageListingViewSet):
    """All stories in one list, the newest work first: nobody looks for theirs in a tree."""

    model = Article
    icon = "doc-full"
    menu_label = _("Articles")
    menu_name = "articles"
    menu_order = 90
    add_to_admin_menu = True
    columns = [
        PageTitleColumn("title", label=_("Headline"), sort_key="title"),
        Column("section", label=_("Section"), accessor="section", sort_key="section__title"),
        DateColumn("first_published_at", label=_("Published"), sort_key="first_published_at", width="12%"),
        DateColumn(
            "latest_revision_created_at", label=_("Worked on"), sort_key="latest_revision_created_at", width="12%"
        ),
        PageStatusColumn("status", label=_("Status"), sort_key="live", width="12%"),
    ]
    list_filter = ["section", "kind", "live", "always_free", "members_only"]


class People(SnippetViewSet):
    model = Person
    icon = "user"
    menu_label = _("People")
    menu_name = "people"
    list_display = ["name", "role", "agency"]
    search_fields = ["name", "role", "agency"]
    copy_view_enabled = False


class Topics(SnippetViewSet):
    model = Topic
    icon = "tag"
    menu_label = _("Topics")
    menu_name = "topics"
    list_display = ["name", "slug"]
    search_fields = ["name"]
    copy_view_enabled = False


class Reference(SnippetViewSetGroup):
    """People and topics beside the articles in the menu, not under “snippets”: no editor says that."""

    items = (People, Topics)
    menu_label = _("People & topics")
    menu_name = "people-topics"
    menu_icon = "group"
    menu_order = 95


register_snippet(Reference)


@hooks.register("construct_main_menu")
def plain_words(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """Wagtail's words for its own furniture, in ours."""
    for item in menu_items:
        if item.name == "explorer":
            item.label = _("Sections")
        elif item.name == "images":
            item.label = _("Pictures")
        elif item.name == "documents":
            item.label = _("Files")


@hooks.register("construct_main_menu")
def light_articles(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """Wagtail lights the item whose address is the longest beginning of the page's; an article's are below the sections'.

    An item that nobody sees (admin.css) has the article's; its name begins with that of the list, which is lit with it.
    """
    if _is_of_an_article(request.resolver_match):
        menu_items.append(MenuItem("", request.path, name="articles.open", classname="articles-open"))


def _is_of_an_article(page: ResolverMatch | None) -> bool:
    if page is None or "wagtailadmin_pages" not in page.namespaces:
        return False
    if page.kwargs.get("content_type_model_name") == "article":  # a new one
        return True
    return "page_id" in page.kwargs and Article.objects.filter(pk=page.kwargs["page_id"]).exists()


@hooks.register("register_admin_urls")
def picture_urls() -> list[URLPattern]:
    return picture_desk.urlpatterns


@hooks.register("insert_global_admin_css")
def admin_css() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("newsroom/admin.css"))


@hooks.register("construct_settings_menu")
def one_publication(request: HttpRequest, menu_items: list[MenuItem]) -> None:
    """There is one site to an installation. Wagtail's pages link to its list of sites, so it is there, but not in the menu."""
    menu_items[:] = [item for item in menu_items if item.name != "sites"]
