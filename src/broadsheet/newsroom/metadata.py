"""What a picture file says of itself: read into the newsroom's fields, and taken out of what is stored.

Agencies and cameras write captions and credits into IPTC, XMP and EXIF; cameras and telephones also write where, when and with
which device a picture was taken, which can betray a source. What is stored keeps the picture, turned the right way up, its
colours, the maker's name and the copyright notice; nothing else. What pages are printed from says who made it and whose it is.

Where a file says a thing more than once, XMP is believed before IPTC-IIM, and that before EXIF: programs that know the younger
standard write all three. (A checksum would tell an IIM that an older program changed afterwards, as the Metadata Working
Group's guidelines 2.0 have it; we do not look at it.)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from io import BytesIO
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, IptcImagePlugin, UnidentifiedImageError

log = logging.getLogger(__name__)

# EXIF tags (CIPA DC-008)
_DESCRIPTION, _ORIENTATION, _ARTIST, _COPYRIGHT = 0x010E, 0x0112, 0x013B, 0x8298

_EXIF_IFD, _TAKEN_ON = 0x8769, 0x9003

# IPTC-IIM 4.2, record 2
_IPTC = {
    "title": 5,
    "taken_on": 55,
    "creator": 80,
    "sublocation": 92,
    "city": 90,
    "state": 95,
    "country": 101,
    "credit": 110,
    "source": 115,
    "copyright": 116,
    "caption": 120,
}
_IPTC_CHARSET, _IPTC_UTF8 = (1, 90), b"\x1b%G"

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP = {
    "caption": "{http://purl.org/dc/elements/1.1/}description",
    "creator": "{http://purl.org/dc/elements/1.1/}creator",
    "copyright": "{http://purl.org/dc/elements/1.1/}rights",
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "credit": "{http://ns.adobe.com/photoshop/1.0/}Credit",
    "source": "{http://ns.adobe.com/photoshop/1.0/}Source",
    "licence": "{http://ns.adobe.com/xap/1.0/rights/}UsageTerms",
    "alt_text": "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility",
    "sublocation": "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}Location",
    "city": "{http://ns.adobe.com/photoshop/1.0/}City",
    "state": "{http://ns.adobe.com/photoshop/1.0/}State",
    "country": "{http://ns.adobe.com/photoshop/1.0/}Country",
    "taken_on": "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
}
_PLACE = ("sublocation", "city", "state", "country")

# What malformed metadata makes Pillow, the XML parser and our own reading raise. A picture is not refused for it.
MALFORMED = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    SyntaxError,
    ParseError,
    DefusedXmlException,
    OSError,
    EOFError,
)


class NotAPicture(ValueError):
    """The file cannot be read as one of the formats pages are printed from."""


@dataclass(frozen=True)
class Said:
    """What the file says; empty where it says nothing."""

    title: str = ""
    caption: str = ""
    creator: str = ""
    credit: str = ""
    source: str = ""
    copyright: str = ""
    licence: str = ""
    alt_text: str = ""
    place: str = ""  # in words: “Eastern landing, Lisbon, Portugal”; never coordinates
    taken_on: date | None = None

    @property
    def credit_line(self) -> str:
        """As it is printed: “photographer / agency”."""
        parts = [self.creator, self.credit if self.credit != self.creator else ""]
        return " / ".join(part for part in parts if part) or self.copyright


def read(file: IO[bytes]) -> Said:
    """XMP before IPTC before EXIF, field by field. Raises NotAPicture."""
    with _opened(file) as image:
        sources = [_careful(_from_xmp, image), _careful(_from_iptc, image), _careful(_from_exif, image)]
    for found in sources:
        # A place is taken whole from one of them: the city of one and the country of another may be two places.
        found["place"] = ", ".join(found[part] for part in _PLACE if found.get(part))
        found["taken_on"] = _day(found.get("taken_on", ""))
    merged: dict[str, Any] = {
        field.name: next((found[field.name] for found in sources if found.get(field.name)), field.default)
        for field in fields(Said)
    }
    return Said(**merged)


def cleaned(file: IO[bytes], said: Said) -> bytes:
    """The same picture, the right way up, without what it says of place, time and device. Raises NotAPicture.

    JPEG, PNG and WebP that lie the right way up are cut, not encoded again: no quality is lost. What has to be turned is
    encoded again, and so are AVIF and GIF if they say anything.
    """
    with _opened(file) as image:
        kind = image.format
        orientation = _careful(lambda opened: {"value": opened.getexif().get(_ORIENTATION, 1)}, image).get("value", 1)
        says = bool(image.info.get("exif") or image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
        profile = image.info.get("icc_profile") or b""
    file.seek(0)
    whole = file.read()
    if orientation in range(2, 9) or _names_a_device(profile):
        whole, says = _turned(whole, "JPEG" if kind == "MPO" else str(kind)), False
    match kind:
        case "JPEG" | "MPO":
            return _cut_jpeg(whole, _kept_exif(said))
        case "PNG":
            return _cut_png(whole)
        case "WEBP":
            return _cut_webp(whole)
        case "AVIF" | "GIF" if says or b"XMP DataXMP" in whole or b"\x21\xfe" in whole:
            return _encoded_again(whole, str(kind))
    return whole


def printed(image: Image.Image, kind: str, quality: int, packet: bytes) -> bytes:
    """A file for pages: sRGB without a profile, and of what can be said of a picture only `packet` (XMP; see `xmp_of`)."""
    plain = in_srgb(image)
    out = BytesIO()
    match kind:
        case "jpeg":
            flat = plain if plain.mode in ("RGB", "L") else _on_white(plain)
            options: dict[str, Any] = {"xmp": packet} if packet else {}
            flat.save(out, "JPEG", quality=quality, optimize=True, progressive=True, **options)
        case "webp":
            plain.save(out, "WEBP", quality=quality, method=5, xmp=packet, exif=b"", icc_profile=b"")
        case "avif":
            plain.save(out, "AVIF", quality=quality, speed=6, xmp=packet, exif=b"", icc_profile=b"")
        case _:
            raise ValueError(f"No page is printed from {kind}.")
    return out.getvalue()


def in_srgb(image: Image.Image) -> Image.Image:
    """The same colours as every screen understands them, with nothing attached. A broken profile is passed over."""
    profile = image.info.get("icc_profile")
    has_alpha = "A" in image.mode or "transparency" in image.info
    mode = "RGBA" if has_alpha else "RGB"
    converted = None
    if profile and not has_alpha:
        try:
            converted = ImageCms.profileToProfile(
                image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB"),
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, *MALFORMED) as fault:
            log.info("A picture's colour profile could not be used: %s", fault)
    plain = converted or image.convert(mode)
    plain.info = {}
    return plain


_XMP_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"\
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">{}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""


def xmp_of(credit: str, rights: str, licence: str) -> bytes:
    """What a printed picture says of itself; nothing at all if there is nothing to say. Some 600 bytes.

    Only in XMP: all of JPEG, WebP and AVIF hold it, and search engines read credit and copyright from it.
    """
    said = []
    if credit:
        said.append(f"<photoshop:Credit>{escape(credit)}</photoshop:Credit>")
    for name, text in (("dc:rights", rights), ("xmpRights:UsageTerms", licence)):
        if text:
            said.append(f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></{name}>')
    return _XMP_PACKET.format("".join(said)).encode() if said else b""


def _opened(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(file)
    except (UnidentifiedImageError, *MALFORMED) as fault:
        raise NotAPicture(_("This file is not a picture: %(fault)s") % {"fault": fault}) from fault


def _careful(reader: Any, image: Image.Image) -> dict[str, Any]:
    try:
        return dict(reader(image))
    except MALFORMED as fault:
        log.info("A picture's metadata could not be read: %s", fault)
        return {}


# ── reading


def _from_exif(image: Image.Image) -> dict[str, Any]:
    exif = image.getexif()
    return {
        "caption": _text(exif.get(_DESCRIPTION)),
        "creator": _text(exif.get(_ARTIST)),
        "copyright": _text(exif.get(_COPYRIGHT)),
        "taken_on": _text(exif.get_ifd(_EXIF_IFD).get(_TAKEN_ON)),
    }


def _from_iptc(image: Image.Image) -> dict[str, Any]:
    found = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    # Said to be UTF-8 it is; said to be nothing it may be either, and hardly any Latin-1 text is valid UTF-8.
    charset = found.get(_IPTC_CHARSET)
    is_utf8 = charset == _IPTC_UTF8
    return {name: _text(found.get((2, number)), certainly_utf8=is_utf8) for name, number in _IPTC.items()}


def _from_xmp(image: Image.Image) -> dict[str, Any]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if not packet:
        return {}
    data = packet.encode() if isinstance(packet, str) else packet
    root = fromstring(data.strip(b"\x00 \n\r\t"), forbid_dtd=True)
    descriptions = list(root.iter(f"{_RDF}Description"))
    return {name: next(filter(None, (_xmp_value(one, tag) for one in descriptions)), "") for name, tag in _XMP.items()}


def _xmp_value(description: Element, tag: str) -> str:
    """Of an attribute, a plain element, or an RDF list; of several people, all: “first, second”."""
    if tag in description.attrib:
        return _text(description.attrib[tag])
    element = description.find(tag)
    if element is None:
        return ""
    items = [_text(item.text) for item in element.iter(f"{_RDF}li")]
    if items:
        return items[0] if element.find(f"{_RDF}Alt") is not None else ", ".join(filter(None, items))
    return _text(element.text)


def _text(value: Any, *, certainly_utf8: bool = False) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (_text(part, certainly_utf8=certainly_utf8) for part in value)))
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8", errors="replace" if certainly_utf8 else "strict")
        except UnicodeDecodeError:
            value = value.decode("cp1252", errors="replace")  # Latin-1 with quotation marks, as agencies write it
    text = " ".join(str(value).split()) if value else ""
    return "".join(character for character in text if character.isprintable())


def _day(text: str) -> date | None:
    """Of `2026-11-24T08:00+01:00`, `20261124` or `2026:11:24 08:00:00`; None for anything else.

    >>> _day("20261124")
    datetime.date(2026, 11, 24)
    """
    digits = text[:10].replace(":", "").replace("-", "")[:8]
    if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


# ── turning


def _turned(whole: bytes, kind: str) -> bytes:
    """The right way up, in sRGB, encoded again."""
    out = BytesIO()
    with Image.open(BytesIO(whole)) as image:
        upright = in_srgb(ImageOps.exif_transpose(image))
        options: dict[str, Any] = {}
        if kind == "JPEG":
            upright, options = upright.convert("RGB"), {"quality": 95, "subsampling": "4:4:4"}
        elif kind in ("WEBP", "AVIF"):
            options = {"quality": 95}
        upright.save(out, kind, **options)
    return out.getvalue()


def _names_a_device(profile: bytes) -> bool:
    """A screen's own profile carries its serial number (Apple's `mmod` tag), and nothing else of ours needs one."""
    count = int.from_bytes(profile[128:132], "big")
    tags = {profile[132 + 12 * n : 136 + 12 * n] for n in range(min(count, 100))}
    return b"mmod" in tags


def _on_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


# ── cutting


def _kept_exif(said: Said) -> bytes:
    """EXIF that says who made it and whose it is; empty if there is nothing to say."""
    exif = Image.Exif()
    if said.creator:
        exif[_ARTIST] = said.creator
    if said.copyright:
        exif[_COPYRIGHT] = said.copyright
    return exif.tobytes() if len(exif) else b""


_JPEG_KEPT_APPS = (0xE0, 0xE2, 0xEE)  # JFIF, the colour profile, Adobe's colour transform


def _cut_jpeg(whole: bytes, exif: bytes) -> bytes:
    """Without APP1 (EXIF, XMP), APP13 (IPTC), other makers' segments, comments, and whatever follows the picture.

    A telephone puts a second picture and a film behind it, each with a place of its own; a progressive picture has segments
    between its scans too, where anything can be written.
    """
    out = bytearray(b"\xff\xd8")
    if exif:
        segment = exif if exif.startswith(b"Exif\x00\x00") else b"Exif\x00\x00" + exif
        out += b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    at, has_scan = 2, False
    while at + 4 <= len(whole):
        if whole[at] != 0xFF:
            raise NotAPicture(_("This JPEG is damaged."))
        marker = whole[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
        if marker == 0xDA:
            has_scan = True
            end = _end_of_scan(whole, end)
        if _is_kept(marker, whole[at + 4 : at + 15]):
            out += whole[at:end]
        at = end
    if not has_scan:
        raise NotAPicture(_("This JPEG ends before its picture begins."))
    return bytes(out) + b"\xff\xd9"


def _is_kept(marker: int, begins: bytes) -> bool:
    if marker == 0xE2:
        return begins == b"ICC_PROFILE"
    return marker in _JPEG_KEPT_APPS or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _end_of_scan(whole: bytes, at: int) -> int:
    """Where the next segment begins: in a scan, 0xFF stands only before 0x00 or a restart mark."""
    while (at := whole.find(b"\xff", at)) >= 0 and at + 1 < len(whole):
        if whole[at + 1] != 0 and not 0xD0 <= whole[at + 1] <= 0xD7:
            return at
        at += 2
    return len(whole)


_PNG_KEPT = (
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs"),
    *(b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"sBIT"),  # its colours
    *(b"acTL", b"fcTL", b"fdAT"),  # its movement
)


def _cut_png(whole: bytes) -> bytes:
    kept = b"".join(chunk for kind, chunk in _png_chunks(whole, 8) if kind in _PNG_KEPT)
    return whole[:8] + kept


def _png_chunks(whole: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 12 <= len(whole):
        length = int.from_bytes(whole[at : at + 4], "big")
        kind = whole[at + 4 : at + 8]
        yield kind, whole[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise NotAPicture(_("This PNG is cut short."))


_WEBP_KEPT = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")


def _cut_webp(whole: bytes) -> bytes:
    chunks, at = bytearray(), 12
    while at + 8 <= len(whole):
        kind, length = whole[at : at + 4], int.from_bytes(whole[at + 4 : at + 8], "little")
        chunk = bytearray(whole[at : at + 8 + length + (length & 1)])
        if kind == b"VP8X" and len(chunk) > 8:
            chunk[8] &= ~0x0C & 0xFF  # the flags that announce EXIF and XMP
        if kind in _WEBP_KEPT:
            chunks += chunk
        at += 8 + length + (length & 1)
    return b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WEBP" + bytes(chunks)


def _encoded_again(whole: bytes, kind: str) -> bytes:
    out = BytesIO()
    with Image.open(BytesIO(whole)) as image:
        options: dict[str, Any] = {"quality": 90} if kind == "AVIF" else {}
        if getattr(image, "n_frames", 1) > 1:
            options["save_all"] = True
        for said in ("exif", "xmp", "XML:com.adobe.xmp", "comment"):
            image.info.pop(said, None)
        image.save(out, format=kind, exif=b"", **options)
    return out.getvalue()
