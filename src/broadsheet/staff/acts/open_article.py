"""Open one article for one reader who stands before the wall: it is written into their counted reads.

What has counted stays open until its window closes; that is a rule the gate keeps already, on every worker, at once. So
the reader's count says one more than the allowance, and nothing they opened before is taken from them.
"""

from __future__ import annotations

from dataclasses import replace

from broadsheet import clock
from broadsheet.core.meter import MOST_ARTICLES, Ladder
from broadsheet.gate.ledger import account_key, open_ledger
from broadsheet.newsroom.models import Article
from broadsheet.readers.entitlements import reader_class
from broadsheet.readers.models import User
from broadsheet.readers.reads import policy_in_force
from broadsheet.staff.desk import explain
from broadsheet.staff.trail import record


class OpenAlready(ValueError):
    """There is nothing to open; the message says why they may read it."""


def open_article(user: User, article: Article, *, by: User, reason: str) -> None:
    """Raises OpenAlready."""
    explained = explain(user, article)
    if explained.decision.opens:
        raise OpenAlready(explained.sentence)
    reader = reader_class(user)
    for_once = replace(policy_in_force(), ladders={reader: Ladder(allowance=MOST_ARTICLES)})
    open_ledger().count(account_key(user.pk), article.for_meter(), reader, None, for_once, clock.now())
    record("reader.article_opened", user, by=by, reason=reason)
