import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lmdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet.core.meter import (
    Article,
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
)
from broadsheet.gate import store
from broadsheet.gate.ledger import Ledger, account_key, ledger_window, reader_key
from broadsheet.gate.limits import Limits
from broadsheet.gate.policy import PolicySnapshot

NOW = datetime(2019, 10, 16, 12, tzinfo=UTC)
READER = reader_key(b"a" * 12)
ANONYMOUS = ReaderClass.ANONYMOUS


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def in_force(ledger: Ledger, **policy: object) -> Policy:
    return ledger.publish_policy(PolicySnapshot(Policy(**policy), "{count}", "The Paper")).policy  # type: ignore[arg-type]


def count(ledger: Ledger, article: int, policy: Policy, now: datetime = NOW, first: Read | None = None) -> int:
    return ledger.count(READER, Article(article, words=500), ANONYMOUS, first, policy, now).count


def test_a_second_view_begins_the_entry_with_the_article_of_the_cookie(ledger: Ledger) -> None:
    policy = in_force(ledger)
    first = Read(1, NOW)
    assert count(ledger, 2, policy, first=first) == 2
    assert count(ledger, 3, policy, first=first) == 3
    assert [read.article for read in ledger.reads(READER)] == [1, 2, 3]


def test_an_entry_of_two_is_like_any_other(ledger: Ledger) -> None:
    policy = in_force(ledger)
    first = Read(1, NOW - timedelta(days=1), datetime(2019, 11, 1, tzinfo=UTC))
    count(ledger, 2, policy, first=first)
    assert ledger.reads(READER) == [first, Read(2, NOW, datetime(2019, 11, 1, tzinfo=UTC))]
    assert count(ledger, 1, policy, NOW, first) == 2
    later = datetime(2019, 11, 2, tzinfo=UTC)
    assert count(ledger, 3, policy, later, first) == 1, "the cookie's article has left its window too"


def test_an_allowance_of_one_is_used_up_by_the_article_of_the_cookie(ledger: Ledger) -> None:
    policy = in_force(ledger, ladders={ANONYMOUS: Ladder(1)})
    said = ledger.count(READER, Article(2, words=500), ANONYMOUS, Read(1, NOW), policy, NOW)
    assert (said.verdict, said.counts) == (Verdict.WALL, False)
    assert ledger.reads(READER) == []


def test_the_window_turns_in_the_zone_of_the_site(ledger: Ledger) -> None:
    policy = in_force(ledger, zone="Pacific/Auckland")
    before = datetime(2019, 10, 31, 10, 59, 59, tzinfo=UTC)  # midnight there is 11:00 UTC
    assert [count(ledger, article, policy, before) for article in (1, 2)] == [1, 2]
    assert count(ledger, 3, policy, before + timedelta(seconds=1)) == 1


def test_a_clock_set_back_over_midnight_does_not_begin_the_count_twice(ledger: Ledger) -> None:
    policy = in_force(ledger)
    midnight = datetime(2019, 11, 1, tzinfo=UTC)
    ledger.mark_window(ledger_window(policy, midnight), midnight.timestamp())
    set_back = midnight - timedelta(hours=1)
    assert [count(ledger, article, policy, set_back) for article in (1, 2)] == [1, 2]
    assert count(ledger, 3, policy, midnight + timedelta(hours=1)) == 3


def test_a_clock_that_was_years_ahead_is_not_believed_for_years(ledger: Ledger) -> None:
    policy = in_force(ledger)
    astray = datetime(2040, 1, 1, tzinfo=UTC)
    ledger.mark_window(ledger_window(policy, astray), astray.timestamp())
    assert ledger.moment(policy, NOW) == NOW


def test_an_article_read_before_the_kind_of_window_changed_counts_by_the_new_kind(ledger: Ledger) -> None:
    monthly = in_force(ledger)
    count(ledger, 1, monthly, datetime(2019, 10, 2, tzinfo=UTC))
    count(ledger, 2, monthly, NOW)
    weekly = in_force(ledger, window=Window(WindowKind.WEEK))
    assert [read.article for read in counted(weekly, ledger.reads(READER), NOW)] == [2]
    assert count(ledger, 3, weekly) == 2


def test_a_rolling_window_frees_each_article_by_itself(ledger: Ledger) -> None:
    policy = in_force(ledger, window=Window(WindowKind.ROLLING, 7))
    count(ledger, 1, policy)
    count(ledger, 2, policy, NOW + timedelta(days=3))
    assert count(ledger, 3, policy, NOW + timedelta(days=7)) == 2


def test_joining_is_a_union_and_doing_it_again_changes_nothing(ledger: Ledger) -> None:
    policy = in_force(ledger)
    for article in (1, 2, 3):
        count(ledger, article, policy)
    account = account_key(5)
    ledger.count(account, Article(3, words=500), ANONYMOUS, None, policy, NOW - timedelta(days=1))
    ledger.count(account, Article(4, words=500), ANONYMOUS, None, policy, NOW)
    assert [ledger.join(5, b"a" * 12, NOW) for _ in range(2)] == [4, 4]
    joined = {read.article: read.at for read in ledger.reads(account)}
    assert set(joined) == {1, 2, 3, 4}
    assert joined[3] == NOW - timedelta(days=1), "the earliest read is kept"
    assert len(ledger.reads(READER)) == 3, "the browser keeps its own count"


def test_joining_takes_the_one_article_that_only_the_cookie_knows(ledger: Ledger) -> None:
    in_force(ledger)
    assert ledger.join(5, b"b" * 12, NOW, first=Read(9, NOW)) == 1
    assert [read.article for read in ledger.reads(account_key(5))] == [9]


def test_a_wiped_list_goes_on_counting(ledger: Ledger) -> None:
    policy = in_force(ledger)
    count(ledger, 1, policy)
    ledger.hide(READER, NOW + timedelta(minutes=1))
    assert count(ledger, 2, policy, NOW + timedelta(minutes=2)) == 2
    wiped_at = ledger.wiped_at(READER)
    assert wiped_at == NOW + timedelta(minutes=1)
    assert [read.article for read in ledger.reads(READER) if read.at > wiped_at] == [2]


def test_the_sweep_forgets_closed_windows_and_keeps_open_ones(ledger: Ledger) -> None:
    policy = in_force(ledger)
    count(ledger, 1, policy)
    later = datetime(2019, 11, 2, tzinfo=UTC)
    ledger.count(reader_key(b"b" * 12), Article(1, words=500), ANONYMOUS, None, policy, later)
    swept = ledger.sweep(later)
    assert (swept.entries, swept.done) == (1, True)
    assert ledger.reads(READER) == []
    assert len(ledger.reads(reader_key(b"b" * 12))) == 1


def test_passes_end_with_their_time_their_session_and_their_account(ledger: Ledger) -> None:
    in_force(ledger)
    ids = [ledger.give_pass(ReaderClass.REGISTERED, 5, NOW + timedelta(hours=hours)) for hours in (1, 2, 2)]
    other = ledger.give_pass(ReaderClass.STAFF, 6, NOW + timedelta(hours=2))
    assert ledger.pass_of(ids[0], NOW.timestamp()) is not None
    assert ledger.pass_of(ids[0], NOW.timestamp() + 3600) is None
    assert ledger.sweep(NOW + timedelta(hours=1)).passes == 1
    ledger.drop_pass(ids[1])
    assert ledger.pass_of(ids[1]) is None
    assert ledger.drop_passes_of(5) == 1
    assert ledger.pass_of(ids[2]) is None
    assert ledger.pass_of(other) is not None


def test_an_impossible_policy_is_refused_and_the_one_before_stays(ledger: Ledger) -> None:
    in_force(ledger)
    with pytest.raises(ImpossiblePolicy):
        in_force(ledger, ladders={ANONYMOUS: Ladder(3, 4)})
    snapshot = ledger.policy()
    assert snapshot is not None
    assert snapshot.policy == Policy()


def test_what_a_later_release_says_of_the_meter_is_read_as_far_as_this_one_knows_it() -> None:
    """While one takes over from the other, both read what the later one has put in force."""
    written = PolicySnapshot(Policy(), "{count}", "The Paper")
    kept = json.loads(written.to_json())
    kept["a_word"] = kept["policy"]["a_rule"] = kept["policy"]["ladders"]["anonymous"]["a_step"] = 1
    assert PolicySnapshot.from_json(json.dumps(kept)) == written


def test_a_policy_is_the_same_after_its_way_through_the_store(ledger: Ledger) -> None:
    policy = in_force(
        ledger,
        ladders={ANONYMOUS: Ladder(5, 2), ReaderClass.SUBSCRIBER: Ladder()},
        window=Window(WindowKind.ROLLING, 30),
        zone="Europe/Berlin",
        free_sections=frozenset({1, 2}),
        free_kinds=frozenset({"obituary"}),
        metered_after_days=2,
    )
    snapshot = ledger.policy()
    assert snapshot is not None
    assert snapshot.policy == policy


def fill(ledger: Ledger, db: object, size: int) -> None:
    with pytest.raises(lmdb.MapFullError):
        for number in range(100_000):
            with ledger.environment.begin(db, write=True) as txn:
                txn.put(bytes([size % 256]) + number.to_bytes(8, "big"), bytes(size))


def test_a_full_ledger_still_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.gate.ledger.MAP_BYTES", 128 << 10)
    ledger = Ledger(tmp_path / "small")
    policy = in_force(ledger)
    for db in (ledger.reads_db, ledger.limits_db):
        for size in (500, 50, 9):
            fill(ledger, db, size)
    decision = ledger.count(READER, Article(1, words=500), ANONYMOUS, None, policy, NOW)
    assert (decision.verdict, decision.reason) == (Verdict.OPEN, Reason.WITHIN)
    assert not Limits(ledger, bytes(32)).hit("code", "someone", 5, 60).ok


def _open_articles(folder: Path, start: int, results: object) -> None:
    ledger = Ledger(folder)
    now = datetime.now(UTC)
    opened = [
        ledger.count(READER, Article(start + number, words=500), ANONYMOUS, None, Policy(), now).counts
        for number in range(20)
    ]
    results.put(sum(opened))  # type: ignore[attr-defined]


def _hit(folder: Path, results: object) -> None:
    limits = Limits(Ledger(folder), bytes(32))
    results.put(sum(limits.hit("code", "someone", 25, 60).ok for _ in range(20)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("work", "expected"), [("reads", 10), ("hits", 25)])
def test_several_processes_together_never_pass_the_bound(tmp_path: Path, work: str, expected: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    folder = tmp_path / "ledger"
    processes = [
        spawn.Process(target=_open_articles, args=(folder, 100 * n, results))
        if work == "reads"
        else spawn.Process(target=_hit, args=(folder, results))
        for n in range(3)
    ]
    for process in processes:
        process.start()
    assert sum(results.get(timeout=30) for _ in processes) == expected
    for process in processes:
        process.join()


def test_opening_a_store_again_elsewhere_leaves_its_readers_alone(tmp_path: Path) -> None:
    """Closing a descriptor of LMDB's lock file would give up its locks, and the next opener begin the table anew."""
    ledger = Ledger(tmp_path / "ledger")
    ledger.reads(READER)
    spawn = multiprocessing.get_context("spawn")
    for _ in range(2):
        other = spawn.Process(target=Ledger, args=(tmp_path / "ledger",))
        other.start()
        other.join()
        assert other.exitcode == 0
        assert ledger.reads(READER) == []  # raised MDB_BAD_RSLOT
    assert (tmp_path / "ledger" / "lock.mdb").stat().st_size == store.READERS_BYTES


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(-5, 5)), min_size=1, max_size=30))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_grown_view_by_view_says_what_the_rule_says(
    tmp_path_factory: pytest.TempPathFactory, views: list[tuple[int, int]]
) -> None:
    """Also where the clock jumps back and forth by seconds: the oldest row is first, as the gate relies on."""
    ledger = Ledger(tmp_path_factory.mktemp("grown"))
    policy = in_force(ledger, ladders={ANONYMOUS: Ladder(4, 2)})
    expected: list[Read] = []
    for article, jump in views:
        now = NOW + timedelta(seconds=jump)
        said = ledger.count(READER, Article(article, words=500), ANONYMOUS, None, policy, now)
        assert said == decide(policy, expected, Article(article, words=500), ANONYMOUS, now)
        if said.counts:
            expected.append(Read(article, now))
    reads = ledger.reads(READER)
    assert [read.article for read in sorted(reads, key=lambda read: read.at)] == [read.article for read in reads]
    assert {read.article for read in reads} == {read.article for read in expected}
