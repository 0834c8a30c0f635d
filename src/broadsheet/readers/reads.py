"""What counted: the articles a reader has opened in the present window, as the meter sees it and as they may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from broadsheet import clock
from broadsheet.core.meter import Policy, Read, WindowKind, counted
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.newsroom.models import Article
from broadsheet.readers.browser import browser_of, class_of
from broadsheet.readers.models import User


@dataclass(frozen=True)
class Counted:
    at: datetime
    article: Article | None  # None: no longer published


@dataclass(frozen=True)
class Reads:
    """`rows` lacks what was there when the reader wiped the list. `allowance` None: nothing counts for them."""

    count: int
    allowance: int | None
    rows: list[Counted]
    is_wiped: bool
    opens: datetime
    closes: datetime  # of a rolling window: when the oldest of them stops counting
    is_rolling: bool
    days: int
    zone: str

    @property
    def left(self) -> int:
        return max(0, (self.allowance or 0) - self.count)


def reads_of(request: HttpRequest) -> Reads:
    """Of the account that is signed in, else of the browser."""
    policy = policy_in_force()
    now = open_ledger().moment(policy, clock.now())
    user = request.user if isinstance(request.user, User) else None
    reads = counted(policy, _written(request, user), now)
    wiped_at = open_ledger().wiped_at(key) if (key := key_of(request)) is not None else None
    shown = [read for read in reads if wiped_at is None or read.at > wiped_at]
    span = policy.window.span(now, ZoneInfo(policy.zone))
    is_rolling = policy.window.kind is WindowKind.ROLLING
    return Reads(
        count=len(reads),
        allowance=policy.ladder(class_of(request)).allowance if policy.on else None,
        rows=_with_articles(shown),
        is_wiped=len(shown) < len(reads),
        opens=span.opens,
        closes=reads[0].at + (span.closes - now) if is_rolling and reads else span.closes,
        is_rolling=is_rolling,
        days=policy.window.days,
        zone=policy.zone,
    )


def wipe(request: HttpRequest) -> bool:
    """No longer show the list; the count stays. False where there is nothing written that could be marked."""
    key = key_of(request)
    if key is None or open_ledger().entry(key) is None:
        return False
    open_ledger().hide(key, clock.now())
    return True


def policy_in_force() -> Policy:
    snapshot = open_ledger().policy()
    return snapshot.policy if snapshot else Policy()


def key_of(request: HttpRequest) -> bytes | None:
    """Where the ledger keeps this reader."""
    if isinstance(request.user, User):
        return account_key(request.user.pk)
    browser = browser_of(request)
    return browser.key if browser else None


def _written(request: HttpRequest, user: User | None) -> list[Read]:
    if user is not None:
        return open_ledger().reads(account_key(user.pk))
    browser = browser_of(request)
    # The first article is in the cookie alone until a second is counted.
    return [] if browser is None else [browser.first, *open_ledger().reads(browser.key)]


def _with_articles(reads: list[Read]) -> list[Counted]:
    """Newest first."""
    articles = Article.objects.published().in_bulk([read.article for read in reads])
    return [Counted(read.at, articles.get(read.article)) for read in reversed(reads)]
