"""Appeals on pages. `newsroom` draws the pages and knows nothing of giving: its templates ask here."""

from __future__ import annotations

from django import template

from broadsheet.core.meter import ReaderClass
from broadsheet.gate.pages import VerdictClass
from broadsheet.giving import appeals
from broadsheet.giving.acts.close_appeal import has_closed_appeal
from broadsheet.giving.appeals import Ask, Asks, House
from broadsheet.giving.forms import NAMES_OF_PROVIDERS
from broadsheet.giving.models import APPEALS_TAG, Appeal
from broadsheet.giving.offer import offered
from broadsheet.giving.templatetags.giving import offered_on
from broadsheet.newsroom import tags
from broadsheet.newsroom.models import Article
from broadsheet.readers.browser import class_of

register = template.Library()


@register.simple_tag(takes_context=True)
def asks(context: template.Context, article: Article) -> Asks:
    """For the verdict class of the page: `{% asks article as asks %}`, then `asks.inside`, `asks.end`, `asks.wall`."""
    verdict = context.get("verdict")
    reader = VerdictClass(verdict).reader if verdict else ReaderClass.STAFF
    if not appeals.may_ask(reader, article):
        return Asks()
    tags.note(APPEALS_TAG)  # also where none stands now
    house = House(offered_on(context), context["publication"].name)
    return appeals.on_article(house, article, context["blocks"], walled=context["walled"])


@register.simple_tag(takes_context=True)
def ask_on_account(context: template.Context) -> Ask | None:
    request = context["request"]
    if has_closed_appeal(request) or not appeals.may_ask(class_of(request)):
        return None
    return appeals.on_account(House(offered_on(context), context["publication"].name))


@register.simple_tag
def ask_as_it_would_read(appeal: Appeal) -> Ask | None:
    return appeals.as_it_would_read(appeal)


@register.simple_tag
def ways_to_pay() -> list[str]:
    """For the publisher: by what readers can pay now."""
    return [str(NAMES_OF_PROVIDERS[provider.name]) for provider in offered().providers]
