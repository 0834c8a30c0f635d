"""Times at the desk: those of the publication, unless an editor chose others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from wagtail.models import Page
from wagtail.users.models import UserProfile

from broadsheet.newsroom.models import Article, Publication
from tests.factories import a_section
from tests.newsroom.test_admin import written_at

pytestmark = pytest.mark.django_db(transaction=True)

SIX_IN_THE_EVENING = "2035-12-01 18:00"


@pytest.fixture
def in_jerusalem(db: None) -> None:
    publication = Publication.ours()
    publication.zone = "Asia/Jerusalem"
    publication.save()


def scheduled(client: Client, section: Page) -> datetime:
    answer = written_at(client, section, go_live_at=SIX_IN_THE_EVENING, **{"action-publish": "yes"})
    assert answer.status_code == 302, answer.context["form"].errors
    article = Article.objects.get(slug="the-ferry-stays")
    assert not article.live
    return article.scheduled_revision.approved_go_live_at


def test_a_story_is_scheduled_by_the_publications_clock(newsroom: Client, in_jerusalem: None) -> None:
    section = a_section()
    assert scheduled(newsroom, section) == datetime(2035, 12, 1, 16, tzinfo=UTC)
    article = Article.objects.get(slug="the-ferry-stays")
    shown = newsroom.get(f"/admin/pages/{article.pk}/edit/").content.decode()
    assert "1 December 2035, 18:00" in shown


def test_an_editor_who_chose_a_clock_keeps_it(newsroom: Client, in_jerusalem: None) -> None:
    newsroom.get("/admin/")
    UserProfile.objects.update(current_time_zone="America/New_York")
    assert scheduled(newsroom, a_section()) == datetime(2035, 12, 1, 23, tzinfo=UTC)


def test_what_the_publication_says_is_not_kept_as_an_editors_choice(newsroom: Client, in_jerusalem: None) -> None:
    newsroom.get("/admin/")
    assert UserProfile.objects.get().current_time_zone == ""
