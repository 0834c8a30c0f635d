import gzip
import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli
import pytest

from broadsheet.core.meter import Article
from broadsheet.gate import pages
from broadsheet.gate.pages import BEST_QUALITY, Description, Kind, Page, PageStore

PATH = "/politics/a-story/"
HTML = b"<html><body>" + b"words and more words " * 400
TAIL = b"</body></html>"


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "pages")


def put(store: PageStore, *tags: str, path: str = PATH, generation: int | None = None, html: bytes = HTML) -> bool:
    noted = store.generation() if generation is None else generation
    return store.put_page(path, "a", html, tags=tags or ["article:7"], rendered_at=noted, release="1")


def text(page: Page | None, encoding: str) -> bytes:
    assert page is not None
    sent = page.closed_with(TAIL, encoding)
    return {"g": gzip.decompress, "b": brotli.decompress, "i": bytes}[encoding](sent)


@pytest.mark.parametrize("encoding", ["g", "b", "i"])
def test_a_page_comes_back_in_every_encoding(store: PageStore, encoding: str) -> None:
    assert put(store)
    assert text(store.page(PATH, "a", "b" if encoding == "b" else "g"), encoding) == HTML + TAIL


def test_a_page_without_a_tail_is_whole(store: PageStore) -> None:
    store.put_page("/feed/", "a", b"<rss/>", tags=["list:articles"], rendered_at=store.generation(), takes_tail=False)
    for encoding in "gb":
        assert text(store.page("/feed/", "a", encoding), encoding) == b"<rss/>"


def test_a_description_comes_back_as_it_was(store: PageStore) -> None:
    moment = datetime(2019, 10, 16, tzinfo=UTC)
    article = Article(7, 3, frozenset({1, 2}), "report", 800, moment, free_until=moment + timedelta(days=1))
    kind = Kind("article", (("link", "</a.css>"),), release="r")
    described = Description(kind, article, until=datetime(2099, 1, 1, microsecond=7, tzinfo=UTC))
    assert store.put_description(PATH, described, tags=["article:7"], rendered_at=store.generation())
    assert store.description(PATH) == described


def test_a_purge_takes_all_that_carries_the_tag_and_nothing_else(store: PageStore) -> None:
    put(store, "article:7", "section:3")
    put(store, "article:8", "section:3", path="/politics/other/")
    put(store, "article:9", "section:4", path="/sport/third/")
    before = store.generation()
    assert store.purge(["section:3", "person:99"]) == store.generation() == before + 1
    assert store.page(PATH, "a", "g") is None
    assert store.page("/politics/other/", "a", "b") is None
    assert store.page("/sport/third/", "a", "g") is not None


def test_a_page_stored_again_leaves_no_old_tag_behind(store: PageStore) -> None:
    put(store, "article:7", "section:3")
    put(store, "article:7", "section:4")
    store.purge(["section:3"])
    assert store.page(PATH, "a", "g") is not None
    store.purge(["section:4"])
    assert store.page(PATH, "a", "g") is None
    assert store.stats().tags == 0


def test_a_render_that_began_before_a_purge_is_not_stored_after_it(store: PageStore) -> None:
    began = store.generation()
    store.purge(["article:7"])
    assert not put(store, "article:7", generation=began)
    assert put(store, "article:8", generation=began), "another's purge is no reason"
    store.purge_all()
    assert not put(store, "article:8", generation=began)


def test_purges_are_forgotten_in_time_but_no_old_render_gets_in(
    store: PageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = store.generation()
    store.purge(["article:7"])
    monkeypatch.setattr(pages, "PURGES_KEPT_S", -2)
    assert store.sweep().purges_forgotten == 1
    assert not put(store, "article:7", generation=began)
    assert put(store, "article:7")


def test_what_is_past_its_time_is_a_miss_and_is_swept(store: PageStore) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=150)
    noted = store.generation()
    store.put_page(PATH, "a", HTML, tags=["article:7"], rendered_at=noted, until=soon)
    store.put_description(PATH, Description(Kind("article"), until=soon), tags=["article:7"], rendered_at=noted)
    assert store.page(PATH, "a", "g") is not None
    time.sleep(0.2)
    assert store.page(PATH, "a", "g") is None
    assert store.description(PATH) is None
    assert store.sweep().expired == 3
    assert store.stats().entries == store.stats().tags == 0


def test_best_compression_replaces_the_quick_one_under_another_version(store: PageStore) -> None:
    put(store)
    quick, generation = store.page(PATH, "a", "b"), store.generation()
    assert store.recompress(10) == 1
    best = store.page(PATH, "a", "b")
    assert quick is not None
    assert best is not None
    assert (best.quality, text(best, "b")) == (BEST_QUALITY, HTML + TAIL)
    assert best.version > quick.version
    assert store.generation() > generation, "workers must let the quick one go"
    assert store.recompress(10) == 0


def test_best_compression_never_brings_a_purged_page_back(store: PageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)
    slow = pages.splice.open_brotli

    def purged_meanwhile(text: bytes, quality: int) -> object:
        store.purge(["article:7"])
        put(store, html=b"<html><body>the new text")
        return slow(text, quality)

    monkeypatch.setattr(
        pages.splice,
        "open_brotli",
        lambda text, quality=5: purged_meanwhile(text, quality) if quality == BEST_QUALITY else slow(text, quality),
    )
    assert store.recompress(1) == 0
    assert text(store.page(PATH, "a", "b"), "b") == b"<html><body>the new text" + TAIL


def test_another_release_takes_its_pages_along(store: PageStore) -> None:
    put(store)
    store.put_description(PATH, Description(Kind("article", release="1")), tags=[], rendered_at=store.generation())
    assert store.drop_other_releases("1") == 0
    assert store.drop_other_releases("2") == 3
    assert store.page(PATH, "a", "g") is None


def test_a_store_that_is_taken_away_is_made_anew_and_others_learn_of_it(tmp_path: Path, store: PageStore) -> None:
    put(store)
    numbers, began = store.generation_numbers, store.generation()
    shutil.rmtree(tmp_path / "pages")
    assert not put(store, generation=began), "rendered for a store that is gone"
    assert numbers[0] > began, "whoever still holds the old files sees a change"
    assert put(store)
    assert store.page(PATH, "a", "g") is not None
    assert store.generation() >= numbers[0]


def test_only_the_data_file_taken_away_is_no_different(tmp_path: Path, store: PageStore) -> None:
    put(store)
    (tmp_path / "pages" / "data.mdb").unlink()
    store.look()
    assert put(store)
    assert store.page(PATH, "a", "g") is not None


def test_rubbish_for_a_store_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "data.mdb").write_bytes(b"rubbish" * 10_000)
    assert put(PageStore(tmp_path / "pages"))


def test_a_store_written_before_the_machine_started_is_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    before = PageStore(folder)
    put(before)
    (folder / "boot").write_text("another start of the machine")
    del before
    assert PageStore(folder).page(PATH, "a", "g") is None


def test_a_full_store_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAP_BYTES", 1 << 20)
    store = PageStore(tmp_path / "small")
    noise = iter(range(10**9))
    for number in range(1500):
        html = b"".join(next(noise).to_bytes(4, "big") for _ in range(500))
        assert put(store, f"article:{number}", path=f"/{number}/", html=html), number
        if number % 50 == 0:
            store.sweep()
    assert store.page("/1499/", "a", "g") is not None
    store.purge(["article:1499"])
    assert store.page("/1499/", "a", "g") is None


def test_the_oldest_pages_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAP_BYTES", 4 << 20)
    monkeypatch.setattr(pages, "FULL_SHARE", 0.05)
    monkeypatch.setattr(pages, "CLEARED_SHARE", 0.04)
    store = PageStore(tmp_path / "small")
    for number in range(60):
        put(store, f"article:{number}", path=f"/{number}/", html=random.Random(number).randbytes(3000))
    assert store.sweep().oldest > 0
    left = [number for number in range(60) if store.page(f"/{number}/", "a", "g")]
    assert 0 < len(left) < 60
    assert left == list(range(60 - len(left), 60))
