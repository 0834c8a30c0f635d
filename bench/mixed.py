"""Article hits while the newsroom works: someone saves, someone uploads a picture, and pages are made anew."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

from PIL import Image

from bench import desk, report
from bench import publication as house
from bench.readers import VIEWS, visit
from tests.client import Client
from tests.server import Server

SECONDS, SOAK_SECONDS = 15.0, 120.0
READERS = 8
MISSES_A_SECOND = 20
MISSES_AT_ONCE = 6  # so many may be waiting: the pace must not depend on how long each takes
LIMIT_MS = 25.0


@dataclass
class Done:
    """What the newsroom got done meanwhile, and how long each thing took."""

    saves: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)


def run(soak: bool) -> bool:
    seconds = SOAK_SECONDS if soak else SECONDS
    with house.publication() as server, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        house.set_meter()
        paths = house.metered_paths()
        house.warm(server, paths)
        hits, missed = paths[:100], paths[100:]
        calm = elsewhere.submit(visit, server.url, hits, 5, at_a_time=READERS).result()
        done = Done()
        with _newsroom(server, missed, done):
            time.sleep(1)
            busy = elsewhere.submit(visit, server.url, hits, seconds, at_a_time=READERS, start_at=calm.readers).result()
    p99 = busy.percentile_ms(0.99)
    return report.write(
        "mixed",
        soak,
        "Hits while the newsroom works",
        f"""
{READERS} readers at a time, {VIEWS} views each, on the cores the server itself uses, for {busy.seconds:.0f} s. Meanwhile, one
request after the other: an editor saves a long story in the admin; a picture of 12 megapixels is uploaded; and
{MISSES_A_SECOND} times a second an article is taken from the page store and asked for again.
""",
        [
            report.Figure(
                "hits, p50 / p99, nothing else going on", _ms(calm.percentile_ms(0.5), calm.percentile_ms(0.99))
            ),
            report.Figure(
                "hits, p50 / p99, newsroom at work",
                f"{busy.percentile_ms(0.5):.2f} / **{p99:.2f} ms**",
                f"p99 under {LIMIT_MS:.0f} ms",
                p99 < LIMIT_MS and busy.refused == 0,
            ),
            report.Figure("hits per second meanwhile", f"{busy.rate:,.0f}"),
            report.Figure("saves meanwhile", _times(done.saves), "some", bool(done.saves)),
            report.Figure("uploads meanwhile", _times(done.uploads), "some", bool(done.uploads)),
            report.Figure(
                "misses meanwhile",
                f"{_times(done.misses)} ({len(done.misses) / (busy.seconds + 1):.0f} a second)",
                f"{MISSES_A_SECOND} a second",
                len(done.misses) >= 0.9 * MISSES_A_SECOND * busy.seconds,
            ),
        ],
    )


def _ms(p50: float, p99: float) -> str:
    return f"{p50:.2f} / {p99:.2f} ms"


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    return f"{len(seconds)}, median {sorted(seconds)[len(seconds) // 2] * 1000:.0f} ms"


@contextmanager
def _newsroom(server: Server, missed: list[str], done: Done) -> Iterator[None]:
    """The three at work, each in a thread of its own. Whatever one of them cannot do ends the measurement."""
    editor = desk.sign_in(server)
    stop = threading.Event()
    faults: list[BaseException] = []

    def at_work(step: Callable[[], None]) -> None:
        try:
            while not stop.is_set():
                step()
        except BaseException as fault:
            faults.append(fault)
            raise

    miss = _missing(server, missed, done.misses)
    steps = [desk.saving(editor, done.saves), _uploading(editor, done.uploads), *[miss] * MISSES_AT_ONCE]
    threads = [threading.Thread(target=at_work, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if faults:
        raise RuntimeError("the newsroom could not work") from faults[0]


def _uploading(editor: Client, times: list[float]) -> Callable[[], None]:
    written = io.BytesIO()
    Image.effect_noise((4000, 3000), 40).convert("RGB").save(written, "JPEG", quality=85)
    editor = Client(editor.base_url, cookies=dict(editor.cookies), timeout_s=120)
    form = editor.get("/admin/images/add/").form(having="title")
    numbers = iter(range(1_000_000))

    def upload() -> None:
        fields = {
            **form.fields,
            "title": f"Noise {next(numbers)}",
            "credit": "A camera",
            "alt_text": "Nothing to be seen",
        }
        body, content_type = _multipart(fields, written.getvalue())
        began = time.perf_counter()
        headers = {"Content-Type": content_type, "Origin": editor.base_url, "Referer": form.action}
        answer = editor.request("POST", form.action, headers=headers, body=body)
        if answer.status != 302:
            raise RuntimeError(f"uploading answered {answer.status}")
        times.append(time.perf_counter() - began)

    return upload


def _multipart(fields: dict[str, str], picture: bytes) -> tuple[bytes, str]:
    boundary = "a-boundary-that-no-picture-holds"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="noise.jpg"\r\n'
    parts += [head.encode(), b"Content-Type: image/jpeg\r\n\r\n", picture, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _missing(server: Server, paths: list[str], times: list[float]) -> Callable[[], None]:
    """Take an article from the store and be the first to ask for it, at a steady pace."""
    from broadsheet.interchange.share_cards.files import tag_of
    from broadsheet.newsroom.models import Article
    from broadsheet.newsroom.purge import page_store

    # The tag of its share card, which its own page alone carries: its own tag stands on all pages that lead on to it.
    tags = {article.url: tag_of(article.pk) for article in Article.objects.published()}
    turns = itertools.count()
    began = time.perf_counter()

    def miss() -> None:
        turn = next(turns)
        time.sleep(max(0.0, began + turn / MISSES_A_SECOND - time.perf_counter()))
        path = paths[turn % len(paths)]
        page_store().purge([tags[path]])
        asked = time.perf_counter()
        if Client(server.url).get(path, follow=False).status != 200:
            raise RuntimeError(f"{path} does not answer")
        times.append(time.perf_counter() - asked)

    return miss
