"""The meter as a reader meets it, through HTTP, with two workers: nothing may depend on which of them answers."""

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie

import pytest

from tests.client import Answer, Client
from tests.gate.conftest import Paper
from tests.gate.paper import OPENING, WITHHELD

TABS = 200 if os.environ.get("BROADSHEET_SOAK") == "1" else 30


def is_open(answer: Answer) -> bool:
    assert answer.status == 200, answer.text
    assert OPENING in answer.text
    assert answer.text.endswith("</body></html>")
    return WITHHELD in answer.text


def noticed(answer: Answer) -> int:
    """The count of the notice, 0 without one."""
    found = re.search(r"You have read (\d+) articles", answer.text)
    return int(found[1]) if found else 0


def read(reader: Client, *articles: int) -> list[int]:
    return [noticed(reader.get(f"/news/{article}/")) for article in articles]


@pytest.mark.parametrize("encodings", ["br", "gzip", "identity", "gzip;q=0.5, br;q=0.1, *;q=0", ""])
def test_the_ladder(paper: Paper, encodings: str) -> None:
    reader = paper.reader(encodings=encodings)
    assert read(reader, 1, 2, 3, 4) == [0, 0, 3, 4]
    assert read(reader, 1, 2) == [4, 4], "reading again costs nothing"
    assert read(reader, 5, 6, 7, 8, 9, 10) == [5, 6, 7, 8, 9, 10]
    walled = reader.get("/news/11/")
    assert not is_open(walled)
    assert noticed(walled) == 0
    assert is_open(reader.get("/news/1/")), "what counted stays open at the limit"
    assert not is_open(reader.get("/news/12/"))
    assert is_open(reader.get("/news/free-13/"))
    assert reader.get("/admin/reads/").text == str(list(range(1, 11)))


def test_only_a_counted_article_makes_a_cookie(paper: Paper) -> None:
    reader = paper.reader()
    for path in ("/", "/feed/", "/gone/", "/nowhere/", "/news/free-1/", "/news/members-1/", "/healthz"):
        reader.get(path)
        assert "reader" not in reader.cookies, path
    reader.head("/news/1/")
    assert reader.cookies.keys() <= {"a", "b"}, "those are of the feed"
    (cookie,) = paper.reader().get("/news/1/").all_headers("set-cookie")
    morsel = SimpleCookie(cookie)["reader"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    assert 0 < int(morsel["max-age"]) <= 31 * 86400
    assert paper.reader(cookies=reader.cookies).get("/news/2/").header("cache-control") == "private, no-cache"


def test_a_first_view_writes_nothing_and_its_article_is_not_lost(paper: Paper) -> None:
    reader = paper.reader()
    reader.get("/news/1/")
    assert reader.get("/admin/reads/").text == "[]"
    reader.get("/news/1/")
    assert reader.get("/admin/reads/").text == "[]"
    reader.get("/news/2/")
    assert reader.get("/admin/reads/").text == "[1, 2]"


def test_a_restored_old_cookie_gains_nothing(paper: Paper) -> None:
    reader = paper.reader()
    reader.get("/news/1/")
    kept = dict(reader.cookies)
    read(reader, *range(2, 12))
    restored = paper.reader(cookies=kept)
    assert not is_open(restored.get("/news/20/"))
    assert noticed(restored.get("/news/1/")) == 10


def test_forged_duplicate_and_foreign_cookies(paper: Paper) -> None:
    reader = paper.reader()
    read(reader, 1, 2)
    good = reader.cookies["reader"]
    forged = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    answer = reader.get("/news/3/", {"Cookie": f"reader={forged}; reader={good}"})
    assert noticed(answer) == 3
    assert answer.header("set-cookie") is None
    assert paper.reader().get("/news/3/", {"Cookie": f"reader={forged}"}).header("set-cookie") is not None


def test_head_has_the_headers_of_get_and_costs_nothing(paper: Paper) -> None:
    reader = paper.reader()
    read(reader, 1, 2)
    head = reader.head("/news/3/")
    get = reader.get("/news/3/")
    assert head.body == b""
    skipped = {"date"}
    assert [pair for pair in head.headers if pair[0].lower() not in skipped] == [
        pair for pair in get.headers if pair[0].lower() not in skipped
    ]
    for article in range(4, 30):
        reader.head(f"/news/{article}/")
    assert read(reader, 4) == [4]
    read(reader, *range(5, 11))
    wall = reader.get("/news/11/")
    assert reader.head("/news/11/").header("content-length") == wall.header("content-length")


@pytest.mark.parametrize("ahead", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_fetching_ahead_of_a_reader_costs_nothing_and_gets_nothing_uncounted(
    paper: Paper, ahead: dict[str, str]
) -> None:
    reader = paper.reader()
    refused = reader.get("/news/1/", ahead)
    assert (refused.status, refused.header("cache-control"), refused.body) == (503, "no-store", b"")
    assert reader.cookies == {}
    read(reader, 1, 2)
    assert is_open(reader.get("/news/1/", ahead)), "already counted"
    assert reader.get("/news/3/", ahead).status == 503
    assert reader.get("/", ahead).status == 200
    assert read(reader, 3) == [3]


def test_asking_whether_a_counted_page_changed_is_304_and_free(paper: Paper) -> None:
    reader = paper.reader()
    read(reader, 1, 2, 3)
    etag = reader.get("/news/3/").header("etag")
    assert etag is not None
    for asked in (etag, f"W/{etag}", f'"x", W/{etag}', "*"):
        answer = reader.get("/news/3/", {"If-None-Match": asked})
        assert (answer.status, answer.body, answer.header("etag")) == (304, b"", etag)
        assert answer.header("vary") == "Accept-Encoding, Cookie"
    assert reader.get("/news/3/", {"If-None-Match": etag[:-1]}).status == 200
    read(reader, 4)
    assert reader.get("/news/3/", {"If-None-Match": etag}).status == 200, "the notice would say another count"


def test_asking_whether_an_uncounted_page_changed_counts_it(paper: Paper) -> None:
    reader = paper.reader()
    read(reader, 1, 2)
    etag = reader.head("/news/3/").header("etag")
    answer = reader.get("/news/3/", {"If-None-Match": f"{etag}, *"})
    assert answer.status == 200
    assert noticed(answer) == 3


def test_a_walled_reader_never_gets_the_open_copy_confirmed(paper: Paper) -> None:
    open_etag = paper.reader().get("/news/20/").header("etag")
    reader = paper.reader()
    read(reader, *range(1, 11))
    answer = reader.get("/news/20/", {"If-None-Match": open_etag or ""})
    assert not is_open(answer)
    assert answer.header("etag") != open_etag
    ranged = reader.get("/news/20/", {"Range": "bytes=0-10"})
    assert ranged.status == 200


@pytest.mark.parametrize("spelling", ["/news/1/?utm_source=x", "/news/%31/", "/news/1/?fbclid=1&a=%00"])
def test_spellings_of_an_address_are_one_article(paper: Paper, spelling: str) -> None:
    reader = paper.reader()
    read(reader, 1, 2)
    reader.get(spelling)
    assert read(reader, 3) == [3]


def test_thirty_tabs_of_one_reader_never_pass_the_allowance(paper: Paper) -> None:
    reader = paper.reader()
    reader.get("/news/1/")
    with ThreadPoolExecutor(TABS) as tabs:
        answers = list(
            tabs.map(
                lambda article: paper.reader(cookies=dict(reader.cookies)).get(f"/news/{article}/"),
                range(2, 2 + TABS),
            )
        )
    assert sum(is_open(answer) for answer in answers) == 9
    assert sorted(filter(None, map(noticed, answers))) == list(range(3, 11))


def test_someone_signed_in_reads_on_and_stops_at_sign_out(paper: Paper) -> None:
    reader = paper.reader()
    read(reader, *range(1, 11))
    assert not is_open(reader.get("/news/20/"))
    reader.get("/admin/pass/?class=registered&account=77")
    answer = reader.get("/news/20/")
    assert is_open(answer)
    assert "Class r." in answer.text
    assert noticed(answer) == 0
    assert is_open(reader.get("/news/members-21/"))
    assert "Class r." in reader.get("/").text
    paper.act("signout/?account=77")
    assert not is_open(reader.get("/news/20/"))
    assert noticed(reader.get("/news/1/")) == 10, "the browser has its own count again"


def test_listings_are_the_same_for_all_of_a_class_and_may_be_shared(paper: Paper) -> None:
    answer = paper.reader().get("/")
    assert answer.header("cache-control") == "public, max-age=60"
    reader = paper.reader()
    reader.get("/admin/pass/?class=staff&account=78")
    assert reader.get("/").header("cache-control") == "private, no-cache"
    assert reader.get("/").header("etag") != answer.header("etag")


def test_ordinary_answers_pass_through_whole(paper: Paper) -> None:
    answer = paper.reader().get("/feed/?page=2")
    assert (answer.text, answer.all_headers("set-cookie")) == ("<rss>page=2</rss>", ["a=1", "b=2"])
    assert paper.reader().head("/feed/").header("content-length") == "11"
    moved = paper.reader().get("/moved/", follow=False)
    assert (moved.status, moved.header("location")) == (301, "/news/1/")
    assert paper.reader().get("/nowhere/").status == 404
    assert len(paper.reader().get("/admin/long/").body) == 2_000_000
    assert paper.reader().get("/gone/").status == 410


def test_the_whole_answer_says_how_it_was_encoded(paper: Paper) -> None:
    for sent, expected in [
        ("br, gzip", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("", None),
    ]:
        answer = paper.reader(encodings=sent).get("/news/1/")
        assert answer.header("content-encoding") == expected, sent
        assert is_open(answer)


def test_a_changed_policy_is_in_force_at_once_on_all_workers(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_WORKERS="2")
    reader = paper.reader()
    assert read(reader, 1, 2, 3) == [0, 0, 3]
    paper.act("policy/?allowance=3&notice=1")
    for _ in range(10):
        assert not is_open(paper.reader(cookies=dict(reader.cookies)).get("/news/4/"))
    assert noticed(paper.reader().get("/news/1/")) == 1
    paper.act("policy/?allowance=20&notice=20")
    for _ in range(10):
        assert is_open(paper.reader(cookies=dict(reader.cookies)).get("/news/4/"))


def test_a_rolling_window_keeps_the_cookie_as_long_as_what_was_read(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    paper.act("policy/?window=rolling&days=7")
    reader = paper.reader()
    first = reader.get("/news/1/").header("set-cookie")
    second = reader.get("/news/2/").header("set-cookie")
    assert first == second
    assert f"Max-Age={7 * 86400};" in (first or "")
    assert reader.get("/news/2/").header("set-cookie") is None


def test_the_month_turns_while_a_reader_reads(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_TESTING="1", BROADSHEET_NOW="2019-10-31T23:59:57+00:00")
    reader = paper.reader()
    reader.get("/news/1/")
    assert read(reader, 2, 3) == [0, 3]
    time.sleep(3.5)
    answer = reader.get("/news/4/")
    assert noticed(answer) == 0
    assert answer.header("set-cookie") is None, "an old copy of a cookie still names its reader"
    assert reader.get("/admin/reads/").text == "[4]"
    assert read(reader, 5, 6) == [0, 3]


def test_reading_without_ever_keeping_a_cookie_ends_at_the_wall(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper()
    paper.act("policy/?strangers=5")
    assert [is_open(paper.reader().get(f"/news/{article}/")) for article in range(1, 9)] == [True] * 5 + [False] * 3
    reader = paper.reader()
    reader.cookies["reader"] = "forged"
    assert not is_open(reader.get("/news/1/"))
