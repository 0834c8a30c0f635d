"""What must be refused, as bytes on a socket: no client library would send most of it."""

import json
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broadsheet.gate.request import BODY_IDLE_S
from tests.gate.conftest import Paper


def request(
    paper: Paper, line: str = "GET /news/1/ HTTP/1.1", *headers: str, host: bool = True, body: bytes = b""
) -> bytes:
    lines = [line, *([f"Host: 127.0.0.1:{paper.port}"] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def is_closed(answer: bytes) -> bool:
    return not answer.endswith(b"<still open>")


def test_the_plain_request_these_are_compared_with_is_answered(paper: Paper) -> None:
    answer = paper.raw(request(paper), timeout_s=1)
    assert status(answer) == 200
    assert not is_closed(answer)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], 400),
        (["Host: 127.0.0.1:{port}", "Host: 127.0.0.1:{port}"], 400),
        (["Host: 127.0.0.1:{port}", "Host: evil.example"], 400),
        (["Host: a/b c"], 400),
        (["Host: evil.example"], 421),
        (["Host: 127.0.0.1:{port}", "Content-Length: 5", "Transfer-Encoding: chunked"], 400),
        (["Host: 127.0.0.1:{port}", "Content-Length: 5"], 400),
        (["Host: 127.0.0.1:{port}", "Transfer-Encoding: chunked"], 400),
    ],
)
def test_hosts_and_lengths_of_a_get(paper: Paper, headers: list[str], expected: int) -> None:
    lines = [header.format(port=paper.port) for header in headers]
    answer = paper.raw(request(paper, "GET /news/1/ HTTP/1.1", *lines, host=False))
    assert (status(answer), is_closed(answer)) == (expected, True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET http://evil.example/news/1/ HTTP/1.1", 421),
        ("GET /news/%00/ HTTP/1.1", 400),
        ("GET /news/%0d%0aSet-Cookie:x/ HTTP/1.1", 400),
        ("GET /news/%ff/ HTTP/1.1", 400),
        ("GET /admin/%00/ HTTP/1.1", 400),
        ("GET /static/%00 HTTP/1.1", 400),
        ("GET /media/%2e%2e/ledger/data.mdb HTTP/1.1", 404),
        ("GET /static/../keys/readers HTTP/1.1", 404),
        ("TRACE /news/1/ HTTP/1.1", 405),
        ("CONNECT 127.0.0.1:80 HTTP/1.1", 400),
        ("OPTIONS * HTTP/1.1", 400),
        ("BREW /news/1/ HTTP/1.1", 405),
    ],
)
def test_targets_and_methods(paper: Paper, line: str, expected: int) -> None:
    answer = paper.raw(request(paper, line), timeout_s=2)
    assert status(answer) in ({expected, 405} if line.startswith("CONNECT") else {expected})
    if expected != 404:
        assert is_closed(answer)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET x\r\n\r\n",
        b"GET /news/1/\r\n\r\n",
        b"GET /news/1/ HTTP/9.9\r\n\r\n",
        b"GET /news/1/ HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /news/1/ HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"GET /news /1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /news/1/ HTTP/1.1\r\nA: \x00\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_400_and_closed(paper: Paper, sent: bytes) -> None:
    answer = paper.raw(sent)
    assert status(answer) in (400, 0)
    assert is_closed(answer)


@pytest.mark.parametrize("body", [b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabc\r\n-1\r\n", b"3\r\nabcd\r\n0\r\n\r\n"])
def test_a_malformed_chunk_is_400_and_closed(paper: Paper, body: bytes) -> None:
    answer = paper.raw(request(paper, "POST /admin/echo/ HTTP/1.1", "Transfer-Encoding: chunked", body=body))
    assert (status(answer), is_closed(answer)) == (400, True)


def test_chunks_that_are_well_formed_arrive(paper: Paper) -> None:
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    answer = paper.raw(
        request(paper, "POST /admin/echo/ HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close", body=body)
    )
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["length"] == 11


def test_bodies_are_bounded_by_what_they_say_and_by_what_they_are(paper: Paper) -> None:
    said = paper.raw(request(paper, "POST /register/ HTTP/1.1", f"Content-Length: {2 << 20}"))
    assert (status(said), is_closed(said)) == (413, True)
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    sent = paper.raw(request(paper, "POST /register/ HTTP/1.1", "Transfer-Encoding: chunked", body=chunk * 18))
    assert status(sent) == 413
    upload = bytes(2 << 20)
    taken = paper.raw(
        request(paper, "POST /admin/echo/ HTTP/1.1", f"Content-Length: {len(upload)}", "Connection: close", body=upload)
    )
    assert json.loads(taken.partition(b"\r\n\r\n")[2])["length"] == len(upload)


def test_bodies_that_stall_are_given_up_and_hold_no_connection(paper: Paper) -> None:
    """Many at once: whether the server let go of one was a matter of luck as long as something still held the body."""
    stalled = [("Content-Length: 10", b"abc"), ("Transfer-Encoding: chunked", b"3\r\nabc\r\n")] * 16
    began = time.monotonic()
    with ThreadPoolExecutor(len(stalled)) as at_once:
        answers = list(
            at_once.map(
                lambda one: paper.raw(request(paper, "POST /register/ HTTP/1.1", one[0], body=one[1]), timeout_s=15),
                stalled,
            )
        )
    assert {status(answer) for answer in answers} == {408}
    assert all(b"\r\nconnection: close\r\n" in answer.lower() for answer in answers)
    assert [answer for answer in answers if not is_closed(answer)] == []
    assert BODY_IDLE_S <= time.monotonic() - began < BODY_IDLE_S + 10


def test_a_connection_without_a_request_is_not_kept_open(paper: Paper) -> None:
    quiet = [b"", b"GET /news/1/ HTTP/1.1\r\nHo", request(paper), request(paper) + b"GET /new"]
    began = time.monotonic()
    with ThreadPoolExecutor(len(quiet)) as at_once:
        answers = list(at_once.map(lambda sent: paper.raw(sent, timeout_s=15), quiet))
    assert [status(answer) for answer in answers] == [0, 0, 200, 200]
    assert [answer for answer in answers if not is_closed(answer)] == []
    assert time.monotonic() - began < 15


def test_nothing_of_a_refused_body_is_kept(own_paper: Callable[..., Paper]) -> None:
    paper = own_paper(BROADSHEET_WORKERS="1")
    (worker,) = paper.workers()
    too_long = request(
        paper,
        "POST /register/ HTTP/1.1",
        "Transfer-Encoding: chunked",
        body=(b"10000\r\n" + bytes(65536) + b"\r\n") * 17,
    )

    def refuse(times: int) -> None:
        assert {status(paper.raw(too_long)) for _ in range(times)} == {413}

    refuse(20)  # what the worker grows by once
    before = resident_mb(worker)
    refuse(60)
    assert resident_mb(worker) - before < 20, "sixty bodies of a megabyte each"


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def test_a_header_of_32_kb_is_refused(paper: Paper) -> None:
    answer = paper.raw(request(paper, "GET /news/1/ HTTP/1.1", "X: " + "a" * 32_768))
    assert (status(answer), is_closed(answer)) == (431, True)


def test_cookie_lines_are_joined(paper: Paper) -> None:
    reader = paper.reader()
    reader.get("/news/1/")
    lines = ["Cookie: a=1", "Cookie: b=ü", f"Cookie: reader={reader.cookies['reader']}", "Connection: close"]
    head = paper.raw(request(paper, "GET /news/2/ HTTP/1.1", *lines)).partition(b"\r\n\r\n")[0]
    assert b"-2-" in head, "the second article of this reader"
    assert b"set-cookie" not in head.lower()
    echo = paper.raw(request(paper, "GET /admin/echo/ HTTP/1.1", "Cookie: a=1", "Cookie: b=2", "Connection: close"))
    assert json.loads(echo.partition(b"\r\n\r\n")[2])["headers"]["cookie"] == "a=1; b=2"


@pytest.mark.parametrize(
    "cookie", ["x" * 9000, "reader=" + "A" * 55, "reader=;;;=;reader", "=; =", "\x80\xff=1; reader=\xe9"]
)
def test_bad_cookies_make_a_stranger_of_the_reader_and_nothing_worse(paper: Paper, cookie: str) -> None:
    answer = paper.raw(request(paper, "GET /news/1/ HTTP/1.1", f"Cookie: {cookie}", "Connection: close"))
    assert status(answer) == 200
    assert b"set-cookie: reader=" in answer.lower()


def test_what_claims_to_come_from_the_gate_is_taken_off(paper: Paper) -> None:
    lies = [
        "X-Broadsheet-Client: 6.6.6.6",
        "X-Broadsheet-Page: e",
        "X-Forwarded-For: 7.7.7.7",
        "Connection: close, X-Own",
    ]
    answer = paper.raw(request(paper, "GET /admin/echo/?a=%2F&b=1 HTTP/1.1", *lies, "X-Own: 1", "X-Kept: 1"))
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert said["headers"]["x-broadsheet-client"] == "127.0.0.1"
    assert not {"x-broadsheet-page", "x-forwarded-for", "x-own", "connection"} & set(said["headers"])
    assert said["headers"]["x-kept"] == "1"
    assert said["query"] == {"a": "/", "b": "1"}


def test_pipelined_requests_are_answered_in_order(paper: Paper) -> None:
    answers = paper.raw(
        request(paper, "GET /news/1/ HTTP/1.1") + request(paper, "GET /healthz HTTP/1.1", "Connection: close")
    )
    assert answers.index(b"/news/1/") < answers.index(b"ok\n")
