"""Plain pages: begun honestly, published without gaps, changed only inside an act, shown at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from wagtail.models import Page

from broadsheet.newsroom import guard
from broadsheet.newsroom.acts.publish import CannotPublish
from broadsheet.newsroom.acts.set_up import begin_plain_pages, set_up
from broadsheet.newsroom.models import FrontPage, PlainPage, Publication
from broadsheet.newsroom.starting_pages import STARTING_PAGES
from tests.factories import a_section
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun() -> list[PlainPage]:
    return begin_plain_pages(Publication.ours())


def about(body: str = "<p>We report from the harbour.</p>") -> PlainPage:
    page = PlainPage(title="About us", slug="about", body=body, live=False)
    FrontPage.objects.get().add_child(instance=page)
    return page


def published(body: str = "<p>We report from the harbour.</p>") -> PlainPage:
    page = about(body)
    page.save_revision().publish()
    page.refresh_from_db()
    return page


def test_every_page_is_begun_as_a_draft_with_gaps_and_no_reader_sees_one(begun: list[PlainPage], gate: Gate) -> None:
    assert [page.slug for page in begun] == [page.slug for page in STARTING_PAGES]
    for page in begun:
        assert not page.live
        assert page.gaps, page.slug
        assert gate.describe(page.url).status_code == 404
    assert "foot-house" not in gate.html("/")


def test_a_page_that_was_deleted_is_not_begun_again(begun: list[PlainPage]) -> None:
    begun[0].delete()
    set_up(name="Harbour Post")
    assert PlainPage.objects.count() == len(STARTING_PAGES) - 1


def test_a_page_with_a_gap_cannot_be_published_and_the_editor_is_told_which(
    begun: list[PlainPage], newsroom: Client
) -> None:
    page = next(page for page in begun if page.slug == "masthead")
    form = {"title": page.title, "slug": page.slug, "body": '{"blocks": [], "entityMap": {}}', "action-publish": "1"}
    body: dict[str, Any] = {
        "blocks": [
            {
                "key": "a",
                "type": "unstyled",
                "depth": 0,
                "text": "Editor: [[name]]",
                "inlineStyleRanges": [],
                "entityRanges": [],
            }
        ],
        "entityMap": {},
    }
    refused = newsroom.post(f"/admin/pages/{page.pk}/edit/", {**form, "body": json.dumps(body)})
    assert refused.status_code == 200
    assert "still to be filled in: name" in refused.content.decode()
    page.refresh_from_db()
    assert not page.live

    body["blocks"][0]["text"] = "Editor: whoever it is"
    done = newsroom.post(f"/admin/pages/{page.pk}/edit/", {**form, "body": json.dumps(body)})
    assert done.status_code == 302
    page.refresh_from_db()
    assert page.live


@pytest.mark.django_db(transaction=True)
def test_a_published_page_is_in_the_footer_of_every_page_at_once(gate: Gate) -> None:
    front = gate.html("/")
    assert gate.kept("/") is not None
    page = published()
    assert gate.kept("/") is None
    assert '<a href="/about/">About us</a>' in gate.html("/")
    shown = gate.html("/about/")
    assert "We report from the harbour." in shown
    assert 'aria-current="page"' in shown
    assert front != gate.html("/")
    page.unpublish()
    assert gate.describe("/about/").status_code == 404
    assert "About us" not in gate.html("/")


@pytest.mark.django_db(transaction=True)
def test_a_change_reaches_its_readers_and_an_old_address_leads_to_the_new(gate: Gate) -> None:
    page = published()
    gate.html("/about/")
    page.body, page.slug = "<p>We report from two harbours.</p>", "who-we-are"
    page.save_revision().publish()
    assert gate.kept("/about/") is None
    assert "two harbours" in gate.html("/who-we-are/")
    moved = Client(HTTP_HOST="testserver").get("/about/")
    assert (moved.status_code, moved["Location"]) == (301, "/who-we-are/")


def test_outside_an_act_nothing_a_reader_sees_can_change() -> None:
    page = published()
    page.body = "<p>Slipped in.</p>"
    with pytest.raises(guard.UnrecordedChange):
        page.save()
    bare = Page.objects.get(pk=page.pk)
    bare.title = "Slipped in"
    with pytest.raises(guard.UnrecordedChange):
        bare.save()
    draft = PlainPage(title="Imprint", slug="imprint", live=True)
    with pytest.raises(guard.UnrecordedChange):
        FrontPage.objects.get().add_child(instance=draft)
    assert PlainPage.objects.get(pk=page.pk).body == "<p>We report from the harbour.</p>"


def test_a_gap_is_found_in_the_act_itself_whichever_door_leads_to_it() -> None:
    page = about("<p>Owned by [[the <b>owner</b>]].</p>")
    with pytest.raises(CannotPublish, match="the owner"):
        page.save_revision().publish()
    page.refresh_from_db()
    assert not page.live


def test_addresses_that_have_a_meaning_are_refused_and_a_section_keeps_its_own() -> None:
    for slug in ("login", "feed", "search", "topics"):
        with pytest.raises(ValidationError):
            PlainPage(title="x", slug=slug, body="").full_clean(exclude=["path", "depth", "url_path"])
    section = a_section("Harbour", "harbour")
    assert section.url == "/harbour/"


@pytest.mark.django_db(transaction=True)
def test_deleting_a_page_takes_it_off_the_stored_pages(gate: Gate) -> None:
    page = published()
    assert "About us" in gate.html("/")
    page.delete()
    assert gate.kept("/") is None
    assert "About us" not in gate.html("/")


def test_an_empty_front_page_says_so_to_readers_and_to_an_editor_where_to_go(gate: Gate) -> None:
    for verdict in "ae":
        front = gate.html("/", verdict)
        assert "The first edition is being made" in front
        assert ("what to do next" in front) == (verdict == "e")
