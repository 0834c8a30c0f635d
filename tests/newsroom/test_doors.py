"""Every way Wagtail has into a live page is known here. A door that a new version adds fails these tests until somebody has
looked at it and said which of these it is:

    LED      it leads through the act (and `test_admin.py` or `test_publishing.py` goes through it)
    SHUT     it is refused
    HARMLESS it changes nothing a reader can see
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver
from wagtail import actions as wagtail_actions
from wagtail.actions.base import BaseAction
from wagtail.actions.convert_alias import ConvertAliasPageAction
from wagtail.actions.copy_page import CopyPageAction
from wagtail.actions.create_alias import CreatePageAliasAction
from wagtail.actions.move_page import MovePageAction
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.actions.publish_revision import PublishRevisionAction
from wagtail.actions.registry import action_registry
from wagtail.actions.unpublish_page import UnpublishPageAction
from wagtail.admin.views.bulk_action.registry import bulk_action_registry
from wagtail.admin.viewsets.pages import page_viewset_registry
from wagtail.models import Page

from broadsheet.newsroom import doors, guard
from broadsheet.newsroom.models import Article, FrontPage, PlainPage, Section
from tests.factories import a_draft, a_section, an_article

LED, SHUT, HARMLESS = "led", "shut", "harmless"

PAGE_VIEWS = {
    "add": LED,
    "edit": LED,
    "unpublish": LED,
    "delete": LED,
    "move_confirm": LED,
    "copy": LED,
    "workflow_action": LED,
    "collect_workflow_action_data": LED,
    "revisions_revert": HARMLESS,  # fills the editor's form; publishing it is the edit view's
    "revisions_unschedule": HARMLESS,  # what is live stays
    "set_page_position": HARMLESS,  # stories stand by date; the menu's order is purged (test_purge.py)
    "convert_alias": SHUT,
    "set_privacy": SHUT,
    **dict.fromkeys(
        [
            "add_subpage", "choose_parent", "confirm_workflow_cancellation", "content_type_use", "content_type_use_results",
            "history", "history_results", "index", "index_results", "lock", "move", "preview_on_add", "preview_on_edit",
            "revisions_compare", "revisions_view", "search", "search_results", "unlock", "usage", "view_draft",
            "workflow_history", "workflow_history_detail", "workflow_preview",
        ],
        HARMLESS,
    ),
}  # fmt: skip

OUR_VIEWS = {
    "add_view_class": doors.ArticleCreateView,
    "edit_view_class": doors.ArticleEditView,
    "unpublish_view_class": doors.UnpublishInActView,
    "delete_view_class": doors.DeleteInActView,
    "move_confirm_view_class": doors.MoveInActView,
    "copy_view_class": doors.CopyAsDraftView,
    "workflow_action_view_class": doors.WorkflowInActView,
    "collect_workflow_action_data_view_class": doors.WorkflowDataInActView,
    "set_privacy_view_class": doors.ShutPrivacyView,
    "convert_alias_view_class": doors.ShutAliasView,
}

BULK_ACTIONS = {
    "publish": doors.PublishInActBulkAction,
    "unpublish": doors.UnpublishInActBulkAction,
    "delete": doors.DeleteInActBulkAction,
    "move": doors.MoveInActBulkAction,
}

ACTIONS = {
    "ConvertAliasPageAction": SHUT,
    "CopyForTranslationAction": HARMLESS,  # a draft; as an alias it is refused
    "CopyPageAction": SHUT,  # live; as a draft it goes
    "CopyPageForTranslationAction": HARMLESS,
    "CreateAction": HARMLESS,  # drafts; publishing goes through Revision.publish
    "CreatePageAction": HARMLESS,
    "CreatePageAliasAction": SHUT,
    "DeleteAction": LED,
    "DeletePageAction": LED,
    "EditAction": HARMLESS,
    "EditPageAction": HARMLESS,
    "MovePageAction": SHUT,  # unless an act is under way
    "PublishPageRevisionAction": SHUT,
    "PublishRevisionAction": SHUT,
    "RevertToPageRevisionAction": HARMLESS,  # makes a revision
    "RevertToRevisionAction": HARMLESS,
    "UnpublishAction": SHUT,
    "UnpublishPageAction": SHUT,
}

COMMANDS = {
    "publish_scheduled": LED,
    "publish_scheduled_pages": LED,
    "move_pages": SHUT,  # for live stories
    "wagtail_update_image_renditions": HARMLESS,
    "api_tokens": HARMLESS,
    "convert_mariadb_uuids": HARMLESS,
    "create_log_entries_from_revisions": HARMLESS,
    "fixtree": HARMLESS,
    "import_redirects": HARMLESS,
    "purge_embeds": HARMLESS,
    "purge_revisions": HARMLESS,  # of working memory; the record is not made of revisions
    "rebuild_references_index": HARMLESS,
    "searchpromotions_garbage_collect": HARMLESS,
    "set_url_paths": HARMLESS,  # computes what is there
    "show_references_index": HARMLESS,
    "enable_fuzzystrmatch": HARMLESS,
    "enable_trigram": HARMLESS,
    "enable_unaccent": HARMLESS,
    "update_index": HARMLESS,
    "wagtail_update_index": HARMLESS,
}


@pytest.mark.django_db
def test_every_view_of_a_page_is_known() -> None:
    _patterns(get_resolver())  # viewsets are registered with their addresses
    viewset = page_viewset_registry.get(Article())
    assert set(viewset.views) == set(PAGE_VIEWS)


@pytest.mark.django_db
def test_the_views_that_change_a_live_page_are_ours() -> None:
    _patterns(get_resolver())
    for model in (Article, PlainPage, Section, FrontPage):
        viewset = page_viewset_registry.get(model())
        for name, view in OUR_VIEWS.items():
            if name in ("add_view_class", "edit_view_class") and model not in (Article, PlainPage):
                continue
            assert getattr(viewset, name) is view, (model, name)


def test_every_address_that_names_a_page_belongs_to_a_view_that_is_known() -> None:
    """Addresses of the admin with a page's id in them."""
    listings = {"type_use", "type_use_results", "revisions_index"}
    listings |= {"wagtailadmin_explore", "wagtailadmin_explore_root", "wagtailadmin_explore_results"}
    names = {
        pattern.name
        for prefix, pattern in _patterns(get_resolver())
        if prefix.startswith("admin/pages/") and isinstance(pattern, URLPattern)
    }
    assert names <= set(PAGE_VIEWS) | listings


def _patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in resolver.url_patterns:
        at = prefix + str(entry.pattern)
        found += _patterns(entry, at) if isinstance(entry, URLResolver) else [(at, entry)]
    return found


def test_no_api_is_mounted() -> None:
    routes = [route for route, _ in _patterns(get_resolver())]
    assert not [route for route in routes if route.startswith("api") or "/api/v" in route]


def test_every_bulk_action_is_ours() -> None:
    registered = bulk_action_registry.get_bulk_actions_for_model("wagtailcore", "page")
    assert {action.action_type: action for action in registered} == BULK_ACTIONS


def test_every_action_is_known() -> None:
    found = set()
    for module in pkgutil.iter_modules(wagtail_actions.__path__):
        members = vars(importlib.import_module(f"wagtail.actions.{module.name}")).values()
        found |= {
            member.__name__
            for member in members
            if inspect.isclass(member) and issubclass(member, BaseAction) and member is not BaseAction
        }
    assert found == set(ACTIONS)


def test_the_actions_an_api_would_call_are_ours() -> None:
    for model in (Page, Article):
        registered = action_registry.get_actions_for_model(model)
        assert registered["publish"] is doors.PublishInAct
        assert registered["unpublish"] is doors.UnpublishInAct
        others = {action.__name__ for name, action in registered.items() if name not in ("publish", "unpublish")}
        assert others <= set(ACTIONS)


def test_every_management_command_is_known_and_the_scheduler_is_ours() -> None:
    commands = get_commands()
    wagtails = {name for name, app in commands.items() if app.startswith("wagtail")}
    assert wagtails <= set(COMMANDS)
    assert commands["publish_scheduled"] == "broadsheet.newsroom"
    assert commands["publish_scheduled_pages"] == "broadsheet.newsroom"


# ── what is shut stays shut


@pytest.mark.django_db
@pytest.mark.parametrize(
    "open_door",
    [
        lambda article: CreatePageAliasAction(article, update_slug="twin").execute(),
        lambda article: article.create_alias(update_slug="twin"),
        lambda article: CopyPageAction(article, update_attrs={"slug": "twin"}, keep_live=True).execute(),
        lambda article: MovePageAction(article, a_section(), pos="last-child").execute(),
        lambda article: MovePageAction(Page.objects.get(pk=article.pk), a_section(), pos="last-child").execute(),
        lambda article: UnpublishPageAction(article).execute(),
        lambda article: UnpublishPageAction(Page.objects.get(pk=article.pk)).execute(),
        lambda article: a_section().add_child(instance=Article(title="Live at once", live=True)),
        lambda article: Article.objects.filter(pk=article.pk).update(live=False),
    ],
)
def test_a_shut_door_changes_nothing(open_door: Any) -> None:
    article = an_article()
    with pytest.raises(guard.UnrecordedChange):
        open_door(article)
    kept = Article.objects.get(pk=article.pk)
    assert (kept.live, kept.url) == (True, article.url)
    assert Article.objects.filter(live=True).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("action", [PublishPageRevisionAction, PublishRevisionAction])
def test_wagtails_own_publishing_is_refused_without_the_act(action: type[BaseAction]) -> None:
    draft = a_draft()
    with pytest.raises(guard.UnrecordedChange):
        action(draft.save_revision()).execute()
    assert not Article.objects.get(pk=draft.pk).live


@pytest.mark.django_db
def test_an_alias_made_of_a_draft_is_refused_too() -> None:
    draft = a_draft()
    with pytest.raises(guard.UnrecordedChange):
        draft.create_alias(update_slug="twin")
    assert ConvertAliasPageAction  # has nothing to convert
    assert Article.objects.count() == 1


@pytest.mark.django_db
def test_the_registered_actions_record() -> None:
    from broadsheet.newsroom import versions

    draft = a_draft()
    doors.PublishInAct(draft.save_revision()).execute()
    assert versions.latest(draft.pk).act == "publish"
    doors.UnpublishInAct(Article.objects.get(pk=draft.pk)).execute()
    assert versions.latest(draft.pk).act == "unpublish"


@pytest.mark.django_db
def test_wagtails_command_that_moves_pages_goes_through_the_act() -> None:
    from django.core.management import call_command

    from broadsheet.newsroom import versions

    article, elsewhere = an_article(), a_section()
    with pytest.raises(guard.UnrecordedChange):  # it moves plain pages, for which nobody answers
        call_command("move_pages", article.section_id, elsewhere.pk)
    assert versions.latest(article.pk).number == 1
    assert Article.objects.get(pk=article.pk).url == article.url
