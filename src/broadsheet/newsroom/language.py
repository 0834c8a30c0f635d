"""The language the house speaks with readers: that of its edition, where we have its words, and English otherwise.

An address has one language: pages are stored for everyone, and what a browser would prefer is never asked. The newsroom's
desk follows it too, unless an editor chose another in their own settings (Wagtail sees to that).
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from broadsheet.newsroom import tags
from broadsheet.newsroom.models.publication import Publication


def spoken(language: str) -> str:
    """The language of the interface for articles in `language`, a tag as in HTML: one of settings.LANGUAGES.

    >>> spoken("he-IL"), spoken("HE"), spoken("tlh")
    ('he', 'he', 'en')
    """
    primary = language.partition("-")[0].lower()
    has_words = [code for code, _ in settings.LANGUAGES]
    return next((code for code in (language.lower(), primary) if code in has_words), settings.LANGUAGE_CODE)


def of_the_edition() -> str:
    """What is spoken here; read anew each time, as it may be changed in the admin."""
    language = Publication.objects.order_by("pk").values_list("language", flat=True).first()
    return spoken(language or settings.LANGUAGE_CODE)


def speaking() -> translation.override:
    """For what is written outside of a reader's request, or for readers inside of an editor's: a mail, a snapshot."""
    return translation.override(of_the_edition())


class SpeakTheEditionsLanguage:
    """Middleware: every request is answered in the language of the edition, as pages that are being made have it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with tags.recording():
            language = Publication.ours().language
        with translation.override(spoken(language)):
            return self._get_response(request)
