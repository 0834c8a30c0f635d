"""The preview of the ladder, and the switch that opens a story to everyone for a time."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from broadsheet import clock
from broadsheet.core.meter import Ladder, Policy, ReaderClass
from broadsheet.meter.acts.open_to_everyone import NotOpened, close_again, open_to_everyone
from broadsheet.meter.models import MeterSettings
from broadsheet.meter.rungs import rungs
from broadsheet.newsroom.models import Article, PublishedVersion
from tests.factories import PARAGRAPHS, a_publisher, a_reporter, an_article, an_editor

LAST = PARAGRAPHS[-1]


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(a_publisher())
    return client


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_ladder_has_a_rung_for_each_thing_a_reader_sees() -> None:
    story = an_article().for_meter()
    found = rungs(Policy(), story, ReaderClass.ANONYMOUS, clock.now())
    assert [(rung.first, rung.last, rung.decision.opens, rung.decision.notice) for rung in found] == [
        (1, 2, True, False),
        (3, 10, True, True),
        (11, None, False, False),
    ]
    silent = Policy({ReaderClass.ANONYMOUS: Ladder(2)})
    assert [(rung.first, rung.last) for rung in rungs(silent, story, ReaderClass.ANONYMOUS, clock.now())] == [
        (1, 2),
        (3, None),
    ]
    assert len(rungs(Policy(), story, ReaderClass.REGISTERED, clock.now())) == 1


def test_each_frame_shows_what_the_gate_would_send(publisher: Client) -> None:
    article = an_article()
    page = publisher.get(reverse("meter_preview"), {"article": article.pk, "reader": "anonymous"}).content.decode()
    frames = [unescape(src) for src in re.findall(r'<iframe[^>]* src="([^"]+)"', page)]
    first, third, wall = (publisher.get(src) for src in frames)
    assert first["X-Frame-Options"] == "SAMEORIGIN"
    first, third, wall = (shown.content.decode() for shown in (first, third, wall))
    assert LAST in first and "You have read" not in first
    assert LAST in third and "You have read 3 articles this month." in third
    assert third.rstrip().endswith("</aside></body></html>")
    assert LAST not in wall and "You have read more than 10 articles this month." in wall


def test_the_table_says_what_the_policy_says_to_everyone(publisher: Client) -> None:
    article = an_article(members_only=True)
    page = words_of(
        publisher.get(reverse("meter_preview"), {"article": article.pk, "reader": "registered"}).content.decode()
    )
    assert "Strangers Every article The wall This article is open to registered readers only." in page
    assert "Registered readers Every article The article This article is open to registered readers." in page
    assert "Staff Every article The article Staff read everything." in page


def test_the_preview_of_an_empty_publication_says_so(publisher: Client) -> None:
    assert "Nothing is published yet" in publisher.get(reverse("meter_preview")).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?article=1",
        "?article=x&reader=anonymous&read=0",
        "?article=999999&reader=anonymous&read=0",
        "?article=1&reader=king&read=0",
        "?article=1&reader=anonymous&read=-1",
    ],
)
def test_a_frame_that_is_asked_for_wrongly_is_not_found(publisher: Client, query: str) -> None:
    assert publisher.get(reverse("meter_preview_page") + query).status_code == 404


def test_an_editor_opens_a_story_to_everyone_and_closes_it_again(client: Client) -> None:
    client.force_login(an_editor())
    article = an_article()
    address = reverse("meter_open", args=[article.pk])
    assert address in client.get(reverse("wagtailadmin_pages:edit", args=[article.pk])).content.decode()
    client.post(address, {"days": "3"})
    article.refresh_from_db()
    assert timedelta(days=2, hours=23) < article.free_until - clock.now() <= timedelta(days=3)
    assert PublishedVersion.objects.filter(article_id=article.pk).count() == 2
    client.post(address, {"close": "1"})
    article.refresh_from_db()
    assert article.free_until is None


def test_opening_publishes_nothing_of_a_draft_and_keeps_the_draft(client: Client) -> None:
    article, editor = an_article(headline="The ferry stays"), an_editor()
    article.title = "The ferry is sold"
    article.save_revision()
    open_to_everyone(Article.objects.get(pk=article.pk), clock.now() + timedelta(days=1), by=editor)
    public = Article.objects.get(pk=article.pk)
    assert public.headline == "The ferry stays"
    assert public.is_freed_at(clock.now())
    draft = public.get_latest_revision_as_object()
    assert draft.headline == "The ferry is sold"
    assert draft.is_freed_at(clock.now())


def test_a_moment_that_has_passed_and_a_story_that_is_not_open_are_refused() -> None:
    article, editor = an_article(), an_editor()
    with pytest.raises(NotOpened, match="has passed"):
        open_to_everyone(article, clock.now(), by=editor)
    with pytest.raises(NotOpened, match="not open"):
        close_again(article, by=editor)


def test_the_form_asks_for_how_long(client: Client) -> None:
    client.force_login(an_editor())
    article = an_article()
    page = client.post(reverse("meter_open", args=[article.pk]), {"days": "", "until": ""})
    assert "Choose for how long" in page.content.decode()
    asked = {"days": "1", "until": "2001-01-01 00:00"}  # whoever names a moment means the moment
    past = client.post(reverse("meter_open", args=[article.pk]), asked, follow=True)
    assert "That moment has passed." in past.content.decode()
    article.refresh_from_db()
    assert article.free_until is None


def test_a_reporter_cannot_open_a_story(client: Client) -> None:
    client.force_login(a_reporter())
    article = an_article()
    address = reverse("meter_open", args=[article.pk])
    assert client.post(address, {"days": "1"}).status_code in (302, 403)
    article.refresh_from_db()
    assert article.free_until is None


def test_when_its_time_is_over_the_story_is_metered_by_itself() -> None:
    article, editor = an_article(), an_editor()
    until = clock.now() + timedelta(hours=1)
    open_to_everyone(article, until, by=editor)
    story = Article.objects.get(pk=article.pk).for_meter()
    policy = MeterSettings.ours().policy()
    during, after = (rungs(policy, story, ReaderClass.ANONYMOUS, moment) for moment in (clock.now(), until))
    assert len(during) == 1
    assert len(after) == 3
