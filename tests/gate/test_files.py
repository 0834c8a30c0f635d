import gzip
from collections.abc import Callable

import brotli
import pytest

from tests.gate.conftest import Paper

CSS = b"body { margin: 0 } " * 100


@pytest.fixture
def paper(own_paper: Callable[..., Paper]) -> Paper:
    paper = own_paper()
    static, media = paper.config.static, paper.config.media
    (media / "documents").mkdir(parents=True)
    static.mkdir()
    (static / "page.0123456789ab.css").write_bytes(CSS)
    (static / "plain.css").write_bytes(CSS)
    (static / ".hidden").write_bytes(b"secret")
    (static / "font.woff2").write_bytes(bytes(1000))
    (media / "photo.jpg").write_bytes(b"\xff\xd8" + bytes(998))
    (media / "long.mp3").write_bytes(bytes(range(256)) * 4096)
    for name in ("evil.svg", "evil.html", "evil.xml", "evil.js", "evil.JPG.html", "noname"):
        (media / name).write_bytes(b"<script>alert(1)</script>")
    (media / "documents" / "closed.pdf").write_bytes(b"%PDF")
    (media / "link.jpg").symlink_to(paper.config.keys / "house")
    return paper


def test_static_files(paper: Paper) -> None:
    hashed = paper.reader(encodings="br").get("/static/page.0123456789ab.css")
    assert (hashed.status, brotli.decompress(hashed.body)) == (200, CSS)
    assert hashed.header("cache-control") == "public, max-age=31536000, immutable"
    assert hashed.header("content-type") == "text/css; charset=utf-8"
    assert hashed.header("x-content-type-options") == "nosniff"
    assert hashed.header("vary") == "Accept-Encoding"
    plain = paper.reader(encodings="gzip").get("/static/plain.css")
    assert gzip.decompress(plain.body) == CSS
    assert "immutable" not in (plain.header("cache-control") or "")
    again = paper.reader(encodings="gzip").get("/static/plain.css", {"If-None-Match": plain.header("etag") or ""})
    assert again.status == 304
    assert paper.reader().get("/static/font.woff2").header("content-type") == "font/woff2"
    assert paper.reader().head("/static/font.woff2").header("content-length") == "1000"
    (paper.config.static / "plain.css").write_bytes(b"changed")
    assert paper.reader(encodings="").get("/static/plain.css").body == b"changed"


@pytest.mark.parametrize(
    "path", ["/static/.hidden", "/static/", "/static/nothing.css", "/media/documents/closed.pdf", "/media/link.jpg"]
)
def test_what_is_not_served(paper: Paper, path: str) -> None:
    assert paper.reader().get(path).status == 404


@pytest.mark.parametrize("name", ["evil.svg", "evil.html", "evil.xml", "evil.js", "evil.JPG.html", "noname"])
def test_nothing_uploaded_runs(paper: Paper, name: str) -> None:
    answer = paper.reader().get(f"/media/{name}")
    assert answer.header("content-disposition") == "attachment"
    assert answer.header("content-type") in ("application/octet-stream", "image/svg+xml")
    assert answer.header("x-content-type-options") == "nosniff"
    assert "sandbox" in (answer.header("content-security-policy") or "")


def test_pictures_are_shown_and_sound_comes_in_ranges(paper: Paper) -> None:
    photo = paper.reader().get("/media/photo.jpg")
    assert (photo.header("content-type"), photo.header("content-disposition"), len(photo.body)) == (
        "image/jpeg",
        None,
        1000,
    )
    whole = bytes(range(256)) * 4096
    sound = paper.reader().get("/media/long.mp3")
    assert (sound.status, sound.body == whole, sound.header("accept-ranges")) == (200, True, "bytes")
    for asked, start, end in [
        ("bytes=10-19", 10, 20),
        ("bytes=-6", len(whole) - 6, len(whole)),
        ("bytes=1048570-", 1048570, len(whole)),
    ]:
        part = paper.reader().get("/media/long.mp3", {"Range": asked})
        assert (part.status, part.body) == (206, whole[start:end])
        assert part.header("content-range") == f"bytes {start}-{end - 1}/{len(whole)}"
    assert paper.reader().head("/media/long.mp3").header("content-length") == str(len(whole))
