"""Set up: say what the publication is called, in which language and time it lives, and begin the pages it owes its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override
from wagtail.models import Task, Workflow

from broadsheet import clock
from broadsheet.newsroom.language import spoken
from broadsheet.newsroom.models.front import FrontPage
from broadsheet.newsroom.models.plain_pages import PlainPage
from broadsheet.newsroom.models.publication import Publication, direction_of
from broadsheet.newsroom.starting_pages import STARTING_PAGES

if TYPE_CHECKING:
    from django.contrib.auth.models import PermissionsMixin


def set_up(*, name: str = "", language: str = "", zone: str = "", by: PermissionsMixin | None = None) -> Publication:
    """What is empty stays as it is. Raises ValidationError naming each field, PermissionDenied."""
    if by is not None and not by.has_perm("newsroom.change_publication"):
        raise PermissionDenied(f"{by} may not change the publication.")
    with transaction.atomic():
        publication = Publication.ours()
        publication.name = name.strip() or publication.name
        if language:
            publication.language, publication.direction = language, direction_of(language)
        publication.zone = zone or publication.zone
        publication.set_up_at = clock.now()
        publication.full_clean()
        publication.save()
        _say_names_in(spoken(publication.language))
        begin_plain_pages(publication)
    return publication


def _say_names_in(language: str) -> None:
    """Names that migrations gave, and that are read in the newsroom alone; what somebody named keeps its name."""
    approval = gettext_noop("an editor’s approval")
    for model, fields, words in (
        (FrontPage, ("title", "draft_title"), gettext_noop("Front page")),
        (Workflow, ("name",), approval),
        (Task, ("name",), approval),
    ):
        ours = {code: _in_language(code, words) for code, _name in settings.LANGUAGES}
        for row in model._default_manager.filter(**{f"{fields[0]}__in": ours.values()}):
            for field in fields:
                setattr(row, field, ours[language])
            row.save()


def _in_language(code: str, words: str) -> str:
    with override(code):
        return gettext(words)


def begin_plain_pages(publication: Publication) -> list[PlainPage]:
    """As drafts; only where the newsroom has none yet: one that was deleted is not wanted."""
    front = FrontPage.objects.get()
    if PlainPage.objects.exists():
        return []
    begun = []
    for page in STARTING_PAGES:
        title, html = page.in_language(publication.language)
        plain = PlainPage(title=title, slug=page.slug, body=html, live=False)
        front.add_child(instance=plain)
        plain.save_revision()
        begun.append(plain)
    return begun
