"""The search page. Its address holds the whole search; the form is an ordinary one and works without a script."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import TypeVar

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from broadsheet.gate.limits import open_limits
from broadsheet.gate.networks import network
from broadsheet.gate.pages import VerdictClass
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Person, Section, Topic
from broadsheet.newsroom.searching import query
from broadsheet.newsroom.searching.find import MOST_PAGES, Asked, Results, find
from broadsheet.newsroom.views import drawn, the_house

# A network may hold a whole school. Beyond this it is a program, and can read the feeds and the sitemap.
MOST_IN_A_MINUTE = 120

Row = TypeVar("Row", bound=models.Model)


def search(request: HttpRequest) -> HttpResponse:
    with tags.recording():  # for what all pages say, as pages that are being made have it
        return _search(request)


def _search(request: HttpRequest) -> HttpResponse:
    who = network(ip_address(request.META["REMOTE_ADDR"])).hex()
    allowed = open_limits().hit("searches from a network", who, MOST_IN_A_MINUTE, 60)
    asked, faults = _read(request)
    results = find(asked) if allowed and asked.is_anything and not asked.is_too_short and not faults else Results()
    # Never stored, so it may know who asks: the masthead then says “Your account”.
    house = {**the_house(request, VerdictClass.OPEN_ANONYMOUS), "verdict": "", "request": request}
    context = {
        **house,
        "query": asked.query.asked,
        "asked": asked,
        "results": results,
        "pager": results.pager,
        "too_short": asked.is_too_short,
        "nothing_to_find": bool(asked.query.asked) and asked.query.is_empty,
        "faults": faults,
        "too_many": not allowed,
        "whole": asked.address(section=None, topic=None, person=None, since=None, until=None),
    }
    response = HttpResponse(drawn("pages/search.html", context), status=200 if allowed else 429)
    response["Cache-Control"] = "no-store"
    if not allowed:
        response["Retry-After"] = str(allowed.retry_after_s)
    return response


def _read(request: HttpRequest) -> tuple[Asked, list[str]]:
    """What the address asks for, and what of it cannot be understood, in words for the reader."""
    given = request.GET
    faults: list[str] = []
    since, until = _day(given.get("from", ""), faults), _day(given.get("to", ""), faults)
    if since and until and since > until:
        faults.append(_("The first day comes after the last. Change one of the dates, or leave one empty."))
    asked = Asked(
        query.read(given.get("q", "")),
        section=_named(Section.objects.filter(live=True), given.get("section", ""), faults),
        topic=_named(Topic.objects.all(), given.get("topic", ""), faults),
        person=_named(Person.objects.all(), given.get("person", ""), faults),
        since=since,
        until=until,
        by_date=given.get("sort") == "date",
    )
    return replace(asked, number=_number(given.get("page", "1"))), faults


def _day(text: str, faults: list[str]) -> date | None:
    text = query.cleaned(text)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if not 1000 <= day.year <= 9000:  # beyond, a day has no seconds
            raise ValueError(text)
    except ValueError:
        faults.append(
            _("“%(date)s” is no date. Write the year, the month and the day: 2024-03-31.") % {"date": text[:20]}
        )
        return None
    return day


def _named(rows: models.QuerySet[Row], slug: str, faults: list[str]) -> Row | None:
    slug = query.cleaned(slug)[:255]
    if not slug:
        return None
    row = rows.filter(slug=slug).first()
    if row is None:
        faults.append(_("There is nothing here called “%(name)s” to search in.") % {"name": slug[:60]})
    return row


def _number(digits: str) -> int:
    return min(max(int(digits[:6]), 1), MOST_PAGES) if digits.isascii() and digits.isdigit() else 1
