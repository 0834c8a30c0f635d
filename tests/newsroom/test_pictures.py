"""A picture comes in with what a newsroom must know of it, and without what could betray somebody."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from willow.image import UnrecognisedImageFormatError

from broadsheet.newsroom import renditions
from broadsheet.newsroom.models import Picture
from broadsheet.newsroom.tasks import make_renditions
from tests.factories import a_picture, an_article
from tests.newsroom.conftest import Gate

pytestmark = pytest.mark.django_db

SERIAL, GPS, MAKE, ARTIST, COPYRIGHT, DESCRIPTION, ORIENTATION = 0xA431, 0x8825, 0x010F, 0x013B, 0x8298, 0x010E, 0x0112

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 photoshop:Credit="Lusa" photoshop:Source="Lusa Lisboa">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">The ferry at dawn — first light</rdf:li></rdf:Alt></dc:description>
<dc:creator><rdf:Seq><rdf:li>First Reporter</rdf:li><rdf:li>Second Reporter</rdf:li></rdf:Seq></dc:creator>
<xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">CC BY 4.0</rdf:li></rdf:Alt></xmpRights:UsageTerms>
<core:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">A small ferry.</rdf:li></rdf:Alt></core:AltTextAccessibility>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def exif(**extra: object) -> Image.Exif:
    said = Image.Exif()
    said[MAKE] = "Secret Camera Works"
    said[ARTIST] = "First Reporter"
    said[COPYRIGHT] = "2019 Lusa"
    said[DESCRIPTION] = "The ferry"
    said[ORIENTATION] = 6
    said.get_ifd(0x8769)[SERIAL] = "SERIAL-4711"
    said.get_ifd(GPS).update({1: "N", 2: (38.0, 43.0, 20.0), 3: "W", 4: (9.0, 8.0, 0.0)})
    return said


def file_of(kind: str, size: tuple[int, int] = (640, 400), **save: object) -> bytes:
    written = io.BytesIO()
    picture = Image.radial_gradient("L").resize(size).convert("RGB")
    picture.save(written, kind, **save)
    return written.getvalue()


def iptc() -> bytes:
    """An APP13 segment as agencies write it: a caption, a byline and a credit."""
    records = b"".join(
        b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text
        for number, text in ((120, b"The ferry at noon"), (80, b"Second Reporter"), (110, b"Harbour News"))
    )
    block = b"8BIM\x04\x04\x00\x00" + len(records).to_bytes(4, "big") + records + b"\x00" * (len(records) & 1)
    body = b"Photoshop 3.0\x00" + block
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def stored(data: bytes, name: str, **fields: object) -> tuple[Picture, bytes]:
    picture = Picture(title="A picture", **fields)
    picture.file = SimpleUploadedFile(name, data)
    picture.save()
    with picture.file.open() as file:
        return Picture.objects.get(pk=picture.pk), file.read()


SECRETS = (b"SERIAL-4711", b"Secret Camera Works", b"xmpmeta", b"Photoshop 3.0")


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp"), ("AVIF", "a.avif")]
)
def test_place_and_device_are_taken_out_and_the_picture_stays(kind: str, name: str) -> None:
    extra: dict[str, object] = {} if kind == "PNG" else {"xmp": XMP.encode()}
    given = file_of(kind, exif=exif().tobytes(), **extra)
    assert b"SERIAL-4711" in given

    picture, kept = stored(given, name)

    assert not [secret for secret in SECRETS if secret in kept]
    with Image.open(io.BytesIO(kept)) as opened:
        opened.load()
        assert opened.format == kind
        assert opened.size == (640, 400)
        assert not opened.getexif().get_ifd(GPS)
    assert picture.file_size == len(kept)
    assert picture.file_hash
    if kind in ("JPEG", "PNG", "WEBP"):  # cut, not encoded again
        with Image.open(io.BytesIO(given)) as before, Image.open(io.BytesIO(kept)) as after:
            assert before.tobytes() == after.tobytes()


def test_a_jpeg_keeps_which_way_is_up_its_colours_its_maker_and_its_copyright() -> None:
    profile = Image.new("RGB", (1, 1)).info.get("icc_profile") or b"\x00" * 200
    _, kept = stored(file_of("JPEG", exif=exif().tobytes(), icc_profile=profile, comment=b"by telephone"), "a.jpg")
    with Image.open(io.BytesIO(kept)) as opened:
        said = opened.getexif()
        assert (said[ORIENTATION], said[ARTIST], said[COPYRIGHT]) == (6, "First Reporter", "2019 Lusa")
        assert set(said) == {ORIENTATION, ARTIST, COPYRIGHT}
        assert opened.info["icc_profile"] == profile
    assert b"by telephone" not in kept


def test_what_a_telephone_puts_behind_the_picture_is_cut_off() -> None:
    film = b"ftypmp42 lat=38.722 lon=-9.139"
    _, kept = stored(file_of("JPEG") + film, "a.jpg")
    assert film not in kept


def test_xmp_fills_the_empty_fields() -> None:
    picture, _ = stored(file_of("JPEG", xmp=XMP.encode(), exif=exif().tobytes()), "a.jpg")
    assert picture.caption == "The ferry at dawn — first light"
    assert picture.credit == "First Reporter, Second Reporter / Lusa"
    assert picture.source == "Lusa Lisboa"
    assert picture.licence == "CC BY 4.0"
    assert picture.alt_text == "A small ferry."


def test_iptc_fills_the_empty_fields() -> None:
    plain = file_of("JPEG")
    picture, kept = stored(plain[:2] + iptc() + plain[2:], "a.jpg")
    assert (picture.caption, picture.credit) == ("The ferry at noon", "Second Reporter / Harbour News")
    assert b"Harbour News" not in kept.replace(b"Second Reporter", b"")


def test_exif_fills_the_empty_fields() -> None:
    picture, _ = stored(file_of("JPEG", exif=exif().tobytes()), "a.jpg")
    assert (picture.caption, picture.credit) == ("The ferry", "First Reporter")


def test_what_an_editor_wrote_is_not_overwritten() -> None:
    picture, _ = stored(file_of("JPEG", xmp=XMP.encode()), "a.jpg", caption="Ours", credit="Ours too")
    assert (picture.caption, picture.credit) == ("Ours", "Ours too")


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"""


@pytest.mark.parametrize(
    "data",
    [
        file_of("JPEG", xmp=BOMB),
        file_of("JPEG", xmp=b"<not xml"),
        file_of("JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"),
        file_of("JPEG")[:2] + b"\xff\xed\x00\x10Photoshop 3.0\x00" + file_of("JPEG")[2:],
    ],
)
def test_malformed_metadata_is_dropped_and_the_picture_is_taken(data: bytes) -> None:
    picture, kept = stored(data, "a.jpg")
    assert picture.caption == ""
    with Image.open(io.BytesIO(kept)) as opened:
        opened.load()


# ── refused, in words


def uploaded(client: Client, name: str, data: bytes, kind: str = "image/jpeg") -> str:
    form = {"title": "A picture", "file": SimpleUploadedFile(name, data, kind)}
    answer = client.post("/admin/images/add/", form)
    if answer.status_code == 302:
        return ""
    return " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)


def a_png_that_says(width: int, height: int) -> bytes:
    """A few bytes that would unpack into a picture of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jpg", b"this is not a picture", "not an image"),
        ("a.jpg", b"", "empty"),
        ("a.svg", SVG, "Not a supported image format"),
        ("a.jpg", SVG, "extension does not match"),
        ("a.png", file_of("JPEG"), "extension does not match"),
        ("a.png", a_png_that_says(10_000, 10_001), "too many pixels"),
        ("a.jpg", file_of("JPEG")[:2000], "damaged"),
        ("a.html", b"<html></html>", ""),
    ],
)
def test_what_is_not_a_picture_is_refused_and_the_editor_told_why(
    newsroom: Client, name: str, data: bytes, words: str
) -> None:
    said = uploaded(newsroom, name, data)
    assert said
    assert words in said
    assert not Picture.objects.exists()


def test_the_dark_variant_is_chosen_from_the_pictures(newsroom: Client) -> None:
    dark = a_picture("The map, dark")
    form = {
        "title": "The map",
        "file": SimpleUploadedFile("a.jpg", file_of("JPEG"), "image/jpeg"),
        "dark": str(dark.pk),
    }
    assert newsroom.get("/admin/images/add/").status_code == 200
    assert newsroom.post("/admin/images/add/", form).status_code == 302
    light = Picture.objects.get(title="The map")
    assert light.dark == dark
    assert newsroom.get(f"/admin/images/{light.pk}/").status_code == 200


def test_a_picture_is_taken_and_its_fields_are_filled(newsroom: Client) -> None:
    assert uploaded(newsroom, "a.jpg", file_of("JPEG", xmp=XMP.encode(), exif=exif().tobytes())) == ""
    picture = Picture.objects.get()
    assert picture.credit == "First Reporter, Second Reporter / Lusa"
    with picture.file.open() as file:
        assert b"SERIAL-4711" not in file.read()


@pytest.mark.parametrize("data", [b"not a picture", SVG, file_of("JPEG")[:40], file_of("PNG")[:60]])
def test_an_importer_cannot_store_what_is_not_a_picture(data: bytes) -> None:
    with pytest.raises((ValidationError, UnrecognisedImageFormatError, OSError)):
        stored(data, "a.jpg")
    assert not Picture.objects.exists()


def test_an_importer_cannot_store_a_hundred_megapixels() -> None:
    whole = io.BytesIO()
    Image.new("1", (10_000, 10_001)).save(whole, "PNG")
    with pytest.raises(ValidationError, match="pixels"):
        stored(whole.getvalue(), "a.png")


# ── files for screens


def sources(html: str) -> list[str]:
    return [part.split("<", 1)[0] for part in html.split("<source ")[1:]]


def test_a_page_is_drawn_with_the_files_there_are_and_again_when_the_worker_is_done(
    gate: Gate, django_capture_on_commit_callbacks: Callable
) -> None:
    picture = a_picture()
    picture.renditions.all().delete()
    article = an_article(picture=picture)
    first = gate.html(article.url)
    assert "<picture><img" in first
    assert {made.filter_spec.split("format-")[1] for made in picture.renditions.all()} == {"jpeg"}

    with django_capture_on_commit_callbacks(execute=True):
        made = make_renditions.call(picture.pk)

    assert made == len([name for name in renditions.specs_of(picture) if "jpeg" not in name])
    assert gate.kept(article.url) is None
    again = gate.html(article.url)
    assert 'type="image/avif"' in again
    assert 'type="image/webp"' in again
    assert make_renditions.call(picture.pk) == 0


def test_a_picture_with_a_dark_variant_offers_it_to_dark_screens(gate: Gate) -> None:
    dark = a_picture("The map, dark")
    light = a_picture("The map", dark=dark)
    for picture in (light, dark):
        renditions.make_all(picture)
    html = gate.html(an_article(picture=light).url)
    assert 'media="(prefers-color-scheme: dark)"' in html
    assert html.index("prefers-color-scheme: dark") < html.index("<img ")


def test_no_file_is_wider_than_the_picture() -> None:
    small, _ = stored(file_of("JPEG", size=(500, 300)), "a.jpg")
    assert renditions.widths(small) == [400, 500]
    large, _ = stored(file_of("JPEG", size=(3000, 300)), "b.jpg")
    assert renditions.widths(large) == [400, 800, 1600]
