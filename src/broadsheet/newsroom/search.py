"""Search: headlines, standfirsts, topics, people and what is free to read. Withheld text is not in the index at all."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from broadsheet.newsroom.listings import PER_PAGE, Pager
from broadsheet.newsroom.models import Article

MOST_WORDS = 12


def find(query: str, number: int) -> tuple[list[Article], Pager]:
    """One page of the articles that have all words of `query`, the most fitting first."""
    # Signs mean something to the database's own search language, and nothing to a reader.
    words = " ".join(re.findall(r"\w+", query)[:MOST_WORDS])
    if not words:
        return [], Pager(number)
    first = (number - 1) * PER_PAGE
    results = Article.objects.filter(live=True).for_list().search(words, operator="and")
    found = list(results[first : first + PER_PAGE + 1])
    return found[:PER_PAGE], Pager(
        number,
        previous_url=_url(query, number - 1) if number > 1 else "",
        next_url=_url(query, number + 1) if len(found) > PER_PAGE else "",
    )


def _url(query: str, number: int) -> str:
    return "/search/?" + urlencode({"q": query} if number == 1 else {"q": query, "page": number})
