"""The wall's words on a reader's page, and which pages a change of the meter takes away."""

from __future__ import annotations

import re

import pytest
from django.http import HttpRequest

from broadsheet.gate.pages import VerdictClass
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom import tags, views
from broadsheet.newsroom.models import Article, Publication
from broadsheet.newsroom.purge import page_store
from tests.factories import an_article

WALLED, WALLED_READER, OPEN = VerdictClass.WALLED_ANONYMOUS, VerdictClass.WALLED_READER, VerdictClass.OPEN_ANONYMOUS


def drawn(article: Article, verdict: VerdictClass) -> tuple[str, set[str]]:
    """A page as the gate gets it, without its tags; and what it is made of."""
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = article.url
    request.page_request = verdict.value
    with tags.recording() as record:
        page = views.article(request, article.section.slug, article.slug).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)), record.tags


def test_the_wall_thanks_a_loyal_reader() -> None:
    name = Publication.ours().name.removeprefix("The ")
    page, made_of = drawn(an_article(), WALLED)
    assert (
        f"Thank you. You are a loyal {name} Reader. You have read more than 10 articles this month."
        " Please register for full access to continue reading."
    ) in page
    assert tags.METER_WORDS in made_of


def test_and_offers_comments_only_where_they_are_open() -> None:
    page, _ = drawn(an_article(comments_open=True), WALLED)
    assert "Please register for full access to continue reading and post comments." in page


def test_a_members_only_article_does_not_speak_of_a_count() -> None:
    page, _ = drawn(an_article(members_only=True), WALLED)
    assert "This article is for registered readers." in page
    assert "You have read more than" not in page


def test_a_wall_before_the_first_article_does_not_speak_of_a_count_either() -> None:
    meter = MeterSettings.load()
    meter.anonymous_allowance, meter.anonymous_notice_from = 0, None
    meter.save()
    page, _ = drawn(an_article(), WALLED)
    assert "You have read more than" not in page


def test_a_reader_with_an_account_is_not_asked_to_register() -> None:
    meter = MeterSettings.load()
    meter.registered_allowance = 20
    meter.save()
    page, _ = drawn(an_article(), WALLED_READER)
    assert "You have read as many articles as your account opens this month." in page
    assert "Please register" not in page


def test_an_allowance_of_one_is_an_article() -> None:
    meter = MeterSettings.load()
    meter.anonymous_allowance, meter.anonymous_notice_from = 1, None
    meter.save()
    page, _ = drawn(an_article(), WALLED)
    assert "You have read more than 1 article this month." in page


def test_words_are_escaped_in_the_wall() -> None:
    meter = MeterSettings.load()
    meter.wall_text = "<b>{allowance}</b>"
    meter.save()
    page, _ = drawn(an_article(), WALLED)
    assert "&lt;b&gt;10&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("changes", "purged"),
    [
        ({"wall_text": "Another text."}, True),
        ({"anonymous_allowance": 12}, True),  # the wall says the number
        ({"window_kind": "week"}, True),
        ({"button": "Go on"}, True),
        ({"notice_line": "{count} read."}, False),  # the notice is no part of a stored page
        ({"anonymous_notice_from": 5}, False),
        ({"free_below_words": 100}, False),
        ({"on": False}, False),
    ],
)
def test_only_a_change_of_words_takes_walled_pages_away(changes: dict[str, object], purged: bool) -> None:
    meter, store = MeterSettings.load(), page_store()
    for path, made_of in (("/walled/", {tags.METER_WORDS, "article:1"}), ("/open/", {"article:1"})):
        html, now = b"<html>" + path.encode(), store.generation()
        store.put_page(path, "w", html, tags=made_of, rendered_at=now, until=None, takes_tail=True, release="")
    for name, value in changes.items():
        setattr(meter, name, value)
    meter.save()
    assert (store.page("/walled/", "w", "g") is None) is purged
    assert store.page("/open/", "w", "g") is not None
