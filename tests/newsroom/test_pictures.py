"""A picture comes in with what a newsroom must know of it, and without what could betray somebody."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from PIL import Image, ImageCms, ImageDraw
from wagtail.search.backends import get_search_backend
from willow.image import UnrecognisedImageFormatError

from broadsheet.config import config
from broadsheet.newsroom import renditions
from broadsheet.newsroom.acts.publish import CannotPublish, publish
from broadsheet.newsroom.models import Picture
from broadsheet.newsroom.tasks import make_renditions
from tests.factories import a_draft, a_picture, a_section, an_article
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


def exif(orientation: int = 1) -> Image.Exif:
    said = Image.Exif()
    said[MAKE] = "Secret Camera Works"
    said[ARTIST] = "First Reporter"
    said[COPYRIGHT] = "2019 Lusa"
    said[DESCRIPTION] = "The ferry"
    said[ORIENTATION] = orientation
    said.get_ifd(0x8769)[SERIAL] = "SERIAL-4711"
    said.get_ifd(GPS).update({1: "N", 2: (38.0, 43.0, 20.0), 3: "W", 4: (9.0, 8.0, 0.0)})
    return said


def file_of(kind: str, size: tuple[int, int] = (640, 400), **save: object) -> bytes:
    written = io.BytesIO()
    picture = Image.radial_gradient("L").resize(size).convert("RGB")
    picture.save(written, kind, **save)
    return written.getvalue()


def iptc(records: dict[int, bytes] | None = None, charset: bytes = b"") -> bytes:
    """An APP13 segment as agencies write it; by default a caption, a byline and a credit."""
    given = records or {120: b"The ferry at noon", 80: b"Second Reporter", 110: b"Harbour News"}
    said = [b"\x1c\x01\x5a" + len(charset).to_bytes(2, "big") + charset] if charset else []
    said += [b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text for number, text in given.items()]
    data = b"".join(said)
    block = b"8BIM\x04\x04\x00\x00" + len(data).to_bytes(4, "big") + data + b"\x00" * (len(data) & 1)
    body = b"Photoshop 3.0\x00" + block
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def with_segment(jpeg: bytes, segment: bytes) -> bytes:
    return jpeg[:2] + segment + jpeg[2:]


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


def test_a_jpeg_keeps_its_colours_its_maker_and_its_copyright() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _, kept = stored(file_of("JPEG", exif=exif().tobytes(), icc_profile=profile, comment=b"by telephone"), "a.jpg")
    with Image.open(io.BytesIO(kept)) as opened:
        said = opened.getexif()
        assert (said[ARTIST], said[COPYRIGHT]) == ("First Reporter", "2019 Lusa")
        assert set(said) == {ARTIST, COPYRIGHT}
        assert opened.info["icc_profile"] == profile
    assert b"by telephone" not in kept


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_what_was_taken_on_its_side_is_stored_the_right_way_up(kind: str) -> None:
    lying = Image.new("RGB", (640, 400), "white")
    ImageDraw.Draw(lying).rectangle(
        (0, 0, 100, 400), fill="black"
    )  # left as it lies: the top as it stands, turned by 6
    written = io.BytesIO()
    lying.save(written, kind, exif=exif(orientation=6).tobytes())
    picture, kept = stored(written.getvalue(), f"a.{kind.lower()}")
    with Image.open(io.BytesIO(kept)) as opened:
        assert opened.size == (picture.width, picture.height) == (400, 640)
        assert ORIENTATION not in opened.getexif()
        upright = opened.convert("L")
        assert upright.getpixel((200, 50)) < 60
        assert upright.getpixel((200, 600)) > 200
    rendition = picture.get_rendition("width-200|format-jpeg")
    assert (rendition.width, rendition.height) == (200, 320)


def a_screen_s_profile() -> bytes:
    """sRGB with the tag in which Apple's screens write their serial number."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = int.from_bytes(plain[128:132], "big")
    table = bytearray(plain[132 : 132 + 12 * count])
    for at in range(4, len(table), 12):
        table[at : at + 4] = (int.from_bytes(table[at : at + 4], "big") + 12).to_bytes(4, "big")
    said = b"mmod" + bytes(4) + b"SERIAL-4711"
    end = len(plain) + 12
    whole = plain[:128] + (count + 1).to_bytes(4, "big") + bytes(table)
    whole += b"mmod" + end.to_bytes(4, "big") + len(said).to_bytes(4, "big") + plain[132 + 12 * count :] + said
    return len(whole).to_bytes(4, "big") + whole[4:]


def test_a_profile_that_names_a_screen_is_not_kept() -> None:
    given = file_of("JPEG", icc_profile=a_screen_s_profile())
    assert b"SERIAL-4711" in given
    _, kept = stored(given, "a.jpg")
    assert b"SERIAL-4711" not in kept
    assert b"mmod" not in kept


def test_what_stands_between_the_scans_of_a_progressive_picture_is_cut_out() -> None:
    plain = file_of("JPEG", progressive=True)
    second = plain.index(b"\xff\xda", plain.index(b"\xff\xda") + 2)
    hidden = b"\xff\xfe\x00\x13lat=38.722 secret"
    _, kept = stored(plain[:second] + hidden + plain[second:], "a.jpg")
    assert b"secret" not in kept
    assert kept == plain


def makers_exif(orientation: int = 1) -> bytes:
    """EXIF as a camera's own software writes it: notes of the maker, the owner, serial numbers, a moment, a place."""
    said = exif(orientation)
    camera = said.get_ifd(0x8769)
    camera[0x927C] = b"MAKER-NOTE SERIAL-4711"
    camera[0xA430] = "OWNER-NAME"
    camera[0xA435] = "LENS-SERIAL"
    camera[0x9003] = "2026:11:24 06:12:00"
    said[0xC65A] = "DNG-SERIAL"
    return said.tobytes()


HISTORY = XMP.replace(
    "xmlns:dc=",
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"'
    ' exif:GPSLatitude="38,43.33N" aux:SerialNumber="SERIAL-4711" aux:OwnerName="OWNER-NAME"'
    ' photoshop:City="Lisbon" photoshop:Country="Portugal" photoshop:DateCreated="2026-11-23T06:10:00+01:00" xmlns:dc=',
).replace(
    "<dc:description>",
    '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:softwareAgent="HISTORY-AGENT"/></rdf:Seq></xmpMM:History>'
    "<dc:description>",
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 8])
def test_nothing_stored_or_served_says_where_or_with_what(
    newsroom: Client, kind: str, orientation: int, django_capture_on_commit_callbacks: Callable
) -> None:
    extra: dict[str, object] = {"icc_profile": a_screen_s_profile()}
    if kind != "PNG":
        extra["xmp"] = HISTORY.encode()
    given = file_of(kind, size=(1700, 1300), exif=makers_exif(orientation), **extra)
    if kind == "JPEG":
        given = with_segment(given, iptc({120: b"The ferry", 100: b"IPTC-CODE", 118: b"CONTACT-NAME"}))
    secrets = [b"SERIAL-4711", b"OWNER-NAME", b"LENS-SERIAL", b"DNG-SERIAL", b"MAKER-NOTE", b"Secret Camera Works"]
    secrets += [b"HISTORY-AGENT", b"CONTACT-NAME", b"GPSLatitude", b"mmod"]
    assert sum(secret in given for secret in secrets) >= 5
    before = set(config().media.rglob("*"))

    with django_capture_on_commit_callbacks(execute=True):
        assert uploaded(newsroom, f"a.{kind.lower().replace('jpeg', 'jpg')}", given) == ""
    picture = Picture.objects.get()
    make_renditions.call(picture.pk)
    assert newsroom.get(f"/admin/images/{picture.pk}/").status_code == 200

    written = [file for file in set(config().media.rglob("*")) - before if file.is_file()]
    assert len(written) > 8
    assert {file: secret for file in written for secret in secrets if secret in file.read_bytes()} == {}
    for file in written:
        with Image.open(file) as opened:
            assert not opened.getexif().get_ifd(GPS)
            assert set(opened.getexif()) <= {ARTIST, COPYRIGHT}


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


@pytest.mark.parametrize(
    ("charset", "encoding"), [(b"\x1b%G", "utf-8"), (b"", "utf-8"), (b"", "latin-1"), (b"", "cp1252")]
)
def test_letters_of_iptc_come_through_whatever_they_are_written_in(charset: bytes, encoding: str) -> None:
    caption = "Fähre über den Tejo" + (" – “früh”" if encoding != "latin-1" else "")
    records = {120: caption.encode(encoding), 80: "Zoë".encode(encoding), 90: "Málaga".encode(encoding), 101: b"Spain"}
    picture, _ = stored(with_segment(file_of("JPEG"), iptc(records, charset)), "a.jpg")
    assert (picture.caption, picture.credit, picture.place) == (caption, "Zoë", "Málaga, Spain")


def test_the_day_the_place_and_the_rights_are_taken_from_the_younger_standard_first() -> None:
    older = {120: b"By IPTC", 90: b"Porto", 55: b"20261122", 116: b"2026 IPTC"}
    with_all = with_segment(file_of("JPEG", xmp=HISTORY.encode(), exif=makers_exif()), iptc(older))
    picture, _ = stored(with_all, "a.jpg")
    assert picture.caption == "The ferry at dawn — first light"
    assert (picture.place, picture.taken_on, picture.rights) == ("Lisbon, Portugal", date(2026, 11, 23), "2026 IPTC")
    without_xmp, _ = stored(with_segment(file_of("JPEG", exif=makers_exif()), iptc(older)), "b.jpg")
    assert (without_xmp.caption, without_xmp.place) == ("By IPTC", "Porto")
    assert without_xmp.taken_on == date(2026, 11, 22)
    only_exif, _ = stored(file_of("JPEG", exif=makers_exif()), "c.jpg")
    assert (only_exif.taken_on, only_exif.rights) == (date(2026, 11, 24), "2019 Lusa")


@pytest.mark.parametrize("taken", [b"20261399", b"yesterday", b"00000000", b"2026"])
def test_a_day_that_is_none_is_left_open(taken: bytes) -> None:
    picture, _ = stored(with_segment(file_of("JPEG"), iptc({55: taken, 120: b"The ferry"})), "a.jpg")
    assert (picture.caption, picture.taken_on) == ("The ferry", None)


@pytest.mark.parametrize("address", ["/admin/images/multiple/add/", "/admin/images/chooser/create/"])
def test_the_fields_are_filled_by_whichever_door_a_picture_comes(newsroom: Client, address: str) -> None:
    photograph = SimpleUploadedFile("a.jpg", file_of("JPEG", xmp=HISTORY.encode(), exif=makers_exif()), "image/jpeg")
    fields = (
        {"files[]": photograph}
        if "multiple" in address
        else {
            "image-chooser-upload-title": "The ferry",
            "image-chooser-upload-file": photograph,
        }
    )
    answer = newsroom.post(address, fields, headers={"X-Requested-With": "XMLHttpRequest"})
    assert answer.status_code == 200
    picture = Picture.objects.get()
    assert picture.caption == "The ferry at dawn — first light"
    assert picture.credit == "First Reporter, Second Reporter / Lusa"
    assert picture.alt_text == "A small ferry."
    assert (picture.place, picture.taken_on) == ("Lisbon, Portugal", date(2026, 11, 23))
    with picture.file.open() as file:
        assert b"SERIAL-4711" not in file.read()


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


def test_the_desk_finds_a_picture_at_once_and_leaves_nothing_of_that_to_the_worker() -> None:
    """The form that takes a picture puts it into the index too: whoever came second failed, editor or worker."""
    DBTaskResult.objects.all().delete()
    picture = a_picture("The quay at low water")
    assert list(get_search_backend().search("quay", Picture)) == [picture]
    assert not DBTaskResult.objects.filter(task_path__contains="insert_or_update").exists()
    picture.delete()
    assert not get_search_backend().search("quay", Picture).count()


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
    assert renditions.widths(large) == [400, 800, 1200, 1600]


def make_files(picture: Picture) -> Picture:
    make_renditions.call(picture.pk)
    return Picture.objects.get(pk=picture.pk)


def test_every_printed_file_says_who_made_it_and_whose_it_is_in_a_few_bytes() -> None:
    fields = {"credit": "Zoë / Lusa & <Co>", "rights": "© 2026 Lusa", "licence": "CC BY 4.0"}
    picture, _ = stored(file_of("JPEG", size=(1000, 1000)), "a.jpg", **fields)
    plain, _ = stored(file_of("JPEG", size=(1000, 1000)), "b.jpg")
    for one in (picture, plain):
        make_files(one)
    ours = {rendition.filter_spec: rendition for rendition in picture.renditions.all()}
    assert {name.rpartition("-")[2] for name in ours} >= {"webp", "jpeg"}
    for rendition in ours.values():
        with rendition.file.open() as file:
            data = file.read()
        with Image.open(io.BytesIO(data)) as opened:
            packet = opened.info["xmp"].decode()
        assert "<photoshop:Credit>Zoë / Lusa &amp; &lt;Co&gt;</photoshop:Credit>" in packet
        assert "© 2026 Lusa" in packet
        assert "CC BY 4.0" in packet
    for rendition in plain.renditions.all():
        assert 0 < ours[rendition.filter_spec].file.size - rendition.file.size < 1000
        with Image.open(rendition.file) as opened:
            assert not opened.info.get("xmp")


def test_printed_files_are_in_the_colours_of_every_screen() -> None:
    """What a wide profile calls (0, 200, 0) is not what sRGB calls so; a browser that ignores profiles shows it right."""
    wide = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = (wide.index(tag, 132) for tag in (b"rXYZ", b"gXYZ"))
    wide[red + 4 : red + 8], wide[green + 4 : green + 8] = wide[green + 4 : green + 8], wide[red + 4 : red + 8]
    written = io.BytesIO()
    Image.new("RGB", (900, 600), (220, 20, 20)).save(written, "JPEG", icc_profile=bytes(wide))
    picture = make_files(stored(written.getvalue(), "a.jpg")[0])
    for rendition in picture.renditions.all():
        with Image.open(rendition.file) as opened:
            assert not opened.info.get("icc_profile")
            red_part, green_part, _ = opened.convert("RGB").getpixel((20, 20))
            assert green_part > red_part + 100, rendition.filter_spec


def test_avif_is_kept_only_where_it_is_smaller() -> None:
    photograph = make_files(stored(file_of("JPEG", size=(1000, 667)), "a.jpg")[0])
    flat = Image.new("P", (1000, 667), 0)
    flat.putpalette([255, 255, 255, 200, 30, 30, 30, 30, 200])
    drawn = ImageDraw.Draw(flat)
    for n in range(0, 1000, 40):
        drawn.line((n, 0, n, 667), fill=1 + n // 40 % 2)
    written = io.BytesIO()
    flat.save(written, "PNG")
    chart = make_files(stored(written.getvalue(), "b.png")[0])
    for picture in (photograph, chart):
        weights = dict.fromkeys(("avif", "webp"), 0)
        for rendition in picture.renditions.exclude(filter_spec__endswith="jpeg"):
            weights[rendition.filter_spec.rpartition("-")[2]] += rendition.file.size
        assert weights["avif"] < weights["webp"]
        assert (weights["avif"] > 0) == ("avif" in picture.formats)
        assert make_renditions.call(picture.pk) == 0
    assert photograph.formats == "avif,webp"


# ── cut around the focal point


def a_tall_picture(**fields: object) -> Picture:
    """White, with a black square near its lower end."""
    tall = Image.new("RGB", (900, 1500), "white")
    ImageDraw.Draw(tall).rectangle((350, 1200, 550, 1400), fill="black")
    written = io.BytesIO()
    tall.save(written, "JPEG")
    return stored(written.getvalue(), "tall.jpg", credit="C", alt_text="A", **fields)[0]


def has_black(picture: Picture, name: str) -> bool:
    with Image.open(picture.renditions.get(filter_spec=name).file) as opened:
        return opened.convert("L").getextrema()[0] < 60


def test_heroes_and_cards_are_cut_around_the_focal_point_and_again_when_it_is_moved(
    newsroom: Client, gate: Gate, django_capture_on_commit_callbacks: Callable
) -> None:
    picture = make_files(a_tall_picture())
    article = an_article(picture=picture)
    assert not has_black(picture, "fill-800x533|format-webp")
    assert "fill-800x533.format-webp" in gate.html(article.url)

    desk = newsroom.get(f"/admin/images/{picture.pk}/").content.decode()
    assert (
        len(re.findall(r'<figure><img src="[^"]+fill-800x533\.format-jpeg[^"]*" width="800" height="533"', desk)) == 2
    )
    form = {"title": "Tall", "credit": "C", "alt_text": "A", "collection": picture.collection_id}
    focus = {"focal_point_x": 450, "focal_point_y": 1300, "focal_point_width": 200, "focal_point_height": 200}
    with django_capture_on_commit_callbacks(execute=True):
        assert newsroom.post(f"/admin/images/{picture.pk}/", {**form, **focus}).status_code == 302
    picture.refresh_from_db()
    assert picture.files == "waiting"
    assert DBTaskResult.objects.filter(status=TaskResultStatus.READY).exists()
    with django_capture_on_commit_callbacks(execute=True):
        picture = make_files(picture)
    assert has_black(picture, "fill-800x533|format-webp")
    assert picture.renditions.get(filter_spec="fill-800x533|format-webp").url in gate.html(article.url)


def test_a_picture_of_the_usual_shape_is_not_cut() -> None:
    usual, _ = stored(file_of("JPEG", size=(1500, 1000)), "a.jpg")
    assert not [name for name in renditions.specs_of(usual) if "fill" in name]


def test_a_map_whose_focal_area_is_larger_than_the_cut_stands_whole_on_a_ground_of_its_own_colour(
    newsroom: Client, gate: Gate, django_capture_on_commit_callbacks: Callable
) -> None:
    sea = (40, 120, 200)
    wide = Image.new("RGB", (1800, 900), sea)
    for left in (20, 1740):  # what stands at the edges of a map: its scale, a neighbouring country
        ImageDraw.Draw(wide).rectangle((left, 400, left + 40, 440), fill="black")
    written = io.BytesIO()
    wide.save(written, "PNG")
    picture = make_files(stored(written.getvalue(), "map.png", credit="C", alt_text="A")[0])
    assert not has_black(picture, "fill-800x533|format-webp")
    card = "max-800x533|format-webp"
    form = {"title": "Map", "credit": "C", "alt_text": "A", "collection": picture.collection_id}
    focus = {"focal_point_x": 900, "focal_point_y": 450, "focal_point_width": 1780, "focal_point_height": 860}
    with django_capture_on_commit_callbacks(execute=True):
        newsroom.post(f"/admin/images/{picture.pk}/", {**form, **focus})
        picture = make_files(Picture.objects.get(pk=picture.pk))
    assert not picture.renditions.filter(filter_spec__startswith="fill-", filter_spec__contains="|").exists()
    with Image.open(picture.renditions.get(filter_spec=card).file) as opened:
        mounted = opened.convert("RGB")
    assert mounted.size == (800, 533)
    marks = [mounted.getpixel((x, 253)) for x in (18, 782)]
    assert all(max(mark) < 60 for mark in marks), marks
    above = mounted.getpixel((400, 5))
    assert all(abs(is_ - wanted) < 12 for is_, wanted in zip(above, sea, strict=True)), above
    an_article(section := a_section(), picture=picture)
    an_article(section)  # the newer one leads
    assert picture.renditions.get(filter_spec=card).url in gate.html(section.url)


@pytest.mark.parametrize(
    ("size", "widest"), [((900, 1500), 900), ((4000, 500), 750), ((2000, 2000), 1600), ((300, 300), 300)]
)
def test_no_cut_is_wider_than_what_is_cut_out(size: tuple[int, int], widest: int) -> None:
    picture, _ = stored(file_of("JPEG", size=size), "a.jpg")
    cut = [shape for shape in renditions.shapes_of(picture) if shape != renditions.Shape.WHOLE]
    assert max(width for shape in cut for width in renditions.widths(picture, shape)) == widest


# ── how far the worker is


def test_a_picture_that_cannot_be_made_is_said_to_have_failed_and_stops_nothing(
    newsroom: Client, gate: Gate, django_capture_on_commit_callbacks: Callable
) -> None:
    broken, well = a_picture("The broken one"), a_picture("The other")
    whole = Path(broken.file.path).read_bytes()
    Path(broken.file.path).write_bytes(b"\xff\xd8\xff\xe0 no picture")
    for picture in (broken, well):
        make_renditions.call(picture.pk)
    broken, well = (Picture.objects.get(pk=picture.pk) for picture in (broken, well))
    assert (broken.files, well.files) == ("failed", "ready")
    assert broken.why_failed
    article = an_article(picture=broken)
    html = gate.html(article.url)
    assert f'<picture><img src="{broken.file.url}" alt="A small ferry at a wooden landing." width="1200"' in html
    assert '<meta property="og:image" content="http' in html
    assert f'{broken.file.url}">' in html

    library = newsroom.get("/admin/images/").content.decode()
    assert library.count("Its sizes could not be made") == 1
    desk = newsroom.get(f"/admin/images/{broken.pk}/").content.decode()
    assert "Its sizes could not be made" in desk
    assert "Try again" in desk

    Path(broken.file.path).write_bytes(whole)
    with django_capture_on_commit_callbacks(execute=True):
        asked = newsroom.post(f"/admin/pictures/{broken.pk}/again/", follow=True)
    assert "being made once more" in asked.content.decode()
    task = DBTaskResult.objects.latest("enqueued_at")
    assert task.args_kwargs == {"args": [broken.pk], "kwargs": {}}
    with django_capture_on_commit_callbacks(execute=True):
        broken = make_files(broken)
    assert (broken.files, broken.why_failed) == ("ready", "")
    assert 'type="image/webp"' in gate.html(article.url)


def test_only_who_may_change_pictures_has_them_made_again(client: Client) -> None:
    picture = a_picture()
    assert client.post(f"/admin/pictures/{picture.pk}/again/").status_code == 302, "to the sign-in"
    picture.refresh_from_db()
    assert client.get(f"/admin/pictures/{picture.pk}/again/").status_code in (302, 405)


# ── what stops a story


PARAGRAPH = ("paragraph", "<p>The council voted.</p>")


def test_every_picture_of_a_story_must_have_a_credit_and_alternative_text() -> None:
    well, bare = a_picture("The landing"), a_picture("The hall", credit="", alt_text="")
    unseen = a_picture("The <boat>", alt_text=" ")
    body = [
        PARAGRAPH,
        ("picture", {"picture": bare, "caption": ""}),
        (
            "gallery",
            {"heading": "", "pictures": [{"picture": well, "caption": ""}, {"picture": unseen, "caption": ""}]},
        ),
    ]
    draft = a_draft(picture=well, body=body)
    with pytest.raises(CannotPublish) as refusal:
        publish(draft)
    said = str(refusal.value)
    assert "The picture “The hall” has no alternative text for those who cannot see it and no credit." in said
    assert "The picture “The <boat>” has no alternative text" in said
    assert "The landing" not in said
    linked = refusal.value.faults[None]
    assert f'<a href="/admin/images/{bare.pk}/">“The hall”</a>' in linked
    assert "“The &lt;boat&gt;”" in linked


def test_the_editor_is_given_the_way_to_the_picture(newsroom: Client) -> None:
    bare = a_picture("The hall", credit="")
    draft = a_draft(a_section(), picture=bare)
    form = newsroom.get(f"/admin/pages/{draft.pk}/edit/").context["form"]
    fields = {
        "title": draft.title, "slug": draft.slug, "picture": bare.pk, "kind": draft.kind, "action-publish": "1",
        "body-count": "0", "bylines-TOTAL_FORMS": "0", "bylines-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert form.is_bound is False
    answer = newsroom.post(f"/admin/pages/{draft.pk}/edit/", fields).content.decode()
    assert "has no credit" in answer
    assert f'The picture <a href="/admin/images/{bare.pk}/">“The hall”</a> has no credit.' in answer


def test_a_decorative_picture_needs_no_alternative_text_and_is_passed_over(newsroom: Client, gate: Gate) -> None:
    ornament = a_picture("An ornament", alt_text="", is_decorative=True)
    html = gate.html(an_article(picture=ornament).url)
    assert 'alt=""' in html
    both = {"title": "An ornament", "credit": "C", "alt_text": "A flower.", "is_decorative": "on"}
    answer = newsroom.post(f"/admin/images/{ornament.pk}/", {**both, "collection": ornament.collection_id})
    assert "A decorative picture has no alternative text" in answer.content.decode()
