"""The page of the admin on which the front page is composed: every step a plain form post."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from broadsheet import clock
from broadsheet.newsroom.acts.unpublish import unpublish
from broadsheet.newsroom.front import compose
from broadsheet.newsroom.models import Article, Breaking, Composition, FrontDraft, Publication
from broadsheet.newsroom.models.compositions import LEAD, SECONDARY, Place, Plan, row_of
from tests.factories import a_reporter, a_section, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db

PAGE = "/admin/front/"


def stories(number: int = 6) -> list[Article]:
    section = a_section("Harbour")
    return [
        an_article(section, f"Harbour news {each}", first_published_at=clock.now() - timedelta(hours=each))
        for each in range(number)
    ]


def does(newsroom: Client, step: str, **fields: str) -> HttpResponse:
    answer = newsroom.post(PAGE, {"do": step, **fields})
    assert answer.status_code == 302, answer.status_code
    return answer


def buttons(newsroom: Client, query: str = "") -> list[str]:
    """What the buttons of the page would post."""
    html = newsroom.get(PAGE + query).content.decode()
    return [unescape(value) for value in re.findall(r'name="do" value="([^"]*)"', html)]


def test_a_story_is_chosen_moved_and_put_in_place_with_the_pages_own_buttons(newsroom: Client, gate: Gate) -> None:
    made = stories()
    button = f"put:{made[4].pk} secondary.1"
    assert button in buttons(newsroom, "?place=secondary.1&q=news+4")
    assert f"put:{made[3].pk} secondary.1" not in buttons(newsroom, "?place=secondary.1&q=news+4")
    assert does(newsroom, button)["Location"].endswith("#place-secondary-1")
    assert FrontDraft.objects.get().plan == Plan({Place(SECONDARY, 1): made[4].pk})
    for step in ("swap:secondary.1 secondary.0", "swap:secondary.0 lead.0"):
        assert step in buttons(newsroom)
        does(newsroom, step)
    assert compose(clock.now()).lead == made[0]  # readers see nothing of it yet
    does(newsroom, "publish:")
    assert compose(clock.now()).lead == made[4]
    assert gate.html("/").index(made[4].headline) < gate.html("/").index(made[0].headline)


def test_a_place_goes_back_to_automatic_and_changes_can_be_discarded(newsroom: Client) -> None:
    made = stories()
    does(newsroom, f"put:{made[3].pk} lead.0")
    does(newsroom, "automatic:lead.0")
    assert FrontDraft.objects.get().plan == Plan()
    does(newsroom, f"put:{made[3].pk} lead.0")
    does(newsroom, "discard:")
    assert not FrontDraft.objects.exists()
    assert not Composition.objects.exists()


def test_a_story_stands_in_one_place_only(newsroom: Client) -> None:
    made = stories()
    does(newsroom, f"put:{made[3].pk}", place="lead.0")
    does(newsroom, f"put:{made[3].pk}", place="secondary.3")
    assert FrontDraft.objects.get().plan == Plan({Place(SECONDARY, 3): made[3].pk})


def test_a_sections_row_takes_its_own_stories_only(newsroom: Client) -> None:
    made, other = stories(), a_section("Weather")
    does(newsroom, f"put:{made[0].pk} {row_of(other.pk)}.0")
    assert not FrontDraft.objects.exists()
    assert "stands in another section" in newsroom.get(PAGE).content.decode()


def test_the_next_front_page_is_planned_by_the_clock_of_the_publication(newsroom: Client) -> None:
    publication = Publication.objects.get()
    publication.zone = "Asia/Tokyo"
    publication.save()
    made = stories()
    does(newsroom, f"put:{made[2].pk} lead.0")
    tomorrow = (clock.now().astimezone(publication.time_zone) + timedelta(days=1)).replace(hour=6, minute=0, second=0)
    does(newsroom, "plan:", from_at=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    planned = Composition.objects.get()
    assert planned.from_at == tomorrow.replace(microsecond=0)
    does(newsroom, f"change:{planned.pk}")
    does(newsroom, f"put:{made[1].pk} lead.0")
    does(newsroom, "plan:", from_at=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    (again,) = Composition.objects.planned(clock.now())
    assert again.plan == Plan({Place(LEAD, 0): made[1].pk})
    does(newsroom, f"call-off:{again.pk}")
    assert not Composition.objects.planned(clock.now())


@pytest.mark.parametrize(
    ("given", "said"), [("", "Say from when"), ("soon", "Give a day"), ("2019-01-01T06:00", "passed")]
)
def test_a_moment_that_cannot_be_is_said_beside_the_field(newsroom: Client, given: str, said: str) -> None:
    stories(1)
    answer = newsroom.post(PAGE, {"do": "plan:", "from_at": given})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Composition.objects.exists()


def test_the_front_page_before_can_be_put_back(newsroom: Client) -> None:
    made = stories()
    for number in (2, 3):
        does(newsroom, f"put:{made[number].pk} lead.0")
        does(newsroom, "publish:")
    first = Composition.objects.order_by("pk").first()
    assert f"back:{first.pk}" in buttons(newsroom)
    does(newsroom, f"back:{first.pk}")
    assert compose(clock.now()).lead == made[2]
    html = newsroom.get(PAGE).content.decode()
    assert f"Lead: “{made[2].headline}” instead of “{made[3].headline}”." in html


def test_news_is_broken_and_the_bar_ended(newsroom: Client) -> None:
    made = stories()
    html = newsroom.get(f"{PAGE}?breaking={made[1].pk}").content.decode()
    assert f'name="article" value="{made[1].pk}"' in html
    does(newsroom, "break:", article=str(made[1].pk), hours="3", starts_at="")
    assert compose(clock.now()).breaking == made[1]
    does(newsroom, f"end-breaking:{Breaking.objects.get().pk}")
    assert compose(clock.now()).breaking is None


def test_a_chosen_story_that_went_is_named(newsroom: Client) -> None:
    made = stories()
    does(newsroom, f"put:{made[3].pk} lead.0")
    unpublish(made[3])
    html = newsroom.get(PAGE).content.decode()
    assert f"“{made[3].headline}” is not published any more." in html
    assert "automatic:lead.0" in buttons(newsroom)


def test_the_preview_shows_what_is_being_worked_on_in_a_frame_of_our_own(newsroom: Client) -> None:
    made = stories()
    does(newsroom, f"put:{made[4].pk} lead.0")
    answer = newsroom.get(f"{PAGE}preview/")
    html = answer.content.decode()
    assert html.index(made[4].headline) < html.index(made[0].headline)
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in answer["Cache-Control"]
    page = newsroom.get(PAGE).content.decode()
    assert "front-frame--390" in page
    assert "front-frame--1280" in page


def test_headlines_are_escaped(newsroom: Client) -> None:
    an_article(headline="<script>alert(1)</script>")
    html = newsroom.get(PAGE).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(
    "step", ["", "nonsense", "put:x lead.0", "put:1 lead.9", "put:1 row:x.0", "swap:lead.0", "automatic:lead", "back:x"]
)
def test_what_is_no_step_is_refused(newsroom: Client, step: str) -> None:
    stories(1)
    assert newsroom.post(PAGE, {"do": step}).status_code == 404
    assert not FrontDraft.objects.exists()


def test_an_empty_publication_says_so(newsroom: Client) -> None:
    html = newsroom.get(PAGE).content.decode()
    assert "Nobody has composed a front page yet" in html
    assert "Nothing is published here yet." in html


def test_a_reporter_does_not_compose(gate: Gate) -> None:
    reporter = Client(HTTP_HOST="testserver")
    reporter.force_login(a_reporter())
    for path in (PAGE, f"{PAGE}preview/"):
        assert reporter.get(path).status_code in (302, 403)
    assert reporter.post(PAGE, {"do": "publish:"}).status_code in (302, 403)
    assert not Composition.objects.exists()
