"""Publishing is one act with one record, whichever way it is reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import Error, connection, transaction
from wagtail.models import Page, ReferenceIndex

from broadsheet import clock
from broadsheet.newsroom import guard, versions
from broadsheet.newsroom.acts.publish import CannotPublish, publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import (
    ActName,
    Article,
    Byline,
    ChangeClass,
    FrontPage,
    Publication,
    PublishedVersion,
    Section,
    Tombstone,
)
from tests.factories import a_draft, a_person, a_picture, a_reporter, a_section, a_topic, an_article, an_editor

pytestmark = pytest.mark.django_db


def fresh(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


def all_versions(article: Article) -> list[PublishedVersion]:
    return list(PublishedVersion.objects.filter(article_id=article.pk).order_by("number"))


# ── the record


def test_the_first_version_records_all_that_a_reader_can_see() -> None:
    picture, person, topic = a_picture(), a_person("First Reporter"), a_topic("Ferries")
    draft = a_draft(picture=picture, topics=[topic], bylines=[Byline(person=person, role="reported by")])
    editor = an_editor()

    version = publish(draft, by=editor)

    kept = versions.values_of(version)
    assert (version.number, version.act, version.change, version.by_id) == (1, ActName.PUBLISH, "", editor.pk)
    assert kept["headline"] == draft.title
    assert kept["bylines"] == [{"person": person.pk, "name": "First Reporter", "role": "reported by"}]
    assert kept["topics"] == [{"topic": topic.pk, "name": "Ferries"}]
    assert kept["picture"]["credit"] == "Harbour archive"
    assert [block["type"] for block in kept["body"]] == ["paragraph"] * 6
    assert not kept.keys() & {"wagtail_admin_comments", "owner", "locked", "embargo_until", "change_note"}


def test_versions_are_chained_and_the_chain_finds_a_change_behind_its_back() -> None:
    article = an_article()
    article.standfirst = "Another."
    publish(article, change=ChangeClass.UPDATE)
    first, second = all_versions(article)
    assert second.previous_seal == first.seal
    assert versions.verify_chain(article) == []

    # Somebody with the database's password, who knows of the trigger.
    forged = first.content.replace(article.title, "Something else")
    PublishedVersion.objects.filter(pk=first.pk).update(content=forged, erasures=1)
    assert [(fault.number, fault.what) for fault in versions.verify_chain(article)] == [
        (1, "it was changed after it was sealed")
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE newsroom_publishedversion SET change = 'typo'",
        "UPDATE newsroom_publishedversion SET content = '{}'",
        "UPDATE newsroom_publishedversion SET seal = '', erasures = erasures + 1",
        "DELETE FROM newsroom_publishedversion",
    ],
)
def test_the_database_refuses_to_rewrite_the_record(statement: str) -> None:
    an_article()
    with pytest.raises(Error, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_erasure_ordered_by_law_leaves_a_digest_and_a_chain_that_verifies() -> None:
    article = an_article(bylines=[Byline(person=a_person("First Reporter"))])
    version = versions.erase(all_versions(article)[0], ["bylines"])
    assert "First Reporter" not in version.content
    assert "bylines" not in versions.values_of(version)
    assert versions.verify_chain(article) == []
    article.standfirst = "After the erasure."
    publish(article, change=ChangeClass.STYLE)
    assert versions.verify_chain(article) == []


def test_pressing_publish_without_a_change_writes_no_version() -> None:
    article = an_article()
    publish(fresh(article), change=ChangeClass.STYLE)
    assert len(all_versions(article)) == 1


# ── three dates


@pytest.mark.parametrize("change", ChangeClass)
def test_only_news_moves_the_date_readers_are_told(change: ChangeClass) -> None:
    article = fresh(an_article())
    first, last = article.first_published_at, article.last_published_at
    assert article.modified_at is None

    article.standfirst = f"Changed: {change}."
    publish(article, change=change, note="It said Monday; it was Tuesday.")

    article = fresh(article)
    assert article.first_published_at == first
    assert article.last_published_at > last
    moves = change not in (ChangeClass.TYPO, ChangeClass.STYLE)
    assert (article.modified_at is not None) == moves
    # The next change is another one.
    assert (article.change, article.change_note) == ("", "")


def test_a_typo_after_an_update_keeps_the_date_of_the_update() -> None:
    article = an_article()
    article.standfirst = "More is known."
    publish(article, change=ChangeClass.UPDATE)
    updated = fresh(article).modified_at
    article = fresh(article)
    article.standfirst = "More is known,"
    publish(article, change=ChangeClass.TYPO)
    assert fresh(article).modified_at == updated


def test_a_story_from_elsewhere_keeps_its_date() -> None:
    appeared = datetime(2019, 10, 16, 12, tzinfo=UTC)
    draft = a_draft()
    publish(draft, first_published_at=appeared)
    assert fresh(draft).first_published_at == appeared


# ── what is refused


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"title": " "}, "title", "headline"),
        ({"slug": "feed"}, "slug", "feed"),
        ({"embargo_until": datetime(2999, 1, 1, tzinfo=UTC)}, "embargo_until", "embargo"),
    ],
)
def test_a_story_that_is_not_ready_is_refused_with_the_reason(fields: dict, field: str, words: str) -> None:
    draft = a_draft()
    for name, value in fields.items():
        setattr(draft, name, value)
    with pytest.raises(ValidationError) as refusal:
        publish(draft)
    assert field in refusal.value.message_dict
    assert words in str(refusal.value)
    assert not fresh(draft).live
    assert all_versions(draft) == []


@pytest.mark.parametrize("missing", ["alt_text", "credit"])
def test_a_picture_is_not_printed_without_alternative_text_and_credit(missing: str) -> None:
    draft = a_draft(picture=a_picture(**{missing: ""}))
    with pytest.raises(CannotPublish) as refusal:
        publish(draft)
    assert list(refusal.value.faults) == ["picture"]
    assert publish(a_draft(picture=a_picture())).number == 1


def test_a_story_under_embargo_may_be_scheduled_for_after_it() -> None:
    soon = clock.now() + timedelta(days=1)
    draft = a_draft(embargo_until=soon)
    draft.go_live_at = soon + timedelta(hours=1)
    draft.save_revision().publish()
    draft = fresh(draft)
    assert not draft.live
    assert draft.approved_schedule


def test_publishing_now_what_is_planned_for_later_is_refused_with_its_moment() -> None:
    draft = a_draft()
    draft.go_live_at = datetime(2099, 1, 2, 3, 4, tzinfo=UTC)
    with pytest.raises(CannotPublish, match="The story is planned for") as refused:
        publish(draft)
    assert "2099" in str(refused.value)
    assert not fresh(draft).live


def test_a_change_of_a_published_story_has_a_kind_and_a_correction_has_a_note() -> None:
    article = an_article()
    article.standfirst = "Changed."
    with pytest.raises(CannotPublish) as refusal:
        publish(article)
    assert list(refusal.value.faults) == ["change"]
    with pytest.raises(CannotPublish) as refusal:
        publish(article, change=ChangeClass.CORRECTION, note="  ")
    assert list(refusal.value.faults) == ["change_note"]
    version = publish(article, change=ChangeClass.CORRECTION, note="It said Monday; it was Tuesday.")
    assert versions.values_of(version)["note"] == "It said Monday; it was Tuesday."


def test_a_reporter_may_not_publish_and_an_editor_may() -> None:
    draft = a_draft()
    with pytest.raises(PermissionDenied):
        publish(draft, by=a_reporter())
    assert publish(draft, by=an_editor()).number == 1


def test_where_the_publication_asks_for_it_somebody_else_publishes() -> None:
    Publication.objects.update(four_eyes=True)
    author, other = an_editor(), an_editor()
    draft = a_draft()
    with pytest.raises(CannotPublish, match="Somebody else"):
        publish(draft, by=author)
    revision = fresh(draft).save_revision(user=author)
    revision.publish(user=other)
    assert all_versions(draft)[0].by_id == other.pk


@pytest.mark.parametrize("slug", ["feed", "topics", "people", "search", "admin", "static", "healthz", "page", "Feed"])
def test_a_section_cannot_be_called_what_an_address_of_ours_is_called(slug: str) -> None:
    with pytest.raises(ValidationError, match="cannot be called"):
        FrontPage.objects.get().add_child(instance=Section(title="Feeds", slug=slug))


# ── the guard


def test_nothing_public_changes_outside_an_act() -> None:
    article = an_article()
    changed = fresh(article)
    changed.standfirst = "Nobody answers for this."
    with pytest.raises(guard.UnrecordedChange):
        changed.save()
    hidden = fresh(article)
    hidden.live = False
    with pytest.raises(guard.UnrecordedChange):
        hidden.save(clean=False)
    bylined = fresh(article)
    bylined.bylines = [Byline(person=a_person())]
    with pytest.raises(guard.UnrecordedChange):
        bylined.save()
    with pytest.raises(guard.UnrecordedChange):
        Article.objects.filter(pk=article.pk).update(title="Nor for this")
    plain = Page.objects.get(pk=article.pk)
    plain.title = "Nor for this"
    with pytest.raises(guard.UnrecordedChange):
        plain.save()
    with pytest.raises(guard.UnrecordedChange):
        Page.objects.get(pk=article.pk).unpublish()
    assert fresh(article).title == article.title
    assert len(all_versions(article)) == 1


def test_what_readers_cannot_see_may_change_without_an_act() -> None:
    picture, person = a_picture(), a_person()
    article = an_article(picture=picture, bylines=[Byline(person=person)])
    section = Section.objects.get(pk=article.section_id)
    section.slug = "renamed"
    section.save()
    person.name, picture.credit = "Married Since", "Credited Since"
    person.save()
    picture.save()
    article = fresh(article)
    article.save()
    article.standfirst = "A draft of the next version."
    article.save_revision()
    article.locked = True
    article.save(update_fields=["locked"])
    assert len(all_versions(article)) == 1


def test_what_a_published_story_shows_is_not_deleted_behind_its_back() -> None:
    topic, picture = a_topic(), a_picture()
    article = an_article(topics=[topic], body=[("picture", {"picture": picture, "caption": ""})])
    ReferenceIndex.create_or_update_for_object(article)  # the worker's task
    for thing in (topic, picture):
        with pytest.raises(guard.UnrecordedChange, match="1 published"), transaction.atomic():
            thing.delete()
        with pytest.raises(guard.UnrecordedChange, match="1 published"), transaction.atomic():
            type(thing).objects.filter(pk=thing.pk).delete()
    unpublish(article)
    topic.delete()
    picture.delete()


# ── taken down


def test_unpublishing_leaves_a_record_and_a_tombstone_and_publishing_again_removes_it() -> None:
    article = an_article()
    editor = an_editor()
    version = unpublish(article, by=editor, notice="Withdrawn at the request of a court.")
    assert (version.act, version.by_id, version.number) == (ActName.UNPUBLISH, editor.pk, 2)
    stone = Tombstone.objects.get(path=article.url)
    assert (stone.headline, stone.notice) == (article.title, "Withdrawn at the request of a court.")

    publish(fresh(article), change=ChangeClass.STYLE)
    assert not Tombstone.objects.exists()
    assert [version.act for version in all_versions(article)] == ["publish", "unpublish", "publish"]
    assert versions.verify_chain(article) == []


def test_deleting_a_published_story_leaves_a_record_and_a_tombstone() -> None:
    article, address, number = an_article(), "", 0
    address, number = article.url, article.pk
    article.delete(user=an_editor())
    assert Tombstone.objects.filter(path=address).exists()
    assert [version.act for version in PublishedVersion.objects.filter(article_id=number)] == ["publish", "unpublish"]
    assert versions.verify_chain(number) == []


def test_deleting_a_draft_leaves_nothing() -> None:
    a_draft().delete()
    assert not Tombstone.objects.exists()
    assert not PublishedVersion.objects.exists()


def test_a_section_with_published_stories_cannot_be_deleted() -> None:
    section = a_section()
    article = an_article(section)
    with pytest.raises(guard.UnrecordedChange, match="1 published"), transaction.atomic():
        section.delete()
    unpublish(article)
    Section.objects.get(pk=section.pk).delete()
    assert not Article.objects.filter(pk=article.pk).exists()
