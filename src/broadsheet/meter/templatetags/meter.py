from __future__ import annotations

from django import template

from broadsheet.core.meter import ReaderClass
from broadsheet.gate.pages import VerdictClass
from broadsheet.meter.models import MeterSettings
from broadsheet.meter.words import Wall
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article, Publication

register = template.Library()


@register.simple_tag(takes_context=True)
def wall(context: template.Context, article: Article) -> Wall:
    """The words of the wall before `article`, for the verdict class of the page: `{% wall article as wall %}`."""
    tags.note(tags.METER_WORDS)
    reader = VerdictClass(context["verdict"]).reader if "verdict" in context else ReaderClass.ANONYMOUS
    return MeterSettings.ours().wall(
        reader, Publication.ours().name, members_only=article.members_only, comments=article.comments_open
    )
