"""The publisher's meter: what the admin accepts, says and puts in force."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from broadsheet.core.meter import Article, ImpossiblePolicy, Ladder, ReaderClass, WindowKind
from broadsheet.gate.ledger import open_ledger
from broadsheet.meter.force import is_in_force, publish_snapshot
from broadsheet.meter.models import MeterSettings
from broadsheet.newsroom.models import Publication
from tests.factories import a_publisher, a_reporter, a_section, a_topic


def edit_url() -> str:
    return reverse("wagtailsettings:edit", args=["meter", "metersettings", MeterSettings.load().pk])


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(a_publisher())
    return client


def as_sent(**changes: Any) -> dict[str, Any]:
    """The form as a browser would send it, with some fields changed."""
    meter = MeterSettings.load()
    values: dict[str, Any] = {}
    for field in meter._meta.get_fields():
        if field.name == "id":
            continue
        value = getattr(meter, field.name)
        if hasattr(value, "all"):
            value = [one.pk for one in value.all()]
        values[field.name] = value
    values |= changes
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not None and value is not False
    }


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_saving_is_in_force_at_once_and_says_so(publisher: Client) -> None:
    response = publisher.post(edit_url(), as_sent(anonymous_allowance=5, window_kind="week"), follow=True)
    assert "In force now" in text_of(response)
    policy = open_ledger().policy().policy
    assert policy.ladder(ReaderClass.ANONYMOUS) == Ladder(5, 3)
    assert policy.window.kind is WindowKind.WEEK
    assert is_in_force()


def test_another_workers_view_of_the_policy_follows(publisher: Client) -> None:
    before = open_ledger().policy_generation.value
    publisher.post(edit_url(), as_sent(anonymous_allowance=7))
    assert open_ledger().policy_generation.value > before
    unchanged = open_ledger().policy_generation.value
    publish_snapshot()
    assert open_ledger().policy_generation.value == unchanged


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"anonymous_notice_from": 11}, "anonymous_notice_from", "no reader could ever see it"),
        ({"anonymous_allowance": 501}, "anonymous_allowance", "0 to 500 articles"),
        (
            {"registered_allowance": 5},
            "registered_allowance",
            "would get fewer articles (5) than strangers (10)",
        ),
        ({"registered_notice_from": 2}, "registered_notice_from", "theirs are not counted"),
        ({"window_kind": "rolling", "window_days": 0}, "window_days", "1 to 366 days"),
        ({"metered_after_days": 9, "free_after_days": 3}, "free_after_days", "none would ever be metered"),
        ({"strangers_a_day": 0}, "strangers_a_day", "greater than or equal to 1"),
        ({"wall_text": "You have read {count} articles."}, "wall_text", "{count} is not known here"),
        ({"notice_line": "You have read {cuont}."}, "notice_line", "{cuont} is not known here"),
        ({"notice_line": "You have read {count"}, "notice_line", "not closed or not opened"),
        ({"notice_line": "{count:>9} {name!r}"}, "notice_line", "{count:&gt;9} is not known here"),
        ({"free_kinds": ["horoscope"]}, "free_kinds", "horoscope is not one of the available choices"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field_and_changes_nothing(
    publisher: Client, changes: dict[str, Any], field: str, reason: str
) -> None:
    publish_snapshot()
    before = open_ledger().policy()
    response = publisher.post(edit_url(), as_sent(**changes))
    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert reason in text_of(response)
    assert open_ledger().policy() == before


def test_an_impossible_policy_is_refused_also_outside_the_admin() -> None:
    meter = MeterSettings.load()
    meter.anonymous_notice_from = 99
    with pytest.raises(ImpossiblePolicy):
        meter.save()
    assert MeterSettings.load().anonymous_notice_from == 3


def test_what_is_free_reaches_the_gate(publisher: Client) -> None:
    section, topic = a_section(), a_topic()
    publisher.post(
        edit_url(),
        as_sent(
            free_sections=[section.pk],
            free_topics=[topic.pk],
            free_kinds=["opinion"],
            free_below_words=120,
            free_after_days=365,
        ),
    )
    policy = open_ledger().policy().policy
    assert policy.free_sections == {section.pk}
    assert policy.free_topics == {topic.pk}
    assert policy.free_kinds == {"opinion"}
    assert (policy.free_below_words, policy.free_after_days) == (120, 365)


def test_the_publications_name_and_zone_are_part_of_it() -> None:
    publication = Publication.ours()
    publication.name, publication.zone = "The Harbour & Post", "Asia/Beirut"
    publication.save()
    in_force = open_ledger().policy()
    assert in_force.policy.zone == "Asia/Beirut"
    assert in_force.publication == "The Harbour & Post"
    assert b"full access to The Harbour &amp; Post</a>" in in_force.notice(3)


def test_the_notice_says_the_count_and_the_window() -> None:
    name = Publication.ours().name
    in_force = publish_snapshot()
    words = re.sub(r"<[^>]+>", " ", in_force.notice(3).decode()).split()
    assert " ".join(words) == f"You have read 3 articles this month. Register to receive full access to {name}"
    assert b"You have read 1 article this month." in in_force.notice(1)
    meter = MeterSettings.load()
    meter.window_kind, meter.window_days = "rolling", 30
    meter.save()
    assert b"You have read 4 articles in the last 30 days." in open_ledger().policy().notice(4)


def test_words_are_escaped() -> None:
    meter = MeterSettings.load()
    meter.notice_line = "<script>alert({count})</script>"
    meter.save()
    assert b"<script>" not in open_ledger().policy().notice(3)


def test_switched_off_everything_opens(publisher: Client) -> None:
    publisher.post(edit_url(), as_sent(on=False))
    assert open_ledger().policy().policy.on is False


def test_only_publishers_may_edit_it_or_see_the_preview(client: Client) -> None:
    client.force_login(a_reporter())
    for url in (
        edit_url(),
        reverse("meter_preview"),
        reverse("meter_preview_page") + "?article=1&reader=anonymous&read=0",
    ):
        assert client.get(url).status_code in (302, 403)
    client.logout()
    assert client.get(edit_url()).status_code == 302


def test_the_form_explains_itself_and_leads_to_the_preview(publisher: Client) -> None:
    page = text_of(publisher.get(edit_url()))
    assert reverse("meter_preview") in page
    assert "Staff read everything" in page
    assert "May hold {count}" in page
    menu = text_of(publisher.get(reverse("wagtailadmin_home")))
    assert "metersettings" in menu


def test_gate_and_settings_agree_on_defaults() -> None:
    """A gate without a policy decides by core.meter's defaults until one is published: they must be ours."""
    from broadsheet import clock
    from broadsheet.core.meter import Policy, terms

    ours, theirs = MeterSettings().policy(), Policy()
    for reader in ReaderClass:
        assert terms(ours, Article(1), reader, clock.now()) == terms(theirs, Article(1), reader, clock.now())
    assert (ours.window, ours.on, ours.strangers_a_day) == (theirs.window, theirs.on, theirs.strangers_a_day)


def test_a_reader_with_an_account_is_told_the_count_and_not_to_register() -> None:
    meter = MeterSettings.load()
    meter.registered_allowance, meter.registered_notice_from = 20, 15
    meter.save()
    notice = open_ledger().policy().notice(16, has_account=True)
    assert b"You have read 16 articles this month." in notice
    assert b"Register" not in notice
    assert b"Register" in open_ledger().policy().notice(4)
