"""Why a reader saw what they saw, in a sentence: for the reader who asks, the help desk and the publisher's preview.

In the language that is spoken where it is asked. Sentences are whole, never glued: languages put their parts elsewhere.
"""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet.core.meter import Decision, Fault, Policy, ReaderClass, Reason, Window, WindowKind


def why(policy: Policy, reader: ReaderClass, decision: Decision) -> str:
    """
    >>> from broadsheet.core.meter import Verdict
    >>> third = Decision(Verdict.OPEN, Reason.WITHIN, count=3, counts=True, notice=True)
    >>> why(Policy(), ReaderClass.ANONYMOUS, third)
    'This is article 3 of the 10 that are open this month; the notice says so.'
    """
    allowance = policy.ladder(reader).allowance
    return _sentence(decision, allowance) % {
        "count": decision.count,
        "allowance": allowance,
        "window": window_words(policy.window),
        "readers": class_words(reader),
    }


def _sentence(decision: Decision, allowance: int | None) -> str:
    match decision.reason:
        case Reason.METER_OFF:
            return _("The meter is off: every article is open.")
        case Reason.STAFF:
            return _("Staff read everything.")
        case Reason.FREE:
            return _("This article is never metered.")
        case Reason.PUBLIC_INTEREST:
            return _("This article is open to everyone for now, in the public interest.")
        case Reason.MEMBERS_ONLY:
            return _("This article is open to registered readers only.")
        case Reason.MEMBER:
            return _("This article is open to registered readers.")
        case Reason.NO_LIMIT:
            return _("Nothing is counted for %(readers)s.")
        case Reason.COUNTED_BEFORE if decision.notice:
            return _(
                "This article was counted before and costs nothing again."
                " Counted: %(count)s of the %(allowance)s that are open %(window)s; the notice says so."
            )
        case Reason.COUNTED_BEFORE:
            return _(
                "This article was counted before and costs nothing again."
                " Counted: %(count)s of the %(allowance)s that are open %(window)s."
            )
        case Reason.WITHIN if decision.notice:
            return _("This is article %(count)s of the %(allowance)s that are open %(window)s; the notice says so.")
        case Reason.WITHIN:
            return _("This is article %(count)s of the %(allowance)s that are open %(window)s.")
        case Reason.BEYOND if not allowance:
            return _("Metered articles are open to registered readers only.")
        case Reason.BEYOND:
            return ngettext(
                "The one article that is open %(window)s has been opened.",
                "All %(allowance)s articles %(window)s have been opened.",
                allowance or 0,
            )
        case Reason.STRANGERS:
            return _("Too many articles were opened today from this network without keeping a cookie.")
        case Reason.CRAWLER:
            return _("A search engine whose address was verified.")


def why_not(fault: Fault) -> str:
    """What is wrong with a policy, for whoever set it."""
    return str(capfirst(_(fault.sentence) % {name: _value_words(value) for name, value in fault.values.items()}))


def _value_words(value: object) -> object:
    if isinstance(value, ReaderClass):
        return class_words(value)
    return _("no limit") if value is None else value


def window_words(window: Window) -> str:
    """
    >>> window_words(Window(WindowKind.ROLLING, 30))
    'in the last 30 days'
    """
    match window.kind:
        case WindowKind.MONTH:
            return _("this month")
        case WindowKind.WEEK:
            return _("this week")
        case WindowKind.DAY:
            return _("today")
        case WindowKind.ROLLING:
            return ngettext("in the last day", "in the last %(days)d days", window.days) % {"days": window.days}


def articles_word(number: int) -> str:
    """The noun alone, for words that hold the number elsewhere."""
    return ngettext("article", "articles", number)


def class_words(reader: ReaderClass) -> str:
    match reader:
        case ReaderClass.ANONYMOUS:
            return _("strangers")
        case ReaderClass.REGISTERED:
            return _("registered readers")
        case ReaderClass.SUPPORTER:
            return _("supporters")
        case ReaderClass.SUBSCRIBER:
            return _("subscribers")
        case ReaderClass.STAFF:
            return _("staff")
