"""Why a reader saw what they saw, in words."""

from __future__ import annotations

import pytest

from broadsheet.core.meter import Decision, Ladder, Policy, ReaderClass, Reason, Verdict, Window, WindowKind
from broadsheet.meter.why import articles_word, why, window_words

OPEN, WALL = Verdict.OPEN, Verdict.WALL
AGAIN = (
    "This article was counted before and costs nothing again."
    " Counted: 10 of the 10 that are open this month; the notice says so."
)


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (Decision(OPEN, Reason.WITHIN, 2, counts=True), "This is article 2 of the 10 that are open this month."),
        (
            Decision(OPEN, Reason.WITHIN, 3, counts=True, notice=True),
            "This is article 3 of the 10 that are open this month; the notice says so.",
        ),
        (
            Decision(OPEN, Reason.COUNTED_BEFORE, 10, notice=True),
            AGAIN,
        ),
        (Decision(WALL, Reason.BEYOND, 10), "All 10 articles this month have been opened."),
        (Decision(OPEN, Reason.NO_LIMIT), "Nothing is counted for strangers."),
    ],
)
def test_each_count_has_its_sentence(decision: Decision, sentence: str) -> None:
    assert why(Policy(), ReaderClass.ANONYMOUS, decision) == sentence


def test_a_wall_before_the_first_article_speaks_of_no_count() -> None:
    hard = Policy({ReaderClass.ANONYMOUS: Ladder(0)})
    assert "registered readers only" in why(hard, ReaderClass.ANONYMOUS, Decision(WALL, Reason.BEYOND))


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("reader", list(ReaderClass))
def test_every_reason_has_a_sentence_for_every_reader(reason: Reason, reader: ReaderClass) -> None:
    sentence = why(Policy(), reader, Decision(OPEN, reason))
    assert sentence.endswith(".")
    assert "None articles" not in sentence


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(), "this month"),
        (Window(WindowKind.WEEK), "this week"),
        (Window(WindowKind.DAY), "today"),
        (Window(WindowKind.ROLLING, 30), "in the last 30 days"),
        (Window(WindowKind.ROLLING, 1), "in the last day"),
    ],
)
def test_windows_in_words(window: Window, words: str) -> None:
    assert window_words(window) == words


def test_one_article_and_two_articles() -> None:
    assert (articles_word(1), articles_word(2), articles_word(0)) == ("article", "articles", "articles")
