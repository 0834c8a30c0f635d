"""The front page: what an editor put in its places, and what fills the others."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Page

from broadsheet import clock
from broadsheet.newsroom.acts.break_news import break_news, end_breaking
from broadsheet.newsroom.acts.compose import CannotCompose, call_off, put_back, put_in_place, work_on
from broadsheet.newsroom.acts.most_read import say_most_read
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.front import WINDOW, Front, compose
from broadsheet.newsroom.models import Article, Composition, FrontDraft, Section
from broadsheet.newsroom.models.compositions import LEAD, OPINION, SECONDARY, Place, Plan, row_of
from broadsheet.newsroom.purge import page_store
from tests.factories import a_picture, a_reporter, a_section, an_article, an_editor
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db

LEADS = Place(LEAD, 0)
COMMITTED = pytest.mark.django_db(transaction=True)  # a purge is carried out by the commit


def aged(hours: float, section: Section | None = None, **fields: Any) -> Article:
    return an_article(section, first_published_at=clock.now() - timedelta(hours=hours), **fields)


def standing(front: Front) -> list[Article]:
    """Every story in every place, most read excepted."""
    single = [article for article in (front.lead, front.breaking) if article]
    rows = [article for row in front.rows for article in row.articles]
    return [*single, *front.secondary, *front.briefs, *front.opinion, *rows]


def now_composed(plan: Plan | None = None) -> Front:
    return compose(clock.now(), plan)


# ── what nobody chose


def test_no_story_stands_twice_and_every_story_there_is_room_for_stands() -> None:
    sections = [a_section() for _ in range(3)]
    made = [aged(number, sections[number % 3]) for number in range(20)]
    made += [aged(number, sections[0], kind="opinion") for number in range(3)]
    found = standing(now_composed())
    assert len(found) == len({article.pk for article in found})
    assert {article.pk for article in found} == {article.pk for article in made}


def test_an_empty_publication_is_an_empty_front() -> None:
    assert now_composed() == Front(None, (), (), (), (), (), None)


def test_a_picture_is_preferred_in_the_lead_but_not_an_old_one() -> None:
    section, picture = a_section(), a_picture()
    plain = [aged(number, section) for number in range(4)]
    pictured = aged(6, section, picture=picture)
    assert now_composed().lead == pictured
    for number in range(9):
        aged(number / 10, section)
    assert now_composed().lead != pictured
    assert plain


def test_what_is_short_or_does_not_hurry_stands_below_what_is_newer_by_less() -> None:
    section = a_section()
    long = [("paragraph", "<p>" + "word " * 200 + "</p>")]
    short = aged(0, section, body=[("paragraph", "<p>So far, so good.</p>")])
    story = aged(2, section, body=long)
    review = aged(1, section, body=long, kind="review")
    front = now_composed()
    assert front.lead == story
    assert [*front.secondary] == [short, review]


def test_opinion_has_a_strip_of_its_own_and_leads_only_where_there_is_no_news() -> None:
    section = a_section()
    opinions = [aged(number, section, kind="opinion") for number in range(6)]
    assert now_composed().lead in opinions
    news = aged(30, section)
    front = now_composed()
    assert front.lead == news
    assert list(front.opinion) == opinions[:4]
    assert [article for row in front.rows for article in row.articles] == opinions[4:]


def test_second_stories_come_from_more_than_one_section_while_there_are_others() -> None:
    busy, quiet = a_section(), a_section()
    for number in range(8):
        aged(number, busy)
    slow = [aged(40 + number, quiet) for number in range(2)]
    assert {article.pk for article in slow} <= {article.pk for article in now_composed().secondary}


def test_a_section_that_has_been_silent_for_long_still_has_its_row() -> None:
    busy, silent = a_section(), a_section()
    aged(0, busy)
    last = [aged(5000 + number, silent) for number in range(2)]
    # As many newer ones as are looked at; written past the act, as publishing them would take a minute.
    template = aged(1, busy)
    for number in range(WINDOW):
        copy = Article(
            title=f"Small news {number}", slug=f"small-{number}", live=False, body=template.body, standfirst="So."
        )
        busy.add_child(instance=copy)
        Article.objects.filter(pk=copy.pk).update(first_published_at=clock.now() - timedelta(hours=2))
    Page.objects.filter(slug__startswith="small-").update(live=True)
    (row,) = (row for row in now_composed().rows if row.section == silent)
    assert list(row.articles) == last


def test_neighbouring_rows_have_another_rhythm_where_their_pictures_allow() -> None:
    picture = a_picture()
    for _ in range(3):
        section = a_section()
        for number in range(12):
            aged(number, section, picture=picture)
    rhythms = [row.rhythm for row in now_composed().rows]
    assert len(rhythms) == 3
    assert all(one != other for one, other in itertools.pairwise(rhythms))
    assert rhythms[0] == "lead"


def test_the_front_page_costs_the_same_number_of_queries_whatever_stands_on_it() -> None:
    section = a_section()
    for number in range(3):
        aged(number, section, picture=a_picture())
    with CaptureQueriesContext(
        connection,
    ) as few:
        now_composed()
    for number in range(3, 30):
        aged(number, section, picture=a_picture(), kind="opinion" if number % 3 else "article")
    with CaptureQueriesContext(connection) as many:
        now_composed()
    assert len(many) == len(few) <= 12


# ── what somebody chose


def test_what_was_chosen_stands_where_it_was_put_and_nowhere_else() -> None:
    section = a_section()
    made = [aged(number, section) for number in range(20)]
    plan = (
        Plan()
        .with_article(LEADS, made[15].pk)
        .with_article(Place(SECONDARY, 2), made[16].pk)
        .with_article(Place(OPINION, 0), made[17].pk)
        .with_article(Place(row_of(section.pk), 1), made[18].pk)
    )
    front = now_composed(plan)
    assert (front.lead, front.secondary[2], front.opinion[0], front.rows[0].articles[1]) == (*made[15:19],)
    assert len(standing(front)) == len({article.pk for article in standing(front)})


@COMMITTED
def test_a_story_that_was_taken_down_or_has_moved_leaves_its_place_to_the_automatic_choice(gate: Gate) -> None:
    section, other = a_section(), a_section()
    made = [aged(number, section) for number in range(12)]
    plan = Plan({LEADS: made[9].pk, Place(row_of(other.pk), 0): made[10].pk})
    put_in_place(plan, by=None)
    assert made[9].url in gate.html("/")
    unpublish(made[9])
    front = now_composed()
    assert front.lead == made[0]
    assert made[10] not in [article for row in front.rows if row.section == other for article in row.articles]
    assert made[9].url not in gate.html("/")
    made[8].delete()
    assert now_composed(Plan({LEADS: made[8].pk})).lead == made[0]


@COMMITTED
def test_readers_see_a_front_page_as_soon_as_it_is_put_in_place(gate: Gate) -> None:
    made = [aged(number) for number in range(4)]
    before = gate.html("/")
    assert gate.kept("/") == before
    put_in_place(Plan({LEADS: made[3].pk}), by=an_editor())
    assert gate.kept("/") is None
    assert gate.html("/") != before


@COMMITTED
def test_the_next_front_page_stands_from_its_minute_on_without_anybody_doing_anything(
    gate: Gate,
) -> None:
    made = [aged(number) for number in range(4)]
    moment = clock.now() + timedelta(minutes=20)
    put_in_place(Plan({LEADS: made[2].pk}), by=None)
    planned = put_in_place(Plan({LEADS: made[3].pk}), by=None, from_at=moment)
    assert compose(moment - timedelta(seconds=1)).lead == made[2]
    assert compose(moment).lead == made[3]
    assert _good_until(gate) == pytest.approx(moment.timestamp(), abs=0.01)
    call_off(planned, by=None)
    assert _good_until(gate) != pytest.approx(moment.timestamp(), abs=0.01)
    assert compose(moment).lead == made[2]


def _good_until(gate: Gate) -> float:
    """Until when the stored front page is given to readers; seconds since 1970."""
    gate.html("/")
    page = page_store().page("/", "a", "g")
    assert page is not None
    return page.until_s


def test_a_planned_front_page_must_lie_ahead_and_can_be_called_off_until_then() -> None:
    aged(0)
    with pytest.raises(CannotCompose):
        put_in_place(Plan(), by=None, from_at=clock.now() - timedelta(seconds=1))
    shown = put_in_place(Plan(), by=None)
    with pytest.raises(CannotCompose):
        call_off(shown, by=None)


def test_an_earlier_front_page_can_be_put_back_and_the_history_says_so() -> None:
    editor = an_editor()
    one, other = aged(1), aged(2)
    first = put_in_place(Plan({LEADS: one.pk}), by=editor)
    second = put_in_place(Plan({LEADS: other.pk}), by=editor)
    assert second.changes == [f"Lead: “{other.headline}” instead of “{one.headline}”."]
    put_back(first, by=editor)
    assert now_composed().lead == one
    assert Composition.objects.count() == 3
    assert {each.made_by for each in Composition.objects.all()} == {editor}


def test_putting_a_changed_plan_in_place_calls_off_the_one_it_was_made_from() -> None:
    one, other = aged(1), aged(2)
    tomorrow = clock.now() + timedelta(days=1)
    planned = put_in_place(Plan({LEADS: one.pk}), by=None, from_at=tomorrow)
    work_on(Plan({LEADS: other.pk}), by=None, replaces=planned)
    put_in_place(Plan({LEADS: other.pk}), by=None, from_at=tomorrow)
    assert [each.plan for each in Composition.objects.planned(clock.now())] == [Plan({LEADS: other.pk})]
    assert not FrontDraft.objects.exists()


def test_only_who_may_compose_composes() -> None:
    story, reporter = aged(0), a_reporter()
    for act in (
        lambda: put_in_place(Plan(), by=reporter),
        lambda: work_on(Plan(), by=reporter),
        lambda: break_news(story, clock.now() + timedelta(hours=1), by=reporter),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not Composition.objects.exists()


# ── the breaking bar


def test_the_breaking_bar_stands_for_its_time_and_its_story_nowhere_else(gate: Gate) -> None:
    made = [aged(number) for number in range(4)]
    now = clock.now()
    begins, ends = now + timedelta(minutes=5), now + timedelta(hours=2)
    put_in_place(Plan({LEADS: made[2].pk}), by=None)
    break_news(made[2], ends, by=None, starts_at=begins)
    assert compose(now).breaking is None
    front = compose(begins)
    assert front.breaking == made[2]
    assert front.lead == made[0]
    assert compose(ends).breaking is None
    assert compose(ends).lead == made[2]  # where it was chosen to stand
    assert _good_until(gate) == pytest.approx(begins.timestamp(), abs=0.01)


@COMMITTED
def test_a_new_bar_ends_the_one_before_and_can_be_ended_itself(gate: Gate) -> None:
    one, other = aged(1), aged(2)
    later = clock.now() + timedelta(hours=3)
    break_news(one, later, by=None)
    bar = break_news(other, later, by=None)
    assert now_composed().breaking == other
    gate.html("/")
    end_breaking(bar, by=None)
    assert gate.kept("/") is None
    assert now_composed().breaking is None


def test_a_bar_whose_story_was_taken_down_is_not_shown() -> None:
    story = aged(0)
    aged(1)
    break_news(story, clock.now() + timedelta(hours=1), by=None)
    unpublish(story)
    assert now_composed().breaking is None
    with pytest.raises(CannotCompose):
        break_news(story, clock.now() + timedelta(hours=1), by=None)


# ── most read


@COMMITTED
def test_most_read_is_shown_in_order_and_purges_only_when_it_changes(gate: Gate) -> None:
    made = [aged(number) for number in range(8)]
    order = [made[number].pk for number in (6, 1, 4, 0, 2, 3)]
    gate.html("/")
    assert say_most_read([*order, 10**9])
    assert gate.kept("/") is None
    assert [article.pk for article in now_composed().most_read] == order[:5]
    gate.html("/")
    assert not say_most_read(order)
    assert say_most_read([*order[:5], made[7].pk])  # below what is shown
    assert gate.kept("/") is not None
    unpublish(made[6])
    assert [article.pk for article in now_composed().most_read] == [*order[1:5], made[7].pk]
