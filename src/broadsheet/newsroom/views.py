"""Every page a reader can open. A view finds what the address names and offers the page; drawing is for the templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone, translation

from broadsheet import clock
from broadsheet.config import config
from broadsheet.gate.pages import VerdictClass
from broadsheet.newsroom import listings, stories
from broadsheet.newsroom.front import Front, compose
from broadsheet.newsroom.house import menu
from broadsheet.newsroom.language import spoken
from broadsheet.newsroom.models import Article, Person, PlainPage, Publication, Section, Tombstone, Topic
from broadsheet.newsroom.models.articles import ArticleQuerySet
from broadsheet.newsroom.models.publication import direction_of
from broadsheet.newsroom.offering import Page, asks_description, offer
from broadsheet.newsroom.onward import onward

CSS = "text/css; charset=utf-8"
FOR_EVER = "public, max-age=31536000, immutable"


def front(request: HttpRequest) -> HttpResponse:
    listings.today(Publication.ours())  # the description, too, is good until midnight
    return offer(request, Page("front", lambda verdict: drawn_front(request, verdict, compose(clock.now()))))


def drawn_front(request: HttpRequest, verdict: VerdictClass, composed: Front) -> str:
    house = the_house(request, verdict)
    return drawn(
        "pages/front.html",
        {
            **house,
            "today": listings.today(house["publication"]),
            "lead": composed.lead,
            "secondary": composed.secondary,
            "briefs": composed.briefs,
            "opinion": composed.opinion,
            "rows": composed.rows,
            "most_read": composed.most_read,
            "breaking": composed.breaking,
        },
    )


def section(request: HttpRequest, section: str, number: str = "1") -> HttpResponse:
    found = next((one for one in menu() if one.slug == section), None)
    if found is None:
        return plain_page(request, section)
    return _list(request, "section", found, Article.objects.in_section, number, has_lead=True)


def plain_page(request: HttpRequest, slug: str) -> HttpResponse:
    """What the publication says of itself. It stands beside the sections, at an address of one word like theirs."""
    found = PlainPage.objects.filter(live=True, slug=slug).first()
    if found is None or request.path != found.url:
        raise Http404

    def draw(verdict: VerdictClass) -> str:
        return drawn("pages/plain.html", {**the_house(request, verdict), "plain_page": found})

    return offer(request, Page("plain", draw))


def dress(request: HttpRequest, mark: str) -> HttpResponse:
    """The publication's own style sheet. Its address changes with its text, so it may be kept for ever."""
    publication = Publication.ours()
    if not publication.dress:
        raise Http404
    if request.path != publication.dress_url:  # of a page that was open while the dress was changed
        return HttpResponseRedirect(publication.dress_url)
    response = offer(request, Page("style", lambda verdict: publication.dress, content_type=CSS, takes_tail=False))
    response["Cache-Control"] = FOR_EVER
    return response


def topic(request: HttpRequest, slug: str, number: str = "1") -> HttpResponse:
    return _list(request, "topic", get_object_or_404(Topic, slug=slug), Article.objects.about, number)


def person(request: HttpRequest, slug: str, number: str = "1") -> HttpResponse:
    return _list(request, "person", get_object_or_404(Person, slug=slug), Article.objects.by_person, number)


def _list(
    request: HttpRequest,
    noun: str,
    of: Any,
    articles: Callable[[Any], ArticleQuerySet],
    digits: str,
    has_lead: bool = False,
) -> HttpResponse:
    number = int(digits)
    if number < 1:
        raise Http404
    if number == 1 and request.path != of.url:
        return HttpResponsePermanentRedirect(of.url)
    found, pager = listings.page_of(articles(of), number, of.url)

    def draw(verdict: VerdictClass) -> str:
        lead = listings.section_lead(found) if has_lead and number == 1 else None
        context = {noun: of, "articles": listings.without(found, lead), "lead": lead, "pager": pager}
        return drawn(f"pages/{noun}.html", {**the_house(request, verdict), **context})

    return offer(request, Page(noun, draw))


def article(request: HttpRequest, section: str, slug: str) -> HttpResponse:
    story = stories.for_meter(section, slug) if asks_description(request) else stories.for_page(section, slug)
    if story is None:
        return taken_down(request)

    def draw(verdict: VerdictClass) -> str:
        opening = None if verdict.is_open else story.opening
        blocks = list(story.body) if opening is None else opening.blocks
        if opening is not None:
            story.body = None  # nothing that is withheld is at hand for a template
        ahead = onward(story)
        return drawn(
            "pages/article.html",
            {
                **the_house(request, verdict),
                "article": story,
                "walled": opening is not None,
                "blocks": blocks,
                "words_left": opening.words_left if opening else 0,
                "topics": list(story.topics.all()),
                "bylines": list(story.bylines.all()),
                "related": ahead.related,
                "next_stories": ahead.next_stories,
            },
        )

    story.is_metered  # noqa: B018  notes the moment the public-interest switch ends, for the description too
    return offer(request, Page("article", draw, article=story.for_meter()))


def taken_down(request: HttpRequest) -> HttpResponse:
    """The notice at the address of what is no longer here; for an address that never was, Http404."""
    tombstone = get_object_or_404(Tombstone, path=request.path)
    return _said_to_one(request, 410, {"article": tombstone, "notice": tombstone.notice})


def serve(request: HttpRequest, path: str = "") -> HttpResponse:
    """Addresses that no other view has: nothing Wagtail's tree holds is shown by another way than the views above."""
    return taken_down(request)


# ── what every page is given


def the_house(request: HttpRequest, verdict: VerdictClass) -> dict[str, Any]:
    return {
        "publication": Publication.ours(),
        "menu": menu(),
        "verdict": verdict,
        "canonical_url": config().base_url + request.path,
    }


def drawn(template: str, context: dict[str, Any]) -> str:
    """Without the request: what is drawn for all readers must not know who asks, nor what an editor's desk speaks."""
    publication = context["publication"]
    with timezone.override(publication.time_zone), translation.override(spoken(publication.language)):
        return render_to_string(template, context)


# ── errors, in the dress of the house


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403)


def failed(request: HttpRequest) -> HttpResponse:
    # Without the database: it may be what failed. The language is the one the request was answered in so far.
    language = translation.get_language() or settings.LANGUAGE_CODE
    nameless = Publication(name="", language=language, direction=direction_of(language))
    return render(request, "errors/500.html", {"publication": nameless, "menu": []}, status=500)


def _error(request: HttpRequest, status: int) -> HttpResponse:
    return _said_to_one(request, status, {})


def _said_to_one(request: HttpRequest, status: int, context: dict[str, Any]) -> HttpResponse:
    """A page that is never stored, here or on the way, so that its masthead may know whether the reader is signed in."""
    house = {"publication": Publication.ours(), "menu": list(Section.objects.in_order())}
    page = drawn(f"errors/{status}.html", {**house, "signed_in": _is_signed_in(request), **context})
    return HttpResponse(page, status=status, headers={"Cache-Control": "private, no-store"})


def _is_signed_in(request: HttpRequest) -> bool:
    """Refused before anybody looked who asks, a reader with a session is taken at their word: it decides one link."""
    user = getattr(request, "user", None)
    return user.is_authenticated if user is not None else settings.SESSION_COOKIE_NAME in request.COOKIES
