"""The meter's words in the edition's language: what the publisher left to the house is Hebrew in a Hebrew edition."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from wagtail.users.models import UserProfile

from broadsheet.core.meter import Policy, ReaderClass, Window, WindowKind
from broadsheet.gate.ledger import open_ledger
from broadsheet.gate.pages import VerdictClass
from broadsheet.meter.force import is_in_force
from broadsheet.meter.models import LADDERS, MeterSettings, WindowChoice
from broadsheet.meter.rungs import rungs
from broadsheet.meter.why import why
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Publication
from broadsheet.newsroom.purge import page_store
from tests.factories import a_publisher, an_article
from tests.meter.test_settings import as_sent, edit_url, text_of
from tests.meter.test_words_on_pages import drawn

NOTICE = "קראתם {} כתבות החודש."
INVITATION = "הירשמו כדי לקבל גישה מלאה ל״The Broadsheet״"
WALL = "תודה. אתם קוראים נאמנים של ״Broadsheet״. קראתם יותר מ־10 כתבות החודש. הירשמו לגישה מלאה כדי להמשיך לקרוא."


def speak(language: str) -> Publication:
    publication = Publication.ours()
    publication.language = language
    publication.save()
    return publication


@pytest.fixture
def hebrew() -> Publication:
    return speak("he")


@pytest.fixture
def english_speaker(client: Client) -> Client:
    """Runs a Hebrew edition, and likes their desk in English."""
    publisher = a_publisher()
    UserProfile.objects.create(user=publisher, preferred_language="en")
    client.force_login(publisher)
    return client


def told(count: int, *, has_account: bool = False) -> str:
    """What the gate appends to a page, without its tags."""
    snapshot = open_ledger().policy()
    assert snapshot is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", snapshot.notice(count, has_account).decode()))


# ── what readers are told


def test_the_notice_of_a_hebrew_edition_is_hebrew_and_nobody_typed_it(hebrew: Publication) -> None:
    assert NOTICE.format(5) in told(5)
    assert INVITATION in told(5)
    assert "קראתם 1 כתבה החודש." in told(1)
    assert NOTICE.format(5) in told(5, has_account=True)


def test_so_is_the_wall(hebrew: Publication) -> None:
    with translation.override("he"):
        page, _ = drawn(an_article(), VerdictClass.WALLED_ANONYMOUS)
    assert WALL in page


def test_the_wall_offers_comments_in_hebrew(hebrew: Publication) -> None:
    with translation.override("he"):
        page, _ = drawn(an_article(comments_open=True), VerdictClass.WALLED_ANONYMOUS)
    assert "כדי להמשיך לקרוא ולהגיב." in page


@pytest.mark.parametrize(
    ("kind", "words"),
    [("week", "השבוע"), ("day", "היום"), ("rolling", "ב־30 הימים האחרונים")],
)
def test_every_window_has_its_words(hebrew: Publication, kind: str, words: str) -> None:
    meter = MeterSettings.load()
    meter.window_kind = kind
    meter.save()
    assert f"קראתם 5 כתבות {words}." in told(5)


def test_a_change_of_the_language_is_in_force_when_it_is_saved_and_takes_every_stored_page(
    english_speaker: Client,
) -> None:
    speak("en")
    assert "You have read 5 articles this month." in told(5)
    store = page_store()
    store.put_page(
        "/a/",
        "a",
        b"<html>",
        tags={tags.SETTINGS},
        rendered_at=store.generation(),
        until=None,
        takes_tail=True,
        release="",
    )
    before = open_ledger().policy_generation.value
    with translation.override("en"):  # as in the request of an editor whose desk is English
        speak("he")
    assert open_ledger().policy_generation.value > before
    assert is_in_force()
    assert NOTICE.format(5) in told(5)
    assert store.page("/a/", "a", "g") is None
    speak("tlh")
    assert "You have read 5 articles this month." in told(5), "a language we have no words in is spoken in English"


def test_words_of_the_publisher_stay_as_they_are(hebrew: Publication) -> None:
    meter = MeterSettings.load()
    meter.notice_line, meter.wall_heading = "Shalom, {count}!", "Toda."
    meter.save()
    assert "Shalom, 5!" in told(5)
    assert INVITATION in told(5), "what they left to the house is still the house's"
    with translation.override("he"):
        page, _ = drawn(an_article(), VerdictClass.WALLED_ANONYMOUS)
    assert "Toda. קראתם יותר מ־10 כתבות החודש." in page


# ── the publisher's form


def test_the_form_shows_what_readers_read_whatever_language_the_desk_is_in(
    hebrew: Publication, english_speaker: Client
) -> None:
    page = text_of(english_speaker.get(edit_url()))
    assert "Strangers: articles" in page
    assert "קראתם {count} {articles} {window}." in page
    assert "You have read {count}" not in page


def test_house_words_that_were_not_touched_stay_the_houses(hebrew: Publication, english_speaker: Client) -> None:
    with translation.override("he"):
        shown = {field: MeterSettings.load().said(field) for field in MeterSettings.house_words()}
    english_speaker.post(edit_url(), as_sent(**{**shown, "button": "קדימה", "anonymous_allowance": 7}))
    kept = MeterSettings.load()
    assert (kept.anonymous_allowance, kept.button) == (7, "קדימה")
    assert kept.notice_line == MeterSettings.house_words()["notice_line"]
    speak("en")
    assert "You have read 5 articles this month." in told(5)


def test_the_preview_shows_hebrew_pages_on_an_english_desk(hebrew: Publication, english_speaker: Client) -> None:
    article = an_article()
    page = text_of(english_speaker.get(reverse("meter_preview")))
    assert "Articles 3 to 10: the article and the notice" in page
    assert NOTICE.format(3) in page
    asked = {"article": article.pk, "reader": "anonymous"}
    third = english_speaker.get(reverse("meter_preview_page"), {**asked, "read": 2}).content.decode()
    assert NOTICE.format(3) in third
    assert (
        WALL.partition(". ")[0]
        in english_speaker.get(reverse("meter_preview_page"), {**asked, "read": 10}).content.decode()
    )


def test_a_refusal_speaks_the_language_of_the_desk(hebrew: Publication, client: Client) -> None:
    client.force_login(a_publisher())
    page = text_of(client.post(edit_url(), as_sent(registered_allowance=5, anonymous_notice_from=99)))
    assert "קוראים רשומים יקבלו פחות כתבות (5) מאשר קוראים מזדמנים (10)." in page
    assert "ההודעה תתחיל בכתבה 99, אבל מחסום הקריאה עומד אחרי כתבה 10" in page


# ── every language we speak


def languages() -> list[str]:
    return [code for code, _ in settings.LANGUAGES]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("field", sorted(MeterSettings.house_words()))
def test_house_words_fit_their_field_in_every_language(language: str, field: str) -> None:
    with translation.override(language):
        said = MeterSettings().said(field)
    column: Any = MeterSettings._meta.get_field(field)
    column.clean(said, MeterSettings())  # as the form would: not too long, and only braces that can be filled
    house = MeterSettings.house_words()[field]
    assert names_in(said) == names_in(house)
    assert (said == house) is (language == "en")


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_all_that_the_policy_says_is_said_in_hebrew(hebrew: Publication) -> None:
    """No sentence falls back to English: a run of Latin letters would be one that was forgotten."""
    policies = [Policy(window=Window(WindowKind(kind), 30 if kind == "rolling" else 0)) for kind in WindowChoice.values]
    article, now = an_article().for_meter(), an_article().published_at
    assert now is not None
    with translation.override("he"):
        said = {
            why(policy, reader, rung.decision)
            for policy in policies
            for reader in (*LADDERS, ReaderClass.STAFF)
            for rung in rungs(policy, article, reader, now)
        }
    assert len(said) > 10
    assert [sentence for sentence in said if re.search(r"[A-Za-z]{2}", sentence)] == []


def test_the_admin_names_every_field_in_hebrew() -> None:
    columns: Any = [*MeterSettings._meta.concrete_fields, *MeterSettings._meta.many_to_many]
    with translation.override("he"):
        labels = [f"{one.verbose_name}: {one.help_text}" for one in columns if one.name != "id"]
    without_placeholders = [re.sub(r"\{\w+\}", "", label) for label in labels]
    assert [label for label in without_placeholders if re.search(r"[A-Za-z]{2}", label)] == []
