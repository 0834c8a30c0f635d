"""The meter: who may open one more article, and what they see if not.

Pure: values in, values out; no clock, no network, no settings. The gate, the site, the replay of old reading logs and
the "why did I see this?" page all call `decide`.

The ladder, for one class of reader and one window of time:

    articles read    1 … notice_from-1     notice_from … allowance     beyond the allowance
    the reader sees  the article           the article and a notice    the wall

A *distinct* article counts once in a window. What has counted stays open until its window closes, at no further cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Fault(str):
    """One sentence, in English; `sentence` and `values` are for those who say it in another language.

    Among the values, a class of readers stands for those readers, and None for no limit.
    """

    sentence: str
    values: Mapping[str, object]

    def __new__(cls, sentence: str, **values: object) -> Fault:
        said = sentence % {name: _in_english(value) for name, value in values.items()}
        fault = super().__new__(cls, said[0].upper() + said[1:])
        fault.sentence, fault.values = sentence, values
        return fault


def _in_english(value: object) -> object:
    if isinstance(value, ReaderClass):
        return f"{value} readers"
    return "no limit" if value is None else value


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for the translators: it is said in their language by others, who know one."""
    return sentence


class ImpossiblePolicy(ValueError):
    """A policy that cannot be kept. `faults` holds one sentence a fault, keyed by the field that has it."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


class ReaderClass(StrEnum):
    """Whom a rung is for, from stranger to staff. Each may have a ladder of its own."""

    ANONYMOUS = "anonymous"
    REGISTERED = "registered"
    SUPPORTER = "supporter"
    SUBSCRIBER = "subscriber"
    STAFF = "staff"


WITH_ACCOUNT = (ReaderClass.REGISTERED, ReaderClass.SUPPORTER, ReaderClass.SUBSCRIBER)  # staff apart


class WindowKind(StrEnum):
    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    ROLLING = "rolling"


@dataclass(frozen=True)
class Span:
    """A stretch of time, `opens <= t < closes`, both aware."""

    opens: datetime
    closes: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.opens <= moment < self.closes


@dataclass(frozen=True)
class Window:
    """Over what time articles are counted.

    Calendar windows turn at local midnight in the site's zone; weeks begin on Monday (ISO 8601). A rolling window of N
    days frees each article N times 86,400 seconds after it was first read.
    """

    kind: WindowKind = WindowKind.MONTH
    days: int = 0  # only for ROLLING

    def span(self, now: datetime, zone: ZoneInfo) -> Span:
        """The span that `now`, aware, lies in. A rolling window's is that of an article read now: N days from now."""
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        if self.kind is WindowKind.ROLLING:
            return Span(now, now + timedelta(days=self.days))
        first = self._first_day(now.astimezone(zone).date())
        after = self._first_day_after(first)
        if now >= (closes := _midnight(after, zone)):
            # Clocks that went back over midnight (Newfoundland, until 2011, at 00:01) show the day before once more.
            # The window turned at the first midnight and does not turn back.
            return Span(closes, _midnight(self._first_day_after(after), zone))
        return Span(_midnight(first, zone), closes)

    def _first_day(self, day: date) -> date:
        if self.kind is WindowKind.DAY:
            return day
        if self.kind is WindowKind.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1)

    def _first_day_after(self, first: date) -> date:
        if self.kind is WindowKind.DAY:
            return first + timedelta(days=1)
        if self.kind is WindowKind.WEEK:
            return first + timedelta(days=7)
        return (first + timedelta(days=32)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day`. Where summer time skips midnight (Cairo, Beirut), the first moment that exists."""
    # A skipped midnight, read with the offset in force before the change (fold=0), names the instant of the change;
    # through UTC and back it shows as 01:00, the day's first moment. A midnight that comes twice (Havana) is the first.
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


@dataclass(frozen=True)
class Ladder:
    """What one class of reader may open in a window. `allowance` None: as much as they like, and nothing is counted."""

    allowance: int | None = None
    notice_from: int | None = None  # the count from which the notice is shown; None: never

    @property
    def is_open(self) -> bool:
        return self.allowance is None


class Article(NamedTuple):
    """What the meter needs to know of an article. Ids are positive; `published` is aware."""

    id: int
    section: int = 0
    topics: frozenset[int] = frozenset()
    kind: str = "article"
    words: int = 0
    published: datetime | None = None
    always_free: bool = False
    members_only: bool = False
    free_until: datetime | None = None  # the public-interest switch: open to all until this moment


@dataclass(frozen=True)
class Read:
    """One article that counted. `until`: the close of its window as it was then; None for rolling windows."""

    article: int
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Policy:
    """The publisher's meter. Refused by `check()` when it cannot be kept."""

    ladders: Mapping[ReaderClass, Ladder] = field(
        default_factory=lambda: {ReaderClass.ANONYMOUS: Ladder(allowance=10, notice_from=3)}
    )
    window: Window = Window()
    zone: str = "UTC"
    on: bool = True  # off: every article is open, nothing is counted
    free_sections: frozenset[int] = frozenset()
    free_topics: frozenset[int] = frozenset()
    free_kinds: frozenset[str] = frozenset()
    free_below_words: int = 0  # shorter articles are never metered
    free_after_days: int | None = None  # the archive: articles older than this are free
    metered_after_days: int | None = None  # fresh news is free for this many days, then metered
    crawlers_open: bool = True  # verified search engines read everything (and keep no copy)
    strangers_a_day: int = 2000  # views a network may have in a day without ever keeping a cookie

    def ladder(self, reader: ReaderClass) -> Ladder:
        """A class without a ladder of its own stands on that of the nearest class below it; staff always read.

        The strangers' ladder is theirs alone: registering opens, unless registered readers have a ladder too.
        """
        if reader is ReaderClass.STAFF:
            return OPEN
        if reader is ReaderClass.ANONYMOUS:
            return self.ladders.get(reader, OPEN)
        for lower in reversed(WITH_ACCOUNT[: WITH_ACCOUNT.index(reader) + 1]):
            if lower in self.ladders:
                return self.ladders[lower]
        return OPEN

    def check(self) -> Policy:
        """The policy itself, or ImpossiblePolicy naming every fault at once."""
        faults: dict[str, Fault] = {}
        for name, fault in _faults(self):
            faults.setdefault(name, fault)  # the first of a field is the one to mend first
        if faults:
            raise ImpossiblePolicy(faults)
        return self


OPEN = Ladder()


def _faults(policy: Policy) -> Iterable[tuple[str, Fault]]:
    if policy.window.kind is WindowKind.ROLLING and not 1 <= policy.window.days <= 366:
        sentence = gettext_noop("A rolling window needs 1 to 366 days, not %(days)s.")
        yield "window_days", Fault(sentence, days=policy.window.days)
    try:
        ZoneInfo(policy.zone)
    except (KeyError, ValueError, OSError):
        sentence = gettext_noop("“%(name)s” is not a time zone; use a name such as Europe/Berlin.")
        yield "zone", Fault(sentence, name=policy.zone)
    for reader, ladder in policy.ladders.items():
        yield from _ladder_faults(reader, ladder)
    yield from _order_faults(policy)  # last: it may follow from a fault above
    if policy.free_below_words < 0:
        sentence = gettext_noop("A length cannot be %(words)s words.")
        yield "free_below_words", Fault(sentence, words=policy.free_below_words)
    for name in ("free_after_days", "metered_after_days"):
        days = getattr(policy, name)
        if days is not None and days < 1:
            yield name, Fault(gettext_noop("An age in days must be at least 1, not %(days)s."), days=days)
    fresh, archive = policy.metered_after_days, policy.free_after_days
    if fresh is not None and archive is not None and archive <= fresh:
        sentence = gettext_noop(
            "Articles would be free until day %(fresh)s and free again from day %(archive)s: none would ever be metered."
        )
        yield "free_after_days", Fault(sentence, fresh=fresh, archive=archive)
    if policy.strangers_a_day < 1:
        sentence = gettext_noop("At least one view a day must be left to readers without a cookie.")
        yield "strangers_a_day", Fault(sentence)


# An entry of the meter ledger holds every counted article: this bounds it.
MOST_ARTICLES = 500


def _ladder_faults(reader: ReaderClass, ladder: Ladder) -> Iterable[tuple[str, Fault]]:
    allowance, notice_from = ladder.allowance, ladder.notice_from
    if allowance is None:
        if notice_from is not None:
            sentence = gettext_noop("A notice cannot count articles for %(readers)s: theirs are not counted.")
            yield f"{reader}_notice_from", Fault(sentence, readers=reader)
        return
    if not 0 <= allowance <= MOST_ARTICLES:
        sentence = gettext_noop("An allowance must be 0 to %(most)s articles, not %(allowance)s.")
        yield f"{reader}_allowance", Fault(sentence, most=MOST_ARTICLES, allowance=allowance)
    elif notice_from is not None and notice_from < 1:
        sentence = gettext_noop("A notice cannot start at article %(number)s: the first is number 1.")
        yield f"{reader}_notice_from", Fault(sentence, number=notice_from)
    elif notice_from is not None and notice_from > allowance:
        sentence = gettext_noop(
            "The notice would start at article %(number)s, but the wall stands after article %(allowance)s:"
            " no reader could ever see it."
        )
        yield f"{reader}_notice_from", Fault(sentence, number=notice_from, allowance=allowance)


def _order_faults(policy: Policy) -> Iterable[tuple[str, Fault]]:
    """Whoever gives more of themselves never gets less."""
    if ReaderClass.STAFF in policy.ladders:
        yield "staff_allowance", Fault(gettext_noop("Staff read everything: they have no ladder."))
    for lower, reader in pairwise((ReaderClass.ANONYMOUS, *WITH_ACCOUNT)):
        less, more = policy.ladder(lower), policy.ladder(reader)
        if _less(more, less):
            sentence = gettext_noop("%(readers)s would get fewer articles (%(more)s) than %(lower)s (%(less)s).")
            values = {"readers": reader, "more": more.allowance, "lower": lower, "less": less.allowance}
            yield f"{reader}_allowance", Fault(sentence, **values)


def _less(one: Ladder, other: Ladder) -> bool:
    if one.allowance is None:
        return False
    return other.allowance is None or one.allowance < other.allowance


class Verdict(StrEnum):
    OPEN = "open"
    WALL = "wall"


class Reason(StrEnum):
    """Why: for the reader who asks, for the help desk, for the reading log."""

    METER_OFF = "meter off"
    STAFF = "staff"
    FREE = "always free"
    PUBLIC_INTEREST = "public interest"
    MEMBERS_ONLY = "members only"
    MEMBER = "member"
    NO_LIMIT = "no limit"
    COUNTED_BEFORE = "counted before"
    WITHIN = "within the allowance"
    BEYOND = "beyond the allowance"
    STRANGERS = "too many views without a cookie from this network"
    CRAWLER = "verified crawler"


@dataclass(frozen=True)
class Decision:
    """`count`: distinct articles of this window, this one included if it counts. `counts`: write it into the ledger."""

    verdict: Verdict
    reason: Reason
    count: int = 0
    counts: bool = False
    notice: bool = False

    @property
    def opens(self) -> bool:
        return self.verdict is Verdict.OPEN


@dataclass(frozen=True)
class Terms:
    """What a policy says of one article to one class of reader, whoever they are: all of `decide` but the counting.

    Good until `until` (None: until policy or article change), so that a gate may keep them. `settled` is the whole
    answer where nothing is counted.
    """

    settled: Decision | None
    ladder: Ladder
    until: datetime | None


def terms(policy: Policy, article: Article, reader: ReaderClass, now: datetime) -> Terms:
    """See `Terms`. Raises ValueError if `now` is naive."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    settled, until = _settle(policy, article, reader, now)
    return Terms(settled, policy.ladder(reader), until)


class Likeness(NamedTuple):
    """What `terms` makes of an article that time does not change: articles alike in it have the same terms at all times."""

    always_free: bool
    members_only: bool
    free_by_kind: bool


def likeness(policy: Policy, article: Article) -> Likeness | None:
    """None: there is a moment at which the article's terms change, or there was one."""
    if article.free_until is not None:
        return None
    if article.published is not None and (policy.metered_after_days is not None or policy.free_after_days is not None):
        return None
    return Likeness(article.always_free, article.members_only, _is_free_by_kind(policy, article))


def _settle(
    policy: Policy, article: Article, reader: ReaderClass, now: datetime
) -> tuple[Decision | None, datetime | None]:
    """The rules in the order they are asked; the first that knows the answer gives it, and says how long it holds."""
    if reader is ReaderClass.STAFF:
        return Decision(Verdict.OPEN, Reason.STAFF), None
    if not policy.on and not article.members_only:
        return Decision(Verdict.OPEN, Reason.METER_OFF), None
    # What is given to everyone
    if article.free_until is not None and now < article.free_until:
        return Decision(Verdict.OPEN, Reason.PUBLIC_INTEREST), article.free_until
    if article.always_free:
        return Decision(Verdict.OPEN, Reason.FREE), None
    # What is given to members only: a free section or a short length does not open it, only the two switches above
    if article.members_only:
        if reader is ReaderClass.ANONYMOUS:
            return Decision(Verdict.WALL, Reason.MEMBERS_ONLY), None
        return Decision(Verdict.OPEN, Reason.MEMBER), None
    if _is_free_by_kind(policy, article):
        return Decision(Verdict.OPEN, Reason.FREE), None
    is_free, until = _by_age(policy, article, now)
    if is_free:
        return Decision(Verdict.OPEN, Reason.FREE), until
    if policy.ladder(reader).is_open:
        return Decision(Verdict.OPEN, Reason.NO_LIMIT), until
    return None, until


def _is_free_by_kind(policy: Policy, article: Article) -> bool:
    return (
        article.section in policy.free_sections
        or article.kind in policy.free_kinds
        or not policy.free_topics.isdisjoint(article.topics)
        or article.words < policy.free_below_words
    )


def _by_age(policy: Policy, article: Article, now: datetime) -> tuple[bool, datetime | None]:
    """Whether its age frees the article, and the next moment at which that changes."""
    if article.published is None:
        return False, None
    ages = [(policy.metered_after_days, True), (policy.free_after_days, False)]
    for days, free_before in ages:
        if days is None:
            continue
        turn = article.published + timedelta(days=days)
        if now < turn:
            return free_before, turn
    return policy.free_after_days is not None, None


def counted(policy: Policy, reads: Iterable[Read], now: datetime) -> list[Read]:
    """Those of `reads` that count now: the first read of each article that has not left its window, oldest first.

    A calendar window that was running when the site's zone changed runs on to the later of the two midnights, so that a
    change of zone never takes an opened article from a reader, nor lets the count begin again early.

    A change of the window's kind or length holds at once: what lies in the new window counts.
    """
    span = policy.window.span(now, ZoneInfo(policy.zone))
    first: dict[int, Read] = {}
    for read in sorted(reads, key=lambda read: read.at):
        if in_force(policy.window, read, span, now):
            first.setdefault(read.article, read)
    return list(first.values())


ZONES_APART = timedelta(hours=26)  # from UTC-12 to UTC+14


def in_force(window: Window, read: Read, span: Span, now: datetime) -> bool:
    """Whether `read` still counts; `span` is the window that `now` lies in."""
    if window.kind is WindowKind.ROLLING:
        return now - read.at < timedelta(days=window.days)
    if read.at >= span.opens:
        return True
    if read.until is None or now >= read.until:
        return False
    # Read before this window opened, in one that has not closed: the site's zone has changed since. A change of zone
    # moves a midnight by 26 hours at most; further away from this window's, it was that of another kind of window.
    closed_late = read.until <= span.opens + ZONES_APART
    opened_early = read.at >= span.opens - ZONES_APART and read.until <= span.closes + ZONES_APART
    return closed_late or opened_early


def decide(policy: Policy, reads: Sequence[Read], article: Article, reader: ReaderClass, now: datetime) -> Decision:
    """Say whether this reader may open this article, and what they see.

    `reads`: articles that counted, any order; those that have left the window are ignored. `now` is aware. Re-opening
    an article that counted is always allowed. A walled view counts nothing.

    >>> from datetime import UTC
    >>> now = datetime(2019, 10, 16, tzinfo=UTC)
    >>> two = [Read(article, now) for article in (1, 2)]
    >>> third = decide(Policy(), two, Article(3), ReaderClass.ANONYMOUS, now)
    >>> third.reason, third.count, third.notice
    (<Reason.WITHIN: 'within the allowance'>, 3, True)
    """
    agreed = terms(policy, article, reader, now)
    if agreed.settled is not None:
        return agreed.settled
    return decide_counted(agreed.ladder, {read.article for read in counted(policy, reads, now)}, article.id)


def decide_counted(ladder: Ladder, articles: Iterable[int], article: int) -> Decision:
    """The counting half of `decide`: `articles` are the distinct ids that count now."""
    if ladder.allowance is None:
        return Decision(Verdict.OPEN, Reason.NO_LIMIT)
    known = articles if isinstance(articles, (set, frozenset, dict)) else set(articles)
    if article in known:
        return _opened(ladder, len(known), Reason.COUNTED_BEFORE)
    if len(known) >= ladder.allowance:
        return Decision(Verdict.WALL, Reason.BEYOND, count=len(known))
    return _opened(ladder, len(known) + 1, Reason.WITHIN)


def _opened(ladder: Ladder, count: int, reason: Reason) -> Decision:
    shows = ladder.notice_from is not None and count >= ladder.notice_from
    return Decision(Verdict.OPEN, reason, count, counts=reason is Reason.WITHIN, notice=shows)
