"""What an article leads on to, and that its page follows the lists it shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from broadsheet import clock
from broadsheet.newsroom import tags
from broadsheet.newsroom.acts.publish import publish
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.models import Article, FrontPage, Section, Topic
from broadsheet.newsroom.onward import NEXT, RELATED, onward

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Section:
    return FrontPage.objects.get().add_child(instance=Section(title="World", slug="world"))


def a_story(section: Section, headline: str, *topics: str, days_old: float = 0) -> Article:
    story = section.add_child(instance=Article(title=headline, slug=headline.lower().replace(" ", "-"), live=False))
    story.topics.set([Topic.objects.get_or_create(name=name, slug=name.lower())[0] for name in topics])
    publish(story, first_published_at=clock.now() - timedelta(days=days_old))
    return Article.objects.get(pk=story.pk)


def named(stories: object) -> list[str]:
    return [story.headline for story in stories]  # type: ignore[attr-defined]


def test_related_stories_share_a_topic_newest_first_and_none_is_the_story_itself(world: Section) -> None:
    story = a_story(world, "The vote", "Voting", "Iraq", days_old=3)
    a_story(world, "Older", "Iraq", days_old=9)
    a_story(world, "Both", "Voting", "Iraq", days_old=1)
    a_story(world, "Elsewhere", "Peru", days_old=2)

    assert named(onward(story).related) == ["Both", "Older"]


def test_the_section_goes_on_with_what_came_before_and_not_twice(world: Section) -> None:
    sport = FrontPage.objects.get().add_child(instance=Section(title="Sport", slug="sport"))
    story = a_story(world, "Late", "Voting", days_old=2)
    for number in range(RELATED + NEXT + 1):
        a_story(world, f"Before {number}", *(["Voting"] if number < RELATED else []), days_old=3 + number)
    a_story(world, "Newer", days_old=1)
    a_story(sport, "A match", days_old=3)

    ahead = onward(story)

    assert named(ahead.related) == [f"Before {number}" for number in range(RELATED)]
    assert named(ahead.next_stories) == [f"Before {RELATED + number}" for number in range(NEXT)]


def test_a_story_without_topics_has_none_related(world: Section) -> None:
    assert onward(a_story(world, "Alone")).related == []
    assert onward(Article.objects.get()).next_stories == []


def test_the_page_depends_on_its_topics_lists_and_on_each_story_it_shows(world: Section) -> None:
    story = a_story(world, "The vote", "Voting", days_old=1)
    other, before = a_story(world, "Other", "Voting", days_old=2), a_story(world, "Before", days_old=3)
    with tags.recording() as record:
        onward(Article.objects.get(pk=story.pk))

    topic = Topic.objects.get()
    assert {f"list:topic:{topic.pk}", other.tag, before.tag} <= record.tags
    assert (
        f"list:section:{world.pk}" not in record.tags
    )  # news in a section leaves the pages of its older stories alone


def test_a_reader_sees_what_is_published_on_the_topic_and_no_longer_what_is_taken_down(
    world: Section, client: Client
) -> None:
    story = a_story(world, "The vote", "Voting", days_old=2)
    assert "Related" not in client.get(story.url).content.decode()

    other = a_story(world, "Counting begins", "Voting")
    assert "Counting begins" in client.get(story.url).content.decode()
    unpublish(other, notice="By order of a court.")
    assert "Counting begins" not in client.get(story.url).content.decode()


def test_a_missing_page_knows_whether_its_reader_is_signed_in_and_is_kept_by_nobody(
    world: Section, client: Client, django_user_model: type
) -> None:
    stranger = client.get("/world/no-such-story/")
    assert b'href="/login/"' in stranger.content
    assert stranger["Cache-Control"] == "private, no-store"

    client.force_login(django_user_model.objects.create_user(email="reader@example.org"))  # type: ignore[attr-defined]
    known = client.get("/world/no-such-story/")
    assert known.status_code == 404
    assert b'href="/login/"' not in known.content
    assert b'href="/account/"' in known.content
