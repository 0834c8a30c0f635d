"""Taking the demo edition out: all of it, nothing else, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from broadsheet.interchange.demo.edition import Edition, read_edition
from broadsheet.interchange.demo.load import load_demo
from broadsheet.interchange.demo.remove import plan, remove_demo
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.models import Article, Byline, Person, Picture, Publication, Section, Topic
from tests.factories import a_draft, a_person, a_picture, a_section, an_article

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def few() -> Edition:
    whole = read_edition()
    pictured = [article for article in whole.articles if article.picture][:2]
    chosen = {article.slug for article in (*whole.articles[::40], *pictured)}
    return replace(whole, articles=tuple(article for article in whole.articles if article.slug in chosen))


def quiet(_: str) -> None:
    pass


def test_everything_it_brought_goes_and_everything_else_stays(few: Edition) -> None:
    publication = Publication.ours()
    publication.name = "Harbour Post"
    publication.save()
    story = an_article(a_section("Harbour", "harbour"), "The ferry stays")
    own_person, own_picture = a_person("Own Reporter"), a_picture("Our own")
    load_demo(quiet, few)
    addresses = [article.url for article in Article.objects.exclude(pk=story.pk)]

    planned = plan(few)
    assert len(planned.articles) == len(few.articles)
    assert planned.kept == ()
    assert f"{len(few.articles)} articles" in str(planned)
    remove_demo(planned, quiet)

    assert list(Article.objects.all()) == [story]
    assert list(Section.objects.values_list("slug", flat=True)) == ["harbour"]
    assert list(Person.objects.all()) == [own_person]
    assert list(Picture.objects.all()) == [own_picture]
    assert not Topic.objects.exists()
    assert Publication.ours().name == "Harbour Post"
    reader = Client(HTTP_HOST="testserver")
    for address in addresses:
        gone = reader.get(address)
        assert gone.status_code == 410
        assert "demo edition" in gone.content.decode()
    assert reader.get(story.url).status_code == 200


def test_a_second_time_finds_nothing(few: Edition) -> None:
    load_demo(quiet, few)
    remove_demo(plan(few), quiet)
    again = plan(few)
    assert again.is_empty
    assert "nothing of the demo edition" in str(again)
    remove_demo(again, quiet)


def test_one_that_was_interrupted_goes_on(few: Edition) -> None:
    load_demo(quiet, few)
    planned = plan(few)
    remove_demo(replace(planned, articles=planned.articles[:3], pictures=(), sections=(), people=(), topics=()), quiet)
    rest = plan(few)
    assert len(rest.articles) == len(planned.articles) - 3
    remove_demo(rest, quiet)
    assert plan(few).is_empty


def test_what_was_removed_can_be_loaded_again(few: Edition) -> None:
    load_demo(quiet, few)
    remove_demo(plan(few), quiet)
    again = load_demo(quiet, few)
    assert (again.added, again.present, again.refused) == (len(few.articles), 0, ())
    reader = Client(HTTP_HOST="testserver")
    for article in Article.objects.all():
        assert reader.get(article.url, headers={"X-Broadsheet-Page": "a"}).status_code == 200


def test_what_the_newsroom_uses_stays_and_is_named(few: Edition) -> None:
    load_demo(quiet, few)
    theirs = Article.objects.filter(picture__isnull=False).first()
    assert theirs is not None
    assert theirs.picture is not None
    byline = theirs.bylines.first()
    section, topic, picture = theirs.section, theirs.topics.first(), theirs.picture
    assert byline is not None
    assert section is not None
    assert topic is not None
    person = byline.person
    in_body = Picture.objects.exclude(pk__in=[picture.pk, picture.dark_id]).exclude(dark=None).first()
    assert in_body is not None
    draft = a_draft(section, picture=picture, body=[("picture", {"picture": in_body, "caption": ""})])
    draft.topics.set([topic])
    draft.bylines.set([Byline(person=person)])
    draft.save()
    publication = Publication.ours()
    publication.logo = Picture.objects.exclude(pk__in=[picture.pk, in_body.pk]).exclude(dark=None).first()
    publication.save()

    planned = plan(few)
    for name in (section.name, topic.name, person.name, picture.title, in_body.title):
        assert any(name in kept for kept in planned.kept), (name, planned.kept)
    remove_demo(planned, quiet)

    assert list(Article.objects.all()) == [draft]
    draft.refresh_from_db()
    kept = {picture.pk, picture.dark_id, in_body.pk, in_body.dark_id}
    logo = Publication.ours().logo
    kept |= {logo.pk, logo.dark_id} if logo else set()
    assert set(Picture.objects.values_list("pk", flat=True)) == {pk for pk in kept if pk}
    assert list(Section.objects.all()) == [section]
    assert list(Topic.objects.all()) == [topic]
    assert list(Person.objects.all()) == [person]
    publish(draft)
