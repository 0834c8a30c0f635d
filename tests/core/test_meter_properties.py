"""What holds of the meter whatever the policy, the reads and the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.core.meter import (
    Article,
    Ladder,
    Policy,
    Read,
    ReaderClass,
    Reason,
    Window,
    WindowKind,
    counted,
    decide,
    decide_counted,
    likeness,
    terms,
)

# With summer time and without, skipping midnight or having it twice, with odd offsets, on both edges of the world.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Santiago",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
ARTICLES = st.integers(1, 25)

zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
calendar_windows = st.sampled_from([Window(WindowKind.MONTH), Window(WindowKind.WEEK), Window(WindowKind.DAY)])
windows = st.one_of(
    calendar_windows,
    st.integers(1, 40).map(lambda days: Window(WindowKind.ROLLING, days)),
)


@st.composite
def metered_ladders(draw: Callable) -> Ladder:
    allowance = draw(st.integers(0, 15))
    return Ladder(allowance, draw(st.one_of(st.none(), st.integers(1, max(allowance, 1)))) if allowance else None)


@st.composite
def orders_of_ladders(draw: Callable) -> dict[ReaderClass, Ladder]:
    """From strangers upwards, none lower than the one before; classes that are left out stand on it."""
    drawn = draw(st.lists(st.one_of(st.just(Ladder()), metered_ladders()), max_size=4))
    upwards = sorted(drawn, key=lambda ladder: 1000 if ladder.allowance is None else ladder.allowance)
    return dict(zip(ReaderClass, upwards, strict=False))


@st.composite
def policies(draw: Callable) -> Policy:
    ages = sorted(draw(st.sets(st.integers(1, 60), min_size=2, max_size=2)))
    return Policy(
        ladders=draw(orders_of_ladders()),
        window=draw(windows),
        zone=draw(zones),
        on=draw(st.booleans()),
        free_sections=draw(st.frozensets(st.integers(1, 4), max_size=2)),
        free_topics=draw(st.frozensets(st.integers(1, 4), max_size=2)),
        free_below_words=draw(st.sampled_from([0, 200])),
        metered_after_days=draw(st.sampled_from([None, ages[0]])),
        free_after_days=draw(st.sampled_from([None, ages[1]])),
    ).check()


@st.composite
def published_articles(draw: Callable, now: datetime) -> Article:
    around = st.one_of(st.none(), st.integers(-70 * 24, 24).map(lambda hours: now + timedelta(hours=hours)))
    return Article(
        id=draw(ARTICLES),
        section=draw(st.integers(1, 5)),
        topics=draw(st.frozensets(st.integers(1, 6), max_size=2)),
        words=draw(st.sampled_from([0, 199, 200, 900])),
        published=draw(around),
        always_free=draw(st.booleans()),
        members_only=draw(st.booleans()),
        free_until=draw(around),
    )


@st.composite
def past_reads(draw: Callable, policy: Policy, now: datetime) -> list[Read]:
    """Reads as a ledger holds them: each with the close of the window it was made in."""
    zone = ZoneInfo(policy.zone)
    reads = []
    for article, minutes in draw(st.lists(st.tuples(ARTICLES, st.integers(0, 60 * 24 * 60)), max_size=30)):
        at = now - timedelta(minutes=minutes)
        rolling = policy.window.kind is WindowKind.ROLLING
        reads.append(Read(article, at, None if rolling else policy.window.span(at, zone).closes))
    return reads


@given(calendar_windows, zones, moments)
def test_every_moment_lies_in_its_window_and_the_next_begins_where_it_closes(
    window: Window, zone: str, now: datetime
) -> None:
    span = window.span(now, ZoneInfo(zone))
    assert now in span
    assert window.span(span.opens, ZoneInfo(zone)) == span
    assert window.span(span.closes, ZoneInfo(zone)).opens == span.closes
    assert span.opens.astimezone(UTC) < span.closes.astimezone(UTC)


@given(st.data(), policies(), moments)
def test_terms_and_counting_agree_with_the_whole_decision(data: st.DataObject, policy: Policy, now: datetime) -> None:
    article, reader = data.draw(published_articles(now)), data.draw(st.sampled_from(list(ReaderClass)))
    reads = data.draw(past_reads(policy, now))
    agreed = terms(policy, article, reader, now)
    halves = agreed.settled or decide_counted(
        agreed.ladder, [read.article for read in counted(policy, reads, now)], article.id
    )
    assert decide(policy, reads, article, reader, now) == halves
    if agreed.until is not None:
        just_before = agreed.until - timedelta(microseconds=1)
        assert terms(policy, article, reader, just_before) == agreed


@given(st.data(), policies(), moments, moments)
def test_articles_that_are_alike_have_the_same_terms_at_all_times(
    data: st.DataObject, policy: Policy, now: datetime, later: datetime
) -> None:
    article, reader = data.draw(published_articles(now)), data.draw(st.sampled_from(list(ReaderClass)))
    alike = likeness(policy, article)
    if alike is None:
        assert article.free_until or (article.published and (policy.metered_after_days or policy.free_after_days))
        return
    # Another article of the same likeness, as bare as can be
    other = Article(99, words=10_000, always_free=alike.always_free, members_only=alike.members_only)
    without_kinds = replace(policy, free_kinds=frozenset({"article"}) if alike.free_by_kind else frozenset())
    assert likeness(without_kinds, other) == alike
    assert terms(policy, article, reader, now) == terms(policy, article, reader, later)
    assert terms(policy, article, reader, now) == terms(without_kinds, other, reader, now)


@given(st.data(), policies(), moments)
def test_the_order_of_reads_never_matters(data: st.DataObject, policy: Policy, now: datetime) -> None:
    reads = data.draw(past_reads(policy, now))
    shuffled = data.draw(st.permutations(reads))
    article = Article(data.draw(ARTICLES))
    for reader in ReaderClass:
        assert decide(policy, reads, article, reader, now) == decide(policy, shuffled, article, reader, now)


@given(st.data(), metered_ladders(), calendar_windows, zones, moments)
def test_counts_never_fall_inside_a_window_and_rereading_never_costs(
    data: st.DataObject, ladder: Ladder, window: Window, zone: str, start: datetime
) -> None:
    """A reader goes through a window, opening this and that: the count only rises, and only by new articles."""
    policy = Policy({ReaderClass.ANONYMOUS: ladder}, window, zone)
    span = window.span(start, ZoneInfo(zone))
    seconds = int((span.closes - span.opens).total_seconds()) - 1
    visits = sorted(data.draw(st.lists(st.tuples(st.integers(0, seconds), ARTICLES), max_size=40)))
    reads: list[Read] = []
    opened: set[int] = set()
    last = 0
    for after_s, article in visits:
        now = span.opens.astimezone(UTC) + timedelta(seconds=after_s)
        decision = decide(policy, reads, Article(article), ReaderClass.ANONYMOUS, now)
        assert decision.count >= last
        assert decision.count - last == (1 if decision.counts else 0)
        if article in opened:
            assert decision.opens
            assert decision.reason is Reason.COUNTED_BEFORE
        if decision.counts:
            reads.append(Read(article, now, span.closes))
            opened.add(article)
        last = decision.count
    assert last == len(opened) <= (ladder.allowance or 0)


@given(st.data(), metered_ladders(), windows, zones, moments)
def test_the_wall_is_never_before_its_rung_and_the_notice_never_before_its_count(
    data: st.DataObject, ladder: Ladder, window: Window, zone: str, now: datetime
) -> None:
    policy = Policy({ReaderClass.ANONYMOUS: ladder}, window, zone)
    reads = data.draw(past_reads(policy, now))
    article = Article(data.draw(ARTICLES))
    known = {read.article for read in counted(policy, reads, now)}
    decision = decide(policy, reads, article, ReaderClass.ANONYMOUS, now)
    assert decision.opens == (article.id in known or len(known) < (ladder.allowance or 0))
    assert not (decision.counts and not decision.opens)
    if decision.notice:
        assert decision.opens
        assert ladder.notice_from is not None
        assert decision.count >= ladder.notice_from


@given(st.data(), calendar_windows, zones, zones, moments)
def test_a_change_of_zone_frees_nothing_that_its_window_still_holds(
    data: st.DataObject, window: Window, zone: str, other: str, now: datetime
) -> None:
    policy = Policy(window=window, zone=zone)
    reads = data.draw(past_reads(policy, now))
    before = {read.article for read in counted(policy, reads, now)}
    moved = Policy(policy.ladders, policy.window, other)
    assert before <= {read.article for read in counted(moved, reads, now)}
    later = now + timedelta(minutes=data.draw(st.integers(0, 60 * 24 * 40)))
    still_running = {read.article for read in reads if read.until is not None and read.at <= now and later < read.until}
    assert still_running <= {read.article for read in counted(moved, reads, later)}


@given(st.data(), moments, st.integers(1, 40), ARTICLES)
def test_a_rolling_window_holds_a_read_for_its_days_and_no_longer(
    data: st.DataObject, at: datetime, days: int, article: int
) -> None:
    policy = Policy(window=Window(WindowKind.ROLLING, days), zone=data.draw(zones))
    reads = [Read(article, at), Read(article, at + timedelta(hours=data.draw(st.integers(0, 24 * days - 1))))]
    closes = at + timedelta(days=days)
    assert [read.at for read in counted(policy, reads, closes - timedelta(microseconds=1))] == [at]
    assert reads[0] not in counted(policy, reads, closes)


@given(st.data(), policies(), moments)
def test_whoever_gives_more_of_themselves_never_gets_less(data: st.DataObject, policy: Policy, now: datetime) -> None:
    reads, article = data.draw(past_reads(policy, now)), data.draw(published_articles(now))
    opens = [decide(policy, reads, article, reader, now).opens for reader in ReaderClass]
    assert opens == sorted(opens)
