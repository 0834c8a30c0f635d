"""Why a reader saw what they saw, in a sentence: for the reader who asks, the help desk and the publisher's preview."""

from __future__ import annotations

from broadsheet.core.meter import Decision, Policy, ReaderClass, Reason, Window, WindowKind


def why(policy: Policy, reader: ReaderClass, decision: Decision) -> str:
    """
    >>> from broadsheet.core.meter import Verdict
    >>> third = Decision(Verdict.OPEN, Reason.WITHIN, count=3, counts=True, notice=True)
    >>> why(Policy(), ReaderClass.ANONYMOUS, third)
    'This is article 3 of the 10 that are open this month; the notice says so.'
    """
    allowance = policy.ladder(reader).allowance
    counted = f"{decision.count} of the {allowance} that are open {window_words(policy.window)}"
    notice = "; the notice says so" if decision.notice else ""
    return {
        Reason.METER_OFF: "The meter is off: every article is open.",
        Reason.STAFF: "Staff read everything.",
        Reason.FREE: "This article is never metered.",
        Reason.PUBLIC_INTEREST: "This article is open to everyone for now, in the public interest.",
        Reason.MEMBERS_ONLY: "This article is open to registered readers only.",
        Reason.MEMBER: "This article is open to registered readers.",
        Reason.NO_LIMIT: f"Nothing is counted for {class_words(reader)}.",
        Reason.COUNTED_BEFORE: f"This article was counted before and costs nothing again. Counted: {counted}{notice}.",
        Reason.WITHIN: f"This is article {counted}{notice}.",
        Reason.BEYOND: f"All {allowance} {articles_word(allowance)} {window_words(policy.window)} have been opened."
        if allowance
        else "Metered articles are open to registered readers only.",
        Reason.STRANGERS: "Too many articles were opened today from this network without keeping a cookie.",
        Reason.CRAWLER: "A search engine whose address was verified.",
    }[decision.reason]


def window_words(window: Window) -> str:
    """
    >>> window_words(Window(WindowKind.ROLLING, 30))
    'in the last 30 days'
    """
    if window.kind is WindowKind.ROLLING:
        return "in the last day" if window.days == 1 else f"in the last {window.days} days"
    return {WindowKind.MONTH: "this month", WindowKind.WEEK: "this week", WindowKind.DAY: "today"}[window.kind]


def articles_word(number: int) -> str:
    return "article" if number == 1 else "articles"


def class_words(reader: ReaderClass) -> str:
    return {
        ReaderClass.ANONYMOUS: "strangers",
        ReaderClass.REGISTERED: "registered readers",
        ReaderClass.SUPPORTER: "supporters",
        ReaderClass.SUBSCRIBER: "subscribers",
        ReaderClass.STAFF: "staff",
    }[reader]
