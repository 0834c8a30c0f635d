"""What the help desk may know of a reader: who they are, how their count stands, and why one article was open or walled.

Never a list of what they read: whoever asks names the article.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from allauth.usersessions.models import UserSession
from django.db.models import Case, When
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from broadsheet import clock
from broadsheet.core.meter import Decision, ReaderClass, counted, decide
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.meter.why import class_words, why, window_words
from broadsheet.newsroom.models import Article
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User
from broadsheet.readers.reads import policy_in_force
from broadsheet.staff.roles import is_staff, works_here

MOST_FOUND = 20
SHORTEST_PART = 3


@dataclass(frozen=True)
class Standing:
    """How a reader stands with the meter now. `allowance` None: nothing is counted for them."""

    reader: ReaderClass
    count: int
    allowance: int | None
    window: str
    sessions: int

    @property
    def in_words(self) -> str:
        if self.allowance is None:
            return _("Nothing is counted for %(readers)s.") % {"readers": class_words(self.reader)}
        return _("%(count)d of %(allowance)d articles counted %(window)s.") % {
            "count": self.count,
            "allowance": self.allowance,
            "window": self.window,
        }


def find_readers(asked: str) -> list[User]:
    """By number, or by an address or a part of it, a whole address first; never staff, at most `MOST_FOUND`."""
    asked = asked.strip().lower()
    if (number := number_in(asked)) is not None:
        reader = reader_numbered(number)
        return [reader] if reader else []
    if len(asked) < SHORTEST_PART:
        return []
    whole_first = Case(When(email=asked, then=0), default=1)
    found = User.objects.filter(email__icontains=asked).exclude(works_here())
    return list(found.order_by(whole_first, "email")[:MOST_FOUND])


def number_in(asked: str) -> int | None:
    """The number of an account, with or without its sign: “#7”."""
    digits = asked.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def reader_numbered(number: int) -> User | None:
    """None for a number nobody has, and for those who work here: they are not helped, but managed, under Users."""
    user = User.objects.filter(pk=number).first()
    return None if user is None or is_staff(user) else user


def standing_of(user: User) -> Standing:
    policy, reader = policy_in_force(), reader_class(user)
    now = open_ledger().moment(policy, clock.now())
    return Standing(
        reader=reader,
        count=len(counted(policy, open_ledger().reads(account_key(user.pk)), now)),
        allowance=policy.ladder(reader).allowance if policy.on else None,
        window=window_words(policy.window),
        sessions=UserSession.objects.filter(user=user).count(),
    )


@dataclass(frozen=True)
class Explained:
    decision: Decision
    sentence: str
    count_closes: str


def explain(user: User, article: Article) -> Explained:
    """What the gate would say if they opened it now, by the same rule."""
    policy, reader = policy_in_force(), reader_class(user)
    now = open_ledger().moment(policy, clock.now())
    decision = decide(policy, open_ledger().reads(account_key(user.pk)), article.for_meter(), reader, now)
    closes = policy.window.span(now, ZoneInfo(policy.zone)).closes.astimezone(ZoneInfo(policy.zone))
    return Explained(decision, why(policy, reader, decision), f"{date_format(closes, 'DATETIME_FORMAT')} {policy.zone}")


class Unclear(ValueError):
    """The article meant cannot be told; the message says what to do."""


def article_meant(asked: str) -> Article:
    """A published article, by its address or words of its headline. Raises Unclear."""
    asked = asked.strip()
    parts = [unquote(part) for part in urlsplit(asked).path.split("/") if part]
    articles = Article.objects.filter(live=True).for_meter()
    if "/" in asked and len(parts) >= 2:
        found = list(articles.at(parts[-2], parts[-1])[:1])
    else:
        found = list(articles.filter(title__icontains=asked).order_by("-first_published_at")[:4])
    if not found:
        raise Unclear(_("No published article is at that address, or has these words in its headline."))
    if len(found) > 1:
        headlines = ", ".join(_("“%(headline)s”") % {"headline": article.headline} for article in found[:3])
        raise Unclear(
            _("Several articles fit: %(headlines)s. Give the address, or more of it.") % {"headlines": headlines}
        )
    return found[0]
