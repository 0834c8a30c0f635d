"""Which appeal stands where, what it says, and to whom: readers who do not give yet, and never on a story of grief."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from broadsheet import clock
from broadsheet.core.meter import ReaderClass
from broadsheet.core.money import Money
from broadsheet.giving import words
from broadsheet.giving.models import Appeal, Frequency, Place
from broadsheet.giving.offer import Offer, offered
from broadsheet.newsroom.models import Publication

if TYPE_CHECKING:
    from wagtail.blocks.base import BoundBlock

    from broadsheet.newsroom.models import Article

# Supporters and subscribers pay already, and staff need no asking.
ASKED = (ReaderClass.ANONYMOUS, ReaderClass.REGISTERED)

_PARAGRAPH = re.compile(r"<p\b")


class Spot(NamedTuple):
    """In a text: before the block of this number, or after so many paragraphs of it."""

    block: int
    paragraphs: int = 0


_AT_THE_HEAD = Spot(0)


@dataclass(frozen=True)
class Suggestion:
    amount: Money
    url: str


@dataclass(frozen=True)
class Ask:
    """One appeal as it is drawn. `suggestions`: of `frequency`; `url` leads to the donation page with nothing chosen but that.

    `once_url`: where giving once is another way. `back`: where closing it without script leads. `spot`: in the text.
    """

    place: Place
    heading: str
    paragraphs: tuple[str, ...]
    button: str
    frequency: Frequency
    suggestions: tuple[Suggestion, ...]
    url: str
    once_url: str = ""
    back: str = ""
    spot: Spot = _AT_THE_HEAD


@dataclass(frozen=True)
class Asks:
    """Of one article's page."""

    inside: Ask | None = None
    end: Ask | None = None
    wall: Ask | None = None


@dataclass(frozen=True)
class House:
    """Who asks: what can be given there, and its name."""

    offer: Offer
    name: str

    @classmethod
    def ours(cls) -> House:
        return cls(offered(), Publication.ours().name)


def may_ask(reader: ReaderClass, article: Article | None = None) -> bool:
    return reader in ASKED and (article is None or not article.is_grief)


def on_article(house: House, article: Article, blocks: Sequence[BoundBlock], *, walled: bool) -> Asks:
    """For a page whose readers `may_ask` admits: either the wall's, or those of the text."""
    found = _standing(house, [Place.WALL] if walled else [Place.INSIDE, Place.END])
    source = {"article": str(article.pk)}
    if walled:
        return Asks(wall=_ask(house, found.get(Place.WALL), source, article.url))
    inside, end = found.get(Place.INSIDE), found.get(Place.END)
    spot = place_in(blocks, inside.after_paragraphs) if inside else None
    if spot is None:  # too short: it stands at the end, unless another does
        return Asks(end=_ask(house, end or inside, source, article.url))
    return Asks(
        inside=_ask(house, inside, source, article.url, spot),
        end=_ask(house, end, source, article.url),
    )


def on_account(house: House) -> Ask | None:
    """For who `may_ask` admits and has not closed one."""
    return _ask(house, _standing(house, [Place.ACCOUNT]).get(Place.ACCOUNT), {}, "/account/")


def as_it_would_read(appeal: Appeal) -> Ask | None:
    """For its author, whether it stands anywhere now or not."""
    return _ask(House.ours(), appeal, {}, "/")


def place_in(blocks: Sequence[BoundBlock], after_paragraphs: int) -> Spot | None:
    """Where an appeal stands; None where the text is too short.

    Only between two paragraphs, or before a subheading: what follows a paragraph otherwise may be what it speaks of. A block
    of the editor may hold one paragraph or, typed or pasted in one go, the whole story.
    """
    paragraphs = 0
    for number, (block, following) in enumerate(pairwise([*blocks, None])):
        if block is None or block.block_type != "paragraph":
            continue
        held = max(1, len(_PARAGRAPH.findall(str(block.value))))
        wanted = max(1, after_paragraphs - paragraphs)
        if wanted < held:
            return Spot(number, wanted)
        paragraphs += held
        if paragraphs >= after_paragraphs and following and following.block_type in ("paragraph", "subheading"):
            return Spot(number + 1)
    return None


def _standing(house: House, places: Collection[Place]) -> dict[Place, Appeal]:
    """None where nothing can be given: nobody is asked for what we could not take."""
    if not house.offer.is_open:
        return {}
    found: dict[Place, Appeal] = {}
    for appeal in Appeal.objects.standing(places, clock.now()):
        found.setdefault(Place(appeal.place), appeal)
    return found


def _ask(
    house: House,
    appeal: Appeal | None,
    source: dict[str, str],
    back: str,
    spot: Spot = _AT_THE_HEAD,
) -> Ask | None:
    if appeal is None:
        return None
    name, offer = house.name, house.offer
    frequency = offer.first_frequency
    of = {"appeal": str(appeal.pk or ""), "place": appeal.place, **source}
    amounts = offer.settings.suggested(frequency) if appeal.shows_amounts else []
    return Ask(
        place=Place(appeal.place),
        heading=words.said(appeal.heading, name),
        paragraphs=_paragraphs(words.said(appeal.text, name)),
        button=words.said(appeal.button, name),
        frequency=frequency,
        suggestions=tuple(
            Suggestion(amount, _address({"frequency": frequency, "amount": _typed(amount), **of})) for amount in amounts
        ),
        url=_address({"frequency": frequency, **of}),
        once_url=_address({"frequency": Frequency.ONCE, **of}) if frequency.repeats else "",
        back=f"{back}#appeal-{appeal.place}",
        spot=spot,
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return tuple(part.strip() for part in parts if part.strip())


def _address(said: dict[str, str]) -> str:
    return f"/donate/?{urlencode({name: value for name, value in said.items() if value})}"


def _typed(amount: Money) -> str:
    """As somebody would type it: 10, 12.5.

    >>> _typed(Money(1000, "EUR")), _typed(Money(1250, "EUR")), _typed(Money(1000, "JPY")), _typed(Money(1000, "KWD"))
    ('10', '12.5', '1000', '1')
    """
    return amount.number.rstrip("0").rstrip(".") if amount.decimals else amount.number
