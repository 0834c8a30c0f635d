"""Readers at their browsers, as fast as one core of Python can move them.

64 at a time; each opens 8 pages (6 articles, 2 of them twice) over one connection with a cookie jar of their own,
leaves, and the next one sits down. What each jar and page held is counted, so that the server's own counters can be
checked.

Written on bare sockets: wrk reaches a third of this rate when every connection has a jar, and a server that waits for
its load generator spends more CPU time per request than one that is busy.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

ORDER = (0, 1, 2, 0, 3, 4, 5, 2)  # which of a reader's six articles is opened when
VIEWS = len(ORDER)
ARTICLES = max(ORDER) + 1
AT_A_TIME = 64

# A page's notice closes the compressed stream as a stored block: these words of it can be read without decoding.
NOTICE = b'class="notice"'

# For a server of plain files: the folder that holds what such a reader would get at each view, where the meter gives
# five articles and the notice starts at the third.
FOLDERS = ("open", "open", "noticed", "noticed", "noticed", "noticed", "walled", "noticed")
_COOKIE_OF_USUAL_LENGTH = b"Cookie: reader=" + b"0" * 55 + b"\r\n\r\n"


@dataclass(frozen=True)
class Visit:
    """What the readers of one run saw. `walls`: answers whose ETag is that of a walled page."""

    seconds: float
    readers: int
    views: int
    cookies: int
    notices: int
    walls: int
    refused: int
    body_bytes: int
    latencies_us: array[float]

    @property
    def rate(self) -> float:
        return self.views / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_us)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000


class _Browser:
    __slots__ = ("body_at", "cookie", "first", "received", "sent_at", "socket", "view", "wanted")

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.view = self.first = 0
        self.cookie = b""
        self.sent_at = 0


def visit(
    url: str,
    paths: Sequence[str],
    seconds: float,
    *,
    plain_files: bool = False,
    accept: str = "gzip",
    start_at: int = 0,
    at_a_time: int = AT_A_TIME,
    wall_mark: bytes = b"gw",
) -> Visit:
    """Send readers for `seconds`; each of those present then reads to the end.

    `start_at`: the number of the first reader, so that runs read different articles. `wall_mark`: what the ETag of a
    walled answer holds and no other does.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    fields = (
        f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n"
        f"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nAccept-Encoding: {accept}\r\n"
    ).encode()
    if plain_files:
        requests = [[b"GET /" + folder.encode() + path.encode() + fields for path in paths] for folder in FOLDERS]
    else:
        requests = [[b"GET " + path.encode() + fields for path in paths]] * VIEWS
    count = len(paths)
    steps = [article * 3 for article in ORDER]

    browsers = {}
    poll = select.epoll()
    for _ in range(at_a_time):
        browser = _Browser(address)
        browsers[browser.socket.fileno()] = browser
        poll.register(browser.socket, select.EPOLLIN)

    latencies = array("d")
    readers = start_at
    done = cookies = notices = walls = refused = body_bytes = 0
    clock = time.perf_counter_ns
    gc.disable()
    began = clock()
    deadline = began + int(seconds * 1e9)
    for browser in browsers.values():
        browser.first = readers * 7
        readers += 1
        browser.sent_at = clock()
        browser.socket.send(requests[0][browser.first % count] + b"\r\n")
    present = len(browsers)
    while present:
        for descriptor, _ in poll.poll():
            browser = browsers[descriptor]
            data = browser.socket.recv(65536)
            if not data:
                raise ConnectionError(f"the server closed a connection after {done} views")
            if browser.received:
                data = browser.received + data
            head = data.find(b"\r\n\r\n")
            if head < 0:
                browser.received = data
                continue
            at = data.find(b"ontent-length: ", 0, head)
            if at < 0:
                at = data.find(b"ontent-Length: ", 0, head)
            end = head + 4 + int(data[at + 15 : data.find(b"\r", at)])
            if len(data) < end:
                browser.received = data
                continue
            browser.received = b""
            arrived = clock()
            latencies.append((arrived - browser.sent_at) / 1000)
            done += 1
            body_bytes += end - head - 4
            if not data.startswith(b"HTTP/1.1 200"):
                refused += 1
            if data.find(NOTICE, max(head, end - 700)) >= 0:
                notices += 1
            at = data.find(b"etag: ", 0, head)
            if at >= 0 and data.find(wall_mark, at, data.find(b"\r", at)) >= 0:
                walls += 1
            view = browser.view = browser.view + 1
            if view == 1 and (at := data.find(b"set-cookie: ", 0, head)) >= 0:
                cookies += 1
                browser.cookie = b"Cookie: " + data[at + 12 : data.find(b";", at)] + b"\r\n\r\n"
            elif view == VIEWS:
                if arrived > deadline:
                    present -= 1
                    continue
                browser.view = view = 0
                browser.cookie = b""
                browser.first = readers * 7
                readers += 1
            if view == 0:
                closing = b"\r\n"
            else:
                closing = browser.cookie or (_COOKIE_OF_USUAL_LENGTH if plain_files else b"\r\n")
            browser.sent_at = clock()
            browser.socket.send(requests[view][(browser.first + steps[view]) % count] + closing)
    took = (clock() - began) / 1e9
    gc.enable()
    for browser in browsers.values():
        browser.socket.close()
    poll.close()
    return Visit(took, readers - start_at, done, cookies, notices, walls, refused, body_bytes, latencies)
