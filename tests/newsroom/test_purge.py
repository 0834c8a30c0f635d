"""A change is seen by every reader once it has answered, and a page from before it never comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from wagtail.contrib.redirects.models import Redirect

from broadsheet import clock
from broadsheet.newsroom import offering, purge, renditions, views
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import (
    Article,
    Byline,
    ChangeClass,
    File,
    Person,
    Picture,
    Publication,
    Purge,
    Section,
    Topic,
)
from tests.factories import a_person, a_picture, a_section, a_topic, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Edition:
    """A small publication in which everything is connected with everything."""

    sections: list[Section]
    topics: list[Topic]
    people: list[Person]
    pictures: list[Picture]
    file: File
    articles: list[Article]

    def paths(self) -> list[str]:
        lists = [thing.url for kind in (Section, Topic, Person) for thing in kind.objects.all()]
        stories = [article.url for article in Article.objects.filter(live=True)]
        return ["/", *lists, *stories, "/feed/", *(f"{path}feed/" for path in lists), "/sitemap.xml", "/robots.txt"]


def an_edition() -> Edition:
    from django.core.files.base import ContentFile

    sections = [a_section(), a_section()]
    topics, people, pictures = [a_topic(), a_topic()], [a_person(), a_person()], [a_picture(), a_picture()]
    file = File.objects.create(title="Minutes", file=ContentFile(b"minutes", name="minutes.txt"))
    first = an_article(
        sections[0],
        topics=[topics[0]],
        bylines=[Byline(person=people[0])],
        picture=pictures[0],
        always_free=True,
        body=[
            ("paragraph", f'<p>See <a linktype="document" id="{file.pk}">the minutes</a>.</p>'),
            ("picture", {"picture": pictures[1], "caption": ""}),
            ("file", {"document": file, "title": ""}),
        ],
    )
    second = an_article(
        sections[1],
        topics=topics,
        bylines=[Byline(person=people[1]), Byline(person=people[0], role="photographs by")],
        body=[("paragraph", f'<p>As <a linktype="page" id="{first.pk}">we wrote</a> before.</p>')],
    )
    return Edition(sections, topics, people, pictures, file, [first, second])


def change(article: Article, **fields: Any) -> None:
    article = Article.objects.get(pk=article.pk)
    for name, value in fields.items():
        setattr(article, name, value)
    publish(article, change=ChangeClass.UPDATE)


def saved(thing: Any, **fields: Any) -> None:
    thing = type(thing).objects.get(pk=thing.pk)
    for name, value in fields.items():
        setattr(thing, name, value)
    thing.save()


CHANGES: dict[str, Callable[[Edition], object]] = {
    "an article's headline": lambda edition: change(edition.articles[0], title="Another headline"),
    "an article's slug": lambda edition: change(edition.articles[0], slug="another-address"),
    "an article's picture": lambda edition: change(edition.articles[0], picture=None),
    "an article's topics": lambda edition: change(edition.articles[0], topics=[edition.topics[1]]),
    "an article's byline": lambda edition: change(edition.articles[0], bylines=[Byline(person=edition.people[1])]),
    "an article's flags": lambda edition: change(edition.articles[0], always_free=False),
    "an article moved": lambda edition: Article.objects.get(pk=edition.articles[0].pk).move(
        edition.sections[1], pos="last-child"
    ),
    "an article unpublished": lambda edition: unpublish(Article.objects.get(pk=edition.articles[0].pk)),
    "an article deleted": lambda edition: Article.objects.get(pk=edition.articles[0].pk).delete(),
    "a new article": lambda edition: an_article(
        edition.sections[0], topics=edition.topics, bylines=[Byline(person=edition.people[0])]
    ),
    "a section's name": lambda edition: saved(edition.sections[0], title="Another name"),
    "a section's slug": lambda edition: saved(edition.sections[0], slug="another-section"),
    "a new section": lambda edition: a_section(),
    "sections in another order": lambda edition: Section.objects.get(pk=edition.sections[1].pk).move(
        edition.sections[0], pos="left"
    ),
    "a topic's name": lambda edition: saved(edition.topics[0], name="Another topic"),
    "a topic's slug": lambda edition: saved(edition.topics[0], slug="another-topic"),
    "a person's name": lambda edition: saved(edition.people[0], name="Another name"),
    "a person's slug": lambda edition: saved(edition.people[0], slug="another-person"),
    "a main picture's credit": lambda edition: saved(edition.pictures[0], credit="Another credit"),
    "a picture's caption": lambda edition: saved(edition.pictures[1], caption="Another caption"),
    "a picture's files": lambda edition: renditions.make_all(edition.pictures[0]),
    "a file's title": lambda edition: saved(edition.file, title="Another title"),
    "the publication's name": lambda edition: saved(Publication.objects.get(), name="Another Gazette"),
    "the publication's language": lambda edition: saved(Publication.objects.get(), language="he", direction="rtl"),
    "a redirect": lambda edition: Redirect.objects.create(old_path="/old", redirect_link="/"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_after_any_change_no_stored_page_differs_from_a_fresh_one(gate: Gate, what: str) -> None:
    edition = an_edition()
    for path in edition.paths():
        for verdict in ("a", "w"):
            gate.html(path, verdict)
        gate.describe(path)
    assert gate.kept("/") is not None

    CHANGES[what](edition)

    assert not Purge.objects.exists()
    kept = {(path, verdict): gate.html(path, verdict) for path in edition.paths() for verdict in ("a", "w")}
    described = {path: purge.page_store().description(path) for path in edition.paths()}
    purge.page_store().purge_all()
    stale = [asked for asked, html in kept.items() if html != gate.html(*asked)]
    for path, description in described.items():
        gate.describe(path)
        if description is not None and description != purge.page_store().description(path):
            stale.append((path, "description"))
    assert stale == []


def test_every_change_of_that_test_changes_something() -> None:
    """But for two, which must not purge anything: nothing in this suite passes because nothing happened."""
    gate = Gate(Client(HTTP_HOST="testserver"))
    unseen = {"a redirect", "sections in another order"}
    edition = an_edition()
    for what in ("an article's headline", "a section's name", "a topic's name", "a person's name", "a file's title"):
        paths = edition.paths()
        before = {path: gate.html(path) for path in paths}
        CHANGES[what](edition)
        assert any(gate.html(path) != before[path] for path in paths if path in edition.paths()), what
    assert unseen < set(CHANGES)


def test_a_purge_leaves_what_it_does_not_concern(gate: Gate) -> None:
    edition = an_edition()
    other = edition.articles[1].url
    gate.html(other), gate.html(edition.topics[0].url)
    lonely = an_article(a_section(), always_free=True)
    gate.html(other), gate.html(lonely.url)
    change(lonely, title="Changed")
    assert gate.kept(lonely.url) is None
    assert gate.kept(other) is not None


def test_a_purge_row_is_written_with_the_change_or_not_at_all() -> None:
    topic = a_topic()
    with pytest.raises(RuntimeError), transaction.atomic():
        topic.name = "Never"
        topic.save()
        assert Purge.objects.count() == 1
        raise RuntimeError
    assert not Purge.objects.exists()


def test_what_a_crash_left_between_commit_and_purge_is_carried_out_before_the_first_request(gate: Gate) -> None:
    article = an_article()
    gate.html(article.url)
    # The change committed, and the process died before it could carry out its purge.
    Purge.objects.create(tags=[f"article:{article.pk}"])
    assert gate.kept(article.url) is not None

    again = Client(HTTP_HOST="testserver")  # a process that starts
    again.get("/robots.txt")

    assert gate.kept(article.url) is None
    assert not Purge.objects.exists()


def test_a_page_rendered_before_a_purge_is_not_kept_after_it(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    article = an_article(always_free=True)
    drawn = offering.Offered.__init__

    def slowly(self: offering.Offered, *args: Any) -> None:
        drawn(self, *args)
        monkeypatch.undo()
        change(article, title="A new headline")  # while the page from before it is on its way to the store

    monkeypatch.setattr(offering.Offered, "__init__", slowly)
    answer = gate.page(article.url)
    assert (answer.status_code, answer["X-Broadsheet-Stored"]) == (200, "0")
    assert answer.content.rstrip().endswith(b"</body></html>")
    assert gate.kept(article.url) is None
    assert "A new headline" in gate.html(article.url)


def test_a_description_made_before_a_purge_is_given_but_not_kept(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    article = an_article()
    begun = offering.Offered.__init__

    def slowly(self: offering.Offered, *args: Any) -> None:
        begun(self, *args)
        monkeypatch.undo()
        change(article, members_only=True)

    monkeypatch.setattr(offering.Offered, "__init__", slowly)
    answer = gate.describe(article.url)
    assert (answer.status_code, answer["X-Broadsheet-Described"]) == (200, "1")
    assert answer.content.startswith(b'["article",')
    assert purge.page_store().description(article.url) is None


def test_readers_who_miss_the_same_page_at_once_have_it_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    article = an_article(always_free=True)
    # One client, as one process has one chain of middleware.
    gate = Gate(Client(HTTP_HOST="testserver"))
    gate.page("/robots.txt")
    made, all_here = [], threading.Barrier(8)
    compose = views.compose

    def slowly(now: Any) -> Any:
        made.append(threading.get_ident())
        threading.Event().wait(0.4)
        return compose(now)

    monkeypatch.setattr(views, "compose", slowly)
    answers = []

    def read() -> None:
        all_here.wait()
        answers.append(gate.page("/").content)
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(answers)) == 1
    assert article.headline.encode() in answers[0]


def test_a_front_page_is_good_until_midnight_where_the_publication_is(gate: Gate) -> None:
    saved(Publication.objects.get(), zone="Pacific/Auckland")
    gate.describe("/")
    until = purge.page_store().description("/").until
    now = clock.now()
    assert now < until <= now + timedelta(days=1)
    local = until.astimezone(Publication.objects.get().time_zone)
    assert (local.hour, local.minute) == (0, 0)
