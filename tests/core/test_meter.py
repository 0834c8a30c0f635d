"""The ladder, the windows and the rules about articles, in tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadsheet.core.meter import (
    Article,
    Decision,
    ImpossiblePolicy,
    Ladder,
    Policy,
    Read,
    ReaderClass,
    Reason,
    Verdict,
    Window,
    WindowKind,
    counted,
    decide,
    decide_counted,
    terms,
)

NOW = datetime(2019, 10, 16, 12, tzinfo=UTC)
ANONYMOUS, REGISTERED, SUPPORTER = ReaderClass.ANONYMOUS, ReaderClass.REGISTERED, ReaderClass.SUPPORTER
MONTH, WEEK, DAY, ROLLING = WindowKind.MONTH, WindowKind.WEEK, WindowKind.DAY, WindowKind.ROLLING


def read(*articles: int, at: datetime = NOW, until: datetime | None = None) -> list[Read]:
    return [Read(article, at, until) for article in articles]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "verdict", "count", "notice"),
    [
        (1, Verdict.OPEN, 1, False),
        (2, Verdict.OPEN, 2, False),
        (3, Verdict.OPEN, 3, True),
        (4, Verdict.OPEN, 4, True),
        (10, Verdict.OPEN, 10, True),
        (11, Verdict.WALL, 10, False),
        (12, Verdict.WALL, 10, False),
    ],
)
def test_the_default_ladder(number: int, verdict: Verdict, count: int, notice: bool) -> None:
    already = read(*range(1, min(number, 11)))
    decision = decide(Policy(), already, Article(number), ANONYMOUS, NOW)
    assert (decision.verdict, decision.count, decision.notice) == (verdict, count, notice)
    assert decision.counts == (verdict is Verdict.OPEN)


def test_at_the_wall_what_was_read_stays_open_and_says_the_count() -> None:
    decision = decide(Policy(), read(*range(1, 11)), Article(4), ANONYMOUS, NOW)
    assert decision == Decision(Verdict.OPEN, Reason.COUNTED_BEFORE, count=10, counts=False, notice=True)


def test_articles_over_a_lowered_allowance_stay_open() -> None:
    lowered = Policy(ladders={ANONYMOUS: Ladder(allowance=3)})
    assert decide(lowered, read(*range(1, 11)), Article(7), ANONYMOUS, NOW).opens
    assert not decide(lowered, read(*range(1, 11)), Article(11), ANONYMOUS, NOW).opens


def test_an_allowance_of_nothing_walls_the_first_article() -> None:
    hard = Policy(ladders={ANONYMOUS: Ladder(allowance=0)}).check()
    assert decide(hard, [], Article(1), ANONYMOUS, NOW) == Decision(Verdict.WALL, Reason.BEYOND)


@pytest.mark.parametrize("reader", [REGISTERED, SUPPORTER, ReaderClass.SUBSCRIBER, ReaderClass.STAFF])
def test_registering_opens_the_default_meter(reader: ReaderClass) -> None:
    decision = decide(Policy(), read(*range(1, 11)), Article(11), reader, NOW)
    assert decision.opens
    assert not decision.counts
    assert not decision.notice


def test_a_class_without_a_ladder_stands_on_the_nearest_below_but_never_on_the_strangers() -> None:
    policy = Policy(ladders={ANONYMOUS: Ladder(3), REGISTERED: Ladder(20)})
    assert policy.ladder(SUPPORTER) == Ladder(20)
    assert policy.ladder(ReaderClass.SUBSCRIBER) == Ladder(20)
    assert policy.ladder(ReaderClass.STAFF).is_open
    assert Policy(ladders={ANONYMOUS: Ladder(3)}).ladder(REGISTERED).is_open
    assert Policy(ladders={}).ladder(ANONYMOUS).is_open


OLD = NOW - timedelta(days=40)
YESTERDAY = NOW - timedelta(days=1)
TOMORROW = NOW + timedelta(days=1)
FULL = read(*range(1, 11))


@pytest.mark.parametrize(
    ("policy", "article", "reader", "reason", "until"),
    [
        (Policy(on=False), Article(11), ANONYMOUS, Reason.METER_OFF, None),
        (Policy(on=False), Article(11, members_only=True), ANONYMOUS, Reason.MEMBERS_ONLY, None),
        (Policy(), Article(11, members_only=True), ANONYMOUS, Reason.MEMBERS_ONLY, None),
        (Policy(), Article(11, members_only=True), REGISTERED, Reason.MEMBER, None),
        (Policy(), Article(11, members_only=True), ReaderClass.STAFF, Reason.STAFF, None),
        (Policy(), Article(11, always_free=True), ANONYMOUS, Reason.FREE, None),
        (Policy(), Article(11, always_free=True, members_only=True), ANONYMOUS, Reason.FREE, None),
        (Policy(), Article(11, free_until=TOMORROW), ANONYMOUS, Reason.PUBLIC_INTEREST, TOMORROW),
        (Policy(), Article(11, free_until=TOMORROW, members_only=True), ANONYMOUS, Reason.PUBLIC_INTEREST, TOMORROW),
        (Policy(), Article(11, free_until=NOW), ANONYMOUS, Reason.BEYOND, None),
        (Policy(free_sections=frozenset({7})), Article(11, section=7), ANONYMOUS, Reason.FREE, None),
        (
            Policy(free_sections=frozenset({7})),
            Article(11, section=7, members_only=True),
            ANONYMOUS,
            Reason.MEMBERS_ONLY,
            None,
        ),
        (Policy(free_sections=frozenset({7})), Article(11, section=8), ANONYMOUS, Reason.BEYOND, None),
        (Policy(free_topics=frozenset({4})), Article(11, topics=frozenset({3, 4})), ANONYMOUS, Reason.FREE, None),
        (Policy(free_topics=frozenset({4})), Article(11, topics=frozenset({3})), ANONYMOUS, Reason.BEYOND, None),
        (Policy(free_kinds=frozenset({"notice"})), Article(11, kind="notice"), ANONYMOUS, Reason.FREE, None),
        (Policy(free_below_words=100), Article(11, words=99), ANONYMOUS, Reason.FREE, None),
        (Policy(free_below_words=100), Article(11, words=100), ANONYMOUS, Reason.BEYOND, None),
        (Policy(free_after_days=30), Article(11, published=OLD), ANONYMOUS, Reason.FREE, None),
        (
            Policy(free_after_days=30),
            Article(11, published=YESTERDAY),
            ANONYMOUS,
            Reason.BEYOND,
            YESTERDAY + timedelta(days=30),
        ),
        (
            Policy(metered_after_days=7),
            Article(11, published=YESTERDAY),
            ANONYMOUS,
            Reason.FREE,
            YESTERDAY + timedelta(days=7),
        ),
        (Policy(metered_after_days=7), Article(11, published=OLD), ANONYMOUS, Reason.BEYOND, None),
        (
            Policy(metered_after_days=2, free_after_days=30),
            Article(11, published=NOW - timedelta(days=5)),
            ANONYMOUS,
            Reason.BEYOND,
            NOW + timedelta(days=25),
        ),
        (Policy(metered_after_days=2, free_after_days=30), Article(11, published=OLD), ANONYMOUS, Reason.FREE, None),
        (Policy(free_after_days=30), Article(11), ANONYMOUS, Reason.BEYOND, None),
        (
            Policy(free_after_days=30),
            Article(11, published=YESTERDAY),
            REGISTERED,
            Reason.NO_LIMIT,
            YESTERDAY + timedelta(days=30),
        ),
    ],
)
def test_what_is_metered(
    policy: Policy, article: Article, reader: ReaderClass, reason: Reason, until: datetime | None
) -> None:
    decision = decide(policy, FULL, article, reader, NOW)
    assert decision.reason is reason
    assert decision.opens == (reason not in (Reason.BEYOND, Reason.MEMBERS_ONLY))
    assert not decision.counts
    assert terms(policy, article, reader, NOW).until == until


def test_terms_hold_until_the_moment_they_name_and_not_longer() -> None:
    policy, article = Policy(metered_after_days=2, free_after_days=30), Article(11, published=YESTERDAY)
    seen, moment = [], NOW
    while True:
        agreed = terms(policy, article, ANONYMOUS, moment)
        seen.append(agreed.settled.reason if agreed.settled else None)
        if agreed.until is None:
            break
        just_before = terms(policy, article, ANONYMOUS, agreed.until - timedelta(microseconds=1))
        assert just_before.settled == agreed.settled
        moment = agreed.until
    assert seen == [Reason.FREE, None, Reason.FREE]


def test_a_naive_moment_is_refused() -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        decide(Policy(), [], Article(1), ANONYMOUS, naive)
    with pytest.raises(ValueError, match="aware"):
        Window().span(naive, ZoneInfo("UTC"))


def test_a_ladder_without_an_allowance_opens_also_when_asked_only_to_count() -> None:
    assert decide_counted(Ladder(), [1, 2, 3], 4) == Decision(Verdict.OPEN, Reason.NO_LIMIT)


@pytest.mark.parametrize(
    ("kind", "zone", "now", "opens", "closes"),
    [
        # No summer time
        (MONTH, "UTC", "2019-10-31T23:59:59", "2019-10-01T00:00", "2019-11-01T00:00"),
        (MONTH, "UTC", "2019-11-01T00:00:00", "2019-11-01T00:00", "2019-12-01T00:00"),
        (MONTH, "UTC", "2020-02-29T12:00:00", "2020-02-01T00:00", "2020-03-01T00:00"),
        (MONTH, "UTC", "2019-12-31T23:00:00", "2019-12-01T00:00", "2020-01-01T00:00"),
        (MONTH, "Asia/Kolkata", "2019-10-31T18:29:59", "2019-09-30T18:30", "2019-10-31T18:30"),
        (MONTH, "Asia/Kolkata", "2019-10-31T18:30:00", "2019-10-31T18:30", "2019-11-30T18:30"),
        (MONTH, "Pacific/Kiritimati", "2019-10-31T10:00:00", "2019-10-31T10:00", "2019-11-30T10:00"),
        # The month holds a change to or from summer time, and is an hour shorter or longer
        (MONTH, "Europe/Berlin", "2019-10-31T22:59:59", "2019-09-30T22:00", "2019-10-31T23:00"),
        (MONTH, "Europe/Berlin", "2019-10-31T23:00:00", "2019-10-31T23:00", "2019-11-30T23:00"),
        (MONTH, "Europe/Berlin", "2019-03-15T00:00:00", "2019-02-28T23:00", "2019-03-31T22:00"),
        (MONTH, "America/New_York", "2019-11-01T03:59:59", "2019-10-01T04:00", "2019-11-01T04:00"),
        (MONTH, "America/New_York", "2019-11-30T12:00:00", "2019-11-01T04:00", "2019-12-01T05:00"),
        (DAY, "Europe/Berlin", "2019-03-31T12:00:00", "2019-03-30T23:00", "2019-03-31T22:00"),
        (DAY, "Europe/Berlin", "2019-10-27T12:00:00", "2019-10-26T22:00", "2019-10-27T23:00"),
        # Summer time begins at midnight: that midnight does not exist, the day begins at 01:00
        (DAY, "Africa/Cairo", "2023-04-28T09:00:00", "2023-04-27T22:00", "2023-04-28T21:00"),
        (DAY, "Africa/Cairo", "2023-04-27T21:59:59", "2023-04-26T22:00", "2023-04-27T22:00"),
        (WEEK, "Asia/Beirut", "2019-03-31T12:00:00", "2019-03-24T22:00", "2019-03-31T21:00"),
        (DAY, "Asia/Beirut", "2019-03-30T22:00:00", "2019-03-30T22:00", "2019-03-31T21:00"),
        (DAY, "America/Santiago", "2019-09-08T12:00:00", "2019-09-08T04:00", "2019-09-09T03:00"),
        (MONTH, "America/Santiago", "2019-09-30T12:00:00", "2019-09-01T04:00", "2019-10-01T03:00"),
        # … and ends at midnight, where the last hour of the day comes twice
        (DAY, "Africa/Cairo", "2023-10-26T20:30:00", "2023-10-25T21:00", "2023-10-26T22:00"),
        (DAY, "Africa/Cairo", "2023-10-26T21:30:00", "2023-10-25T21:00", "2023-10-26T22:00"),
        (DAY, "America/Santiago", "2019-04-07T03:30:00", "2019-04-06T03:00", "2019-04-07T04:00"),
        # Midnight itself comes twice: the first one turns the window
        (DAY, "America/Havana", "2019-11-03T05:30:00", "2019-11-03T04:00", "2019-11-04T05:00"),
        (MONTH, "America/Havana", "2015-11-01T04:30:00", "2015-11-01T04:00", "2015-12-01T05:00"),
        # Clocks went back over midnight at the turn of the month, so that October's last hour came once more
        (MONTH, "America/St_Johns", "2009-11-01T02:31:00", "2009-11-01T02:30", "2009-12-01T03:30"),
        (DAY, "America/St_Johns", "2009-11-01T02:31:00", "2009-11-01T02:30", "2009-11-02T03:30"),
        # A day that never was (30 December 2011)
        (DAY, "Pacific/Apia", "2011-12-30T10:00:00", "2011-12-30T10:00", "2011-12-31T10:00"),
        # Weeks begin on Monday, over the turn of a year too
        (WEEK, "UTC", "2020-01-01T00:00:00", "2019-12-30T00:00", "2020-01-06T00:00"),
        (WEEK, "UTC", "2019-12-29T23:59:59", "2019-12-23T00:00", "2019-12-30T00:00"),
    ],
)
def test_windows_turn_at_local_midnight(kind: WindowKind, zone: str, now: str, opens: str, closes: str) -> None:
    span = Window(kind).span(utc(now), ZoneInfo(zone))
    assert (span.opens.astimezone(UTC), span.closes.astimezone(UTC)) == (utc(opens), utc(closes))
    assert utc(now) in span


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "America/Santiago", "Asia/Tokyo"])
def test_the_month_turns_and_the_count_begins_again(zone: str) -> None:
    policy = Policy(zone=zone)
    span = policy.window.span(NOW, ZoneInfo(zone))
    full = read(*range(1, 11), at=NOW, until=span.closes)
    last, first = span.closes - timedelta(microseconds=1), span.closes
    assert not decide(policy, full, Article(11), ANONYMOUS, last).opens
    assert decide(policy, full, Article(11), ANONYMOUS, first).count == 1


def test_a_rolling_window_frees_each_article_n_days_after_it_was_first_read() -> None:
    policy = Policy(ladders={ANONYMOUS: Ladder(1)}, window=Window(ROLLING, days=30))
    first = [Read(1, NOW)]
    turn = NOW + timedelta(days=30)
    assert not decide(policy, first, Article(2), ANONYMOUS, turn - timedelta(microseconds=1)).opens
    assert decide(policy, first, Article(2), ANONYMOUS, turn).opens
    again = [*first, Read(1, NOW + timedelta(days=29))]
    assert counted(policy, again, NOW + timedelta(days=29)) == first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("UTC", "America/Los_Angeles"),
        ("UTC", "Pacific/Auckland"),
        ("Pacific/Auckland", "America/Los_Angeles"),
        ("America/Los_Angeles", "Pacific/Kiritimati"),
        ("Pacific/Kiritimati", "Pacific/Pago_Pago"),
    ],
)
def test_changing_the_zone_never_shortens_a_running_window(before: str, after: str) -> None:
    month = Window()
    span = month.span(NOW, ZoneInfo(before))
    reads = [Read(1, NOW, span.closes), Read(2, span.opens, span.closes)]
    changed = Policy(zone=after)
    moment = NOW
    while moment < span.closes:
        assert len(counted(changed, reads[:1], moment)) == 1, moment
        moment += timedelta(hours=1)
    assert counted(changed, reads, max(span.closes, month.span(NOW, ZoneInfo(after)).closes)) == []


def test_a_change_of_the_windows_kind_holds_at_once() -> None:
    wednesday = utc("2019-10-16T12:00")
    reads = [Read(1, utc("2019-10-02T12:00"), utc("2019-11-01T00:00")), Read(2, wednesday, utc("2019-11-01T00:00"))]
    weekly = Policy(window=Window(WEEK))
    assert [read.article for read in counted(weekly, reads, wednesday)] == [2]
    rolling = Policy(window=Window(ROLLING, days=7))
    assert [read.article for read in counted(rolling, reads, wednesday)] == [2]


def ladders(**given: Ladder) -> dict[ReaderClass, Ladder]:
    return {ReaderClass(name): ladder for name, ladder in given.items()}


@pytest.mark.parametrize(
    ("policy", "field", "reason"),
    [
        (Policy(ladders(anonymous=Ladder(-1))), "anonymous_allowance", "0 to 500 articles, not -1"),
        (Policy(ladders(anonymous=Ladder(501))), "anonymous_allowance", "0 to 500 articles, not 501"),
        (Policy(ladders(anonymous=Ladder(10, 11))), "anonymous_notice_from", "no reader could ever see it"),
        (Policy(ladders(anonymous=Ladder(0, 1))), "anonymous_notice_from", "no reader could ever see it"),
        (Policy(ladders(anonymous=Ladder(10, 0))), "anonymous_notice_from", "the first is number 1"),
        (Policy(ladders(registered=Ladder(None, 3))), "registered_notice_from", "theirs are not counted"),
        (
            Policy(ladders(anonymous=Ladder(10), registered=Ladder(5))),
            "registered_allowance",
            r"Registered readers would get fewer articles \(5\) than anonymous readers \(10\)",
        ),
        (
            Policy(ladders(anonymous=Ladder(), registered=Ladder(5))),
            "registered_allowance",
            r"\(5\) than anonymous readers \(no limit\)",
        ),
        (Policy(ladders(registered=Ladder(5))), "registered_allowance", "no limit"),
        (
            Policy(ladders(anonymous=Ladder(3), supporter=Ladder(20))),
            "supporter_allowance",
            r"\(20\) than registered readers \(no limit\)",
        ),
        (Policy(ladders(staff=Ladder(5))), "staff_allowance", "Staff read everything"),
        (Policy(window=Window(ROLLING)), "window_days", "1 to 366 days, not 0"),
        (Policy(window=Window(ROLLING, 367)), "window_days", "1 to 366 days, not 367"),
        (Policy(zone="Europe/Atlantis"), "zone", "“Europe/Atlantis” is not a time zone"),
        (Policy(zone="../etc/passwd"), "zone", "is not a time zone"),
        (Policy(zone=""), "zone", "is not a time zone"),
        (Policy(free_below_words=-1), "free_below_words", "cannot be -1 words"),
        (Policy(free_after_days=0), "free_after_days", "at least 1, not 0"),
        (Policy(metered_after_days=0), "metered_after_days", "at least 1, not 0"),
        (Policy(metered_after_days=30, free_after_days=30), "free_after_days", "none would ever be metered"),
        (Policy(strangers_a_day=0), "strangers_a_day", "At least one view a day"),
    ],
)
def test_impossible_policies_are_refused_with_the_reason(policy: Policy, field: str, reason: str) -> None:
    with pytest.raises(ImpossiblePolicy, match=reason) as refused:
        policy.check()
    assert set(refused.value.faults) == {field}


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ImpossiblePolicy) as refused:
        Policy(ladders(anonymous=Ladder(10, 20)), zone="nowhere", strangers_a_day=0).check()
    assert set(refused.value.faults) == {"anonymous_notice_from", "zone", "strangers_a_day"}


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        Policy(ladders={}),
        Policy(ladders(anonymous=Ladder(1, 1))),
        Policy(ladders(anonymous=Ladder(0), registered=Ladder(0), supporter=Ladder(500, 500))),
        Policy(ladders(anonymous=Ladder(10), registered=Ladder(10))),
        Policy(window=Window(ROLLING, 366), free_after_days=2, metered_after_days=1),
    ],
)
def test_possible_policies_are_not_refused(policy: Policy) -> None:
    assert policy.check() is policy
